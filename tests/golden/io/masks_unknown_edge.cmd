$ bsnc cost files/good.bsn --masks files/unknown_edge.json
