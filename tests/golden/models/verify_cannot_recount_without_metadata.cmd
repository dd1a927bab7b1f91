$ bsnc verify files/no_metadata.onnx files/tiny.bsn --budget "flops(count = veniat2018)=5k"
