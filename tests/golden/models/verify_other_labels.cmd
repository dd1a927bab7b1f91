$ bsnc verify files/other_labels.onnx files/tiny.bsn --budget flops=3k
