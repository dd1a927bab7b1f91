$ bsnc verify files/double.onnx files/tiny.bsn --budget flops=5k
