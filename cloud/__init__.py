"""Cloud: the reasoner service and the console."""
