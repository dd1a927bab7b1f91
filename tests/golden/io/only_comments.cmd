$ bsnc check files/only_comments.bsn
