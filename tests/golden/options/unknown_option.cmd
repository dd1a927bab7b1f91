$ bsnc check x.bsn --jsn
