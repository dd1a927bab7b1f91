$ bsnc verify files/no_metadata.onnx files/tiny.bsn --budget flops=3k
