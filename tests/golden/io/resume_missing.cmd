$ bsnc train --resume missing
