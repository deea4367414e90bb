"""The vigil command, one module a group."""
