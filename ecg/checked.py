"""What every public function of the kernel asks of an array before it computes: a real, finite-rate (n_leads, n_samples).

Pure; must not import anything above ecg.errors and ecg.segments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecg.errors import InvalidSignal
from ecg.segments import MAX_FS_HZ, MIN_FS_HZ


def checked_rate(fs_hz: float) -> float:
    """The sampling frequency, or a named refusal.

    Raises:
        InvalidSignal: Not a number, or outside what any ECG device has used.
    """
    if not (isinstance(fs_hz, int | float | np.number) and np.isfinite(fs_hz) and MIN_FS_HZ <= fs_hz <= MAX_FS_HZ):
        raise InvalidSignal(f"fs {fs_hz} Hz is not in [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}]")
    return float(fs_hz)


def checked_signal(signal_mv: ArrayLike, fs_hz: float) -> NDArray[np.float64]:
    """The signal as float64 (n_leads, n_samples) mV, NaN where missing, or a named refusal.

    Raises:
        InvalidSignal: Not real numbers, not two-dimensional, empty, infinite, or at an impossible rate.
    """
    given = np.asarray(signal_mv)
    if given.dtype.kind not in "fiu":
        raise InvalidSignal(f"a signal is made of real numbers, not of {given.dtype}")
    x = given.astype(np.float64)
    if x.ndim != 2 or x.shape[0] == 0 or x.shape[1] == 0:
        raise InvalidSignal(f"a signal is (n_leads, n_samples) and holds samples, not shape {x.shape}")
    checked_rate(fs_hz)
    if np.isinf(x).any():
        raise InvalidSignal("the signal holds infinite samples")
    return x


def checked_beats(beats: ArrayLike, n_samples: int) -> NDArray[np.float64]:
    """(n_beats,) sorted fiducials within a signal, or a named refusal.

    Raises:
        InvalidSignal: Not one row of numbers, or a beat outside the signal.
    """
    at = np.asarray(beats)
    if at.ndim != 1 or (at.size and at.dtype.kind not in "fiu"):
        raise InvalidSignal(f"beats are one row of samples, not {at.dtype} of shape {at.shape}")
    at = np.sort(at.astype(np.float64))
    if at.size and not (np.isfinite(at).all() and at[0] >= 0 and at[-1] < n_samples):
        raise InvalidSignal(f"a beat lies outside the window's {n_samples} samples")
    return at
