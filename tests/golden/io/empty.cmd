$ bsnc check files/empty.bsn
