$ bsnc train files/tiny.bsn -o new --budget flops=3k --set train.epochs=5 --set train.fine_tune=0 --set "train.optimizer=sgd(lr=1e-9)"
