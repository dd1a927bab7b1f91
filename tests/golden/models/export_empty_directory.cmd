$ bsnc export files/empty_run
