$ bsnc fmt files/tidy.bsn missing.bsn files
