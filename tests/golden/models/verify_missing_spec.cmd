$ bsnc verify files/run/model.onnx missing.bsn
