$ bsnc verify files/run/model.onnx files/tiny.bsn --budget "latency=50% of max"
