$ bsnc export files/other_version
