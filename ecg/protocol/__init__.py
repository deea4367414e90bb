"""ECG kernel: protocol."""
