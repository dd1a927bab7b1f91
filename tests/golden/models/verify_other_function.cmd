$ bsnc verify files/tanh.onnx files/tiny.bsn --budget flops=3k
