"""ECG kernel: verifier."""
