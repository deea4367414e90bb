"""The screening encoder: readers, network, training, export."""
