$ bsnc verify files/run/model.onnx files/tiny.bsn --budget flops=3k --budget params=1k
