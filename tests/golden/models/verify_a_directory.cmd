$ bsnc verify files files/tiny.bsn
