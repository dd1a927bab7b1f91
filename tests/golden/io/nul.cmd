$ bsnc check files/nul.bsn
