$ bsnc train files/good.bsn -o files
