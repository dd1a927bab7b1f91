$ bsnc export files/run -o files/tiny.bsn/model.onnx
