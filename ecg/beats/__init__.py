"""ECG kernel: beats."""
