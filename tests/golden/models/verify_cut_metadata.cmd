$ bsnc verify files/cut_metadata.onnx files/tiny.bsn
