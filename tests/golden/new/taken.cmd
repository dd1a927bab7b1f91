$ bsnc new files/taken
