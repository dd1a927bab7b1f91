$ bsnc verify files/run/model.onnx files/tiny.bsn --budget flops=90k --set channels=3
