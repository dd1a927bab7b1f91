$ bsnc cost files/tiny.bsn --arch files/run/architecture.json
