$ bsnc train --resume files/stopped
