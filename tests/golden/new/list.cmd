$ bsnc new --list
