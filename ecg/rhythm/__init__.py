"""ECG kernel: rhythm."""
