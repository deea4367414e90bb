"""The local stack, the vigil command, containers and set-up; may import every other folder."""
