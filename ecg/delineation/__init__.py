"""ECG kernel: where each wave of each beat begins, peaks and ends."""
