"""Training, evaluation, export and promotion of the models. Imports everything; imported by nothing but deploy."""
