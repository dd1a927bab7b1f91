$ bsnc train --resume files/finished --seed 3
