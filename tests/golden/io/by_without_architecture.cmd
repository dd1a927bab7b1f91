$ bsnc cost files/good.bsn --by flops
