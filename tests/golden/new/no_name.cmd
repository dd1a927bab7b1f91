$ bsnc new
