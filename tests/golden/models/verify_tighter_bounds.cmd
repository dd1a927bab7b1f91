$ bsnc verify files/tighter_bounds.onnx files/tiny.bsn --budget flops=3k --budget memory=9KiB
