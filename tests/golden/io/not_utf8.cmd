$ bsnc check files/latin1.bsn
