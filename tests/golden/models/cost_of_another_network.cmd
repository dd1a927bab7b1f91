$ bsnc cost files/tiny.bsn --set channels=3 --arch files/run/architecture.json
