$ bsnc check missing.bsn
