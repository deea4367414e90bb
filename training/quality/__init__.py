"""Fitting of the bedside quality measures: the network of muscle noise and electrode motion."""
