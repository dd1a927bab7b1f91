$ bsnc cost files/good.bsn --masks files/half.json
