$ bsnc cost files/good.bsn --masks files/fixed.json
