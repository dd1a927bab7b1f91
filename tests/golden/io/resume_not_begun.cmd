$ bsnc train --resume files
