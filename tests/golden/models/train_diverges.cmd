$ bsnc train files/tiny.bsn -o new --budget flops=3k --set "train.optimizer=sgd(lr=1e30)"
