"""Training of the beat classifier: beats of MIT-BIH DS1 as the kernel finds them, cross-validation, export."""
