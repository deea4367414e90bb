"""Compiled measures of waveform pieces: likeness, width, slope, energy, alignment. Owns no state and no decision."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.beats.classifier_state import ALIGN, FIDUCIAL, QRS_FROM, QRS_LEN

_FAST = {"reassoc", "contract", "nsz"}
_HALF_LEN = QRS_LEN // 2
_f4 = np.float32


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def correlation(a: Any, b: Any) -> Any:
    """Pearson's, of two pieces of equal length; 0 where one is flat."""
    n = a.shape[0]
    mean_a, mean_b = _f4(0), _f4(0)
    for i in range(n):
        mean_a += a[i]
        mean_b += b[i]
    mean_a /= _f4(n)
    mean_b /= _f4(n)
    aa, bb, ab = _f4(1e-9), _f4(1e-9), _f4(0)
    for i in range(n):
        u, v = a[i] - mean_a, b[i] - mean_b
        aa += u * u
        bb += v * v
        ab += u * v
    return ab / np.sqrt(aa * bb)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def norm(a: Any) -> Any:
    """Root of the energy about the mean, mV."""
    n = a.shape[0]
    mean, total = _f4(0), _f4(1e-12)
    for i in range(n):
        mean += a[i]
    mean /= _f4(n)
    for i in range(n):
        total += (a[i] - mean) * (a[i] - mean)
    return np.sqrt(total)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def residual(a: Any, b: Any) -> Any:
    """Norm of the difference of two pieces, each about its mean."""
    n = a.shape[0]
    shift, total = _f4(0), _f4(0)
    for i in range(n):
        shift += a[i] - b[i]
    shift /= _f4(n)
    for i in range(n):
        d = a[i] - b[i] - shift
        total += d * d
    return np.sqrt(total)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def mean_of(a: Any) -> Any:
    """Mean in mV."""
    total = _f4(0)
    for i in range(a.shape[0]):
        total += a[i]
    return total / _f4(a.shape[0])


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def energy(a: Any) -> Any:
    """Sum of squares."""
    total = _f4(0)
    for i in range(a.shape[0]):
        total += a[i] * a[i]
    return total


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def dot(a: Any, b: Any) -> Any:
    """Sum of products."""
    total = _f4(0)
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def detrend(a: Any, out: Any) -> None:
    """Writes a less its least-squares line to out."""
    n = a.shape[0]
    mean = mean_of(a)
    centre = _f4(0.5 * (n - 1))
    rise, spread = _f4(0), _f4(0)
    for i in range(n):
        u = _f4(i) - centre
        rise += u * (a[i] - mean)
        spread += u * u
    slope = rise / spread
    for i in range(n):
        out[i] = a[i] - mean - slope * (_f4(i) - centre)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def spread_of_slope(a: Any) -> Any:
    """Width of a QRS as the spread in time of its squared slope, samples: smooth where a threshold would jump."""
    total, centre, spread = _f4(1e-12), _f4(0), _f4(0)
    for i in range(1, a.shape[0]):
        d = (a[i] - a[i - 1]) * (a[i] - a[i - 1])
        total += d
        centre += d * _f4(i)
    centre /= total
    for i in range(1, a.shape[0]):
        d = (a[i] - a[i - 1]) * (a[i] - a[i - 1])
        spread += d * (_f4(i) - centre) * (_f4(i) - centre)
    return np.sqrt(spread / total) + _f4(0.5)


@numba.njit(cache=True, nogil=True)
def steep_length(a: Any) -> Any:
    """Samples between the first and last slope above a sixth of the steepest."""
    steepest = _f4(0)
    for i in range(1, a.shape[0]):
        steepest = max(steepest, abs(a[i] - a[i - 1]))
    first, last = -1, -1
    for i in range(1, a.shape[0]):
        if abs(a[i] - a[i - 1]) > steepest / _f4(6):
            if first < 0:
                first = i
            last = i
    return _f4(last - first + 1)


@numba.njit(cache=True, nogil=True)
def steepest(a: Any) -> Any:
    """Largest change over two samples, mV."""
    most = _f4(1e-6)
    for i in range(2, a.shape[0]):
        most = max(most, abs(a[i] - a[i - 2]))
    return most


@numba.njit(cache=True, nogil=True)
def clip(value: Any, low: float, high: float) -> Any:
    """Value within [low, high], float32."""
    return _f4(min(max(value, _f4(low)), _f4(high)))


@numba.njit(cache=True, nogil=True)
def log_ratio(a: Any, b: Any, most: float) -> Any:
    """Log of a / b within +-most."""
    return clip(np.log((a + _f4(1e-6)) / (b + _f4(1e-6))), -most, most)


@numba.njit(cache=True, nogil=True)
def lead_scale(lead: Any) -> Any:
    """Weight of a lead's energy: its quality per usual energy, so that no lead shouts the others down."""
    return (lead.quality + _f4(0.05)) / (lead.scale * lead.scale + _f4(1e-9))


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def align(leads: Any, wave: Any, shape: int) -> Any:
    """Best likeness of a beat's QRS with a remembered shape, all leads together, and the shift where it is.

    Likeness is 2 x.y / (x.x + y.y): 1 for the same shape of the same size, less where either differs.
    """
    best, where = _f4(-2), 0
    for shift in range(-ALIGN, ALIGN + 1):
        top, bottom = _f4(0), _f4(1e-9)
        for row in range(wave.shape[0]):
            x = wave[row, FIDUCIAL + QRS_FROM + shift : FIDUCIAL + QRS_FROM + shift + QRS_LEN]
            y = leads[row].shape[shape, FIDUCIAL + QRS_FROM : FIDUCIAL + QRS_FROM + QRS_LEN]
            sx, sy, xx, yy, xy = _f4(0), _f4(0), _f4(0), _f4(0), _f4(0)
            for i in range(0, QRS_LEN, 2):  # 125 Hz carries a QRS
                u, v = x[i], y[i]
                sx += u
                sy += v
                xx += u * u
                yy += v * v
                xy += u * v
            weight = lead_scale(leads[row])
            top += weight * _f4(2) * (xy - sx * sy / _f4(_HALF_LEN))
            bottom += weight * (xx - sx * sx / _f4(_HALF_LEN) + yy - sy * sy / _f4(_HALF_LEN))
        likeness = top / bottom
        if likeness > best:
            best, where = likeness, shift
    return best, where
