$ bsnc new x --template mobil
