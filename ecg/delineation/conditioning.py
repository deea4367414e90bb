"""What the delineator sees: leads at 250 Hz, baseline removed, scaled to their own size, with a common activity channel.

Owns the one way from millivolts to the network's input; training and running share it. Pure; must not import the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, resample_poly, sosfiltfilt

from ecg.checked import checked_signal
from ecg.errors import InvalidSignal

FloatArray = NDArray[np.float32]

#: Rate of the network.
FS_HZ = 250
#: Drift goes, P and T stay: the limit IEC 60601-2-25 and AHA 2007 allow for zero-phase filters is 0.67 Hz.
_HIGHPASS = butter(2, 0.5, "highpass", fs=FS_HZ, output="sos")
#: More than this is not an ECG (rails of a saturated amplifier included), mV.
MAX_ABS_MV = 50.0
#: A lead whose typical second spans less than this is flat, mV.
FLAT_MV = 0.02
#: Shorter windows hold no beat with its P and T.
MIN_DURATION_S = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Conditioned:
    """A window ready for the network.

    Attributes:
        leads: float32 (n_leads, n) at FS_HZ, baseline removed, in units of the lead's typical span; 0 where unusable.
        usable: bool (n_leads,), False for a lead that is missing, flat or railed throughout.
        valid: bool (n_leads, n), False where there was no sample.
        scale_mv: (n_leads,) the typical span of a second, mV.
        n_input: Samples of the window it was made from.
        fs_hz: Sampling frequency of that window.
    """

    leads: FloatArray
    usable: NDArray[np.bool_]
    valid: NDArray[np.bool_]
    scale_mv: NDArray[np.float64]
    n_input: int
    fs_hz: float


def at_rate(x: NDArray[np.float64], fs_hz: float, to_hz: float) -> NDArray[np.float64]:
    """Resamples (n_leads, n) without NaN by a polyphase filter; the ends are held, not pulled to zero."""
    ratio = Fraction(to_hz / fs_hz).limit_denominator(1000)
    if ratio == 1:
        return x
    y: NDArray[np.float64] = resample_poly(x, ratio.numerator, ratio.denominator, axis=-1, padtype="line")
    return y


def fill_gaps(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Bridges NaN by straight lines (0 where a lead has nothing); returns the copy and where samples were."""
    valid = np.isfinite(x) & (np.abs(x) < MAX_ABS_MV)
    if valid.all():
        return x, valid
    filled = np.where(valid, x, 0.0)
    position = np.arange(x.shape[1])
    for row in np.flatnonzero(~valid.all(axis=1)):
        if valid[row].any():
            filled[row] = np.interp(position, position[valid[row]], x[row, valid[row]])
    return filled, valid


def typical_span(x: NDArray[np.float64], fs_hz: float) -> NDArray[np.float64]:
    """(n_leads,) median over seconds of the peak-to-peak within the second."""
    n = max(1, round(fs_hz))
    chunks = max(1, x.shape[1] // n)
    whole = x[:, : chunks * n].reshape(x.shape[0], chunks, -1)
    span: NDArray[np.float64] = np.median(np.ptp(whole, axis=2), axis=1)
    return span


def condition(signal_mv: NDArray[np.floating], fs_hz: float) -> Conditioned:
    """Prepares a window.

    Args:
        signal_mv: (n_leads, n_samples) mV, NaN where missing.
        fs_hz: Sampling frequency.

    Returns:
        The window at FS_HZ, ready for the network.

    Raises:
        InvalidSignal: See `ecg.checked`; or shorter than MIN_DURATION_S.
    """
    x = checked_signal(signal_mv, fs_hz)
    if x.shape[1] < MIN_DURATION_S * fs_hz:
        raise InvalidSignal(f"{x.shape[1] / fs_hz:.2f} s is too short to delineate; {MIN_DURATION_S} s wanted")
    filled, valid_in = fill_gaps(x)
    y = at_rate(filled, fs_hz, FS_HZ)
    nearest = np.minimum((np.arange(y.shape[1]) * (fs_hz / FS_HZ)).astype(np.int64), x.shape[1] - 1)
    valid = valid_in[:, nearest]
    y = sosfiltfilt(_HIGHPASS, y, axis=-1, padlen=min(y.shape[1] - 1, FS_HZ))
    y[~valid] = 0.0
    scale = typical_span(y, FS_HZ)
    usable = (scale >= FLAT_MV) & (valid.mean(axis=1) >= 0.5)
    leads = np.where(usable[:, None], y / np.maximum(scale, FLAT_MV)[:, None], 0.0).astype(np.float32)
    return Conditioned(leads, usable, valid, scale, x.shape[1], fs_hz)


def activity(leads: FloatArray, usable: NDArray[np.bool_]) -> FloatArray:
    """(n,) root mean square over the usable leads: the network's second input, equal to |lead| where there is one."""
    if not usable.any():
        return np.zeros(leads.shape[1], np.float32)
    rms: FloatArray = np.sqrt(np.mean(leads[usable] ** 2, axis=0, dtype=np.float32)).astype(np.float32)
    return rms
