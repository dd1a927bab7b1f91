$ bsnc train files/tiny.bsn -o new --budget flops=3k --set 'data.source=hub("uoft-cs/cifar10")'
