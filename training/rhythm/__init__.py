"""Training of the rhythm rules' two small networks, and the truth both training and evaluation read."""
