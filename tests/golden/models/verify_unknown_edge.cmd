$ bsnc verify files/unknown_edge.onnx files/tiny.bsn --budget flops=3k
