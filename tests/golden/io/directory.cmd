$ bsnc check files
