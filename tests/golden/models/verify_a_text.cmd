$ bsnc verify files/tiny.bsn files/tiny.bsn
