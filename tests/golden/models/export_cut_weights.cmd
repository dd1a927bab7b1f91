$ bsnc export files/cut_weights
