$ bsnc new nowhere/at_all
