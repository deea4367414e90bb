"""Training of the delineation network (ecg.delineation)."""
