$ bsnc chekc x.bsn
