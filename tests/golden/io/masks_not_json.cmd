$ bsnc cost files/good.bsn --masks files/good.bsn
