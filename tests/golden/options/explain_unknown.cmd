$ bsnc explain BSN999
