$ bsnc fmt - files/tidy.bsn
