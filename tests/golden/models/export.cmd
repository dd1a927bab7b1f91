$ bsnc export files/run -o again.onnx
