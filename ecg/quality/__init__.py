"""ECG kernel: quality."""
