$ bsnc cost files/good.bsn --masks files/object.json
