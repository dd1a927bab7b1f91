$ bsnc train files/tiny.bsn -o new --log tensorboard
