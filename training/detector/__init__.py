"""Training of the QRS detector's network: traces of candidates, labels, fitting, export."""
