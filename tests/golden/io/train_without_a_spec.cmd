$ bsnc train
