"""ECG kernel: measurements."""
