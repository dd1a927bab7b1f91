$ bsnc train files/good.bsn -o files/empty.bsn/run
