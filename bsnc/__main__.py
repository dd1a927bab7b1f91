"""`python -m bsnc`."""

from bsnc.cli import main

main()
