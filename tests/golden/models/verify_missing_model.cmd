$ bsnc verify missing.onnx files/tiny.bsn
