$ bsnc check files/good.bsn missing.bsn files/only_comments.bsn
