"""`python -m wespe.cli`, where the command is not on the path."""

from wespe.cli import main

main()
