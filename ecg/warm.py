"""Compiles the kernel's compiled functions, so that the first second of a service or a test does not wait for it.

`python -m ecg.warm` fills numba's cache on disk. Must not be imported by the kernel itself.
"""

from __future__ import annotations

import numpy as np

from ecg.monitor import Monitor
from ecg.segments import Lead, Segment


def main() -> None:
    """Runs a short signal through every compiled path."""
    rng = np.random.default_rng(0)
    monitor = Monitor()
    for seq in range(6):
        samples = rng.integers(-200, 200, (1, 250), dtype=np.int16)
        monitor.step([Segment("warm", 0, seq, 250 * seq, 250.0, 0, (Lead("II"),), samples)])


if __name__ == "__main__":
    main()
