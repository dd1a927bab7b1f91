$ bsnc check
