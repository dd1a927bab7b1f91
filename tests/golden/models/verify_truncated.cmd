$ bsnc verify files/truncated.onnx files/tiny.bsn
