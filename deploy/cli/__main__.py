"""`python -m deploy.cli`: the command `vigil`, where it is not on the path."""

from deploy.cli import main

main(prog_name="vigil")
