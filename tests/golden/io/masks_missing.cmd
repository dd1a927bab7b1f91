$ bsnc cost files/good.bsn --masks missing.json
