$ bsnc cost files/good.bsn --arch files/unknown_live.json
