$ bsnc check files/binary.bsn
