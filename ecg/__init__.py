"""The shared kernel: signals, windows, beats, rules, measurements, verifier. Pure: no I/O, no clock, no framework."""
