"""A stretch of samples played once or round and round: what both the simulator and the replay deliver from.

Owns the position in the stretch. Must not read files nor make signals.
"""

from __future__ import annotations

import math

import numpy as np

from ecg.segments import Int16Array


class Loop:
    """Plays a stretch of samples in order.

    Args:
        samples: int16 (n_leads, n_samples); shared, never written.
        fs_hz: Sampling frequency.
        start_sample: Where in the stretch to begin.
        once: Stop at the end instead of starting over.

    Attributes:
        position: Samples delivered so far; the next one stands at (start_sample + position) of the stretch.
    """

    __slots__ = ("_length", "_once", "_samples", "_start", "fs_hz", "position")

    def __init__(self, samples: Int16Array, fs_hz: float, start_sample: int = 0, once: bool = False) -> None:
        self._samples = samples
        self._length = int(samples.shape[1])
        self._start = start_sample % self._length
        self._once = once
        self.fs_hz = fs_hz
        self.position = 0

    @property
    def ended(self) -> bool:
        """True when the stretch was to be played once and has been."""
        return self._once and self._start + self.position >= self._length

    def due(self, until_s: float) -> int:
        """Samples that may be taken by a time: no more than are left where played once."""
        n = math.floor(until_s * self.fs_hz + 1e-6) - self.position  # 1e-6: 3 * 0.1 s at 250 Hz is 75 samples, not 74
        return min(n, self._length - self._start - self.position) if self._once else n

    def take(self, n: int) -> Int16Array:
        """The next n samples, (n_leads, n); a view where they lie in one piece."""
        first = (self._start + self.position) % self._length
        self.position += n
        if first + n <= self._length:
            return self._samples[:, first : first + n]
        pieces = [self._samples[:, first:]]
        n -= self._length - first
        pieces += [self._samples] * (n // self._length)
        return np.concatenate([*pieces, self._samples[:, : n % self._length]], axis=1)
