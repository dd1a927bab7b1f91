$ bsnc train --resume files/scratched
