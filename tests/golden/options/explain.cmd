$ bsnc explain bsn214
