$ bsnc train x.bsn --seed -1
