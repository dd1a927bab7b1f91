$ bsnc train --resume files/finished
