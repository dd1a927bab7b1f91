$ bsnc verify files/run/model.onnx files/tiny.bsn
