$ bsnc train files/tiny.bsn -o new --budget flops=3k
