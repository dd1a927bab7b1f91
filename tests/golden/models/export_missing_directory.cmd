$ bsnc export nowhere
