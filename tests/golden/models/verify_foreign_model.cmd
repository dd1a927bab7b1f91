$ bsnc verify files/foreign.onnx files/tiny.bsn --budget flops=3k
