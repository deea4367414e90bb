"""Paced beats by their shape: out of a flat line an abrupt corner, the pacing pulse, then a broad slow complex.

Owns the measure of one beat. The pulse itself lasts 0.5 to 2 ms and is not in a signal of 250 to 500 Hz and 40 Hz band;
what is left of it is the corner. Right ventricular activation outside the conduction system makes the complex broad.
Pure; must not import the rules or the monitor.

Source: spikes and left bundle branch like complexes of right ventricular pacing: Surawicz B, Knilans TK, Chou's
Electrocardiography in Clinical Practice, 6th ed., ch. 26. Limits fitted on mitdb and PTB-XL (docs/experiments.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

#: Looked at: from 0.36 s before the fiducial to 0.4 s after; the steepest slope is sought from 0.18 s before to 0.2 s after.
PACED_BEFORE, PACED_AFTER = 90, 100
_SEEK_FROM, _SEEK_TO = PACED_BEFORE - 45, PACED_BEFORE + 50
#: Slopes below this share of the steepest end the complex, and begin it going back.
_END_SHARE, _BEGIN_SHARE = 0.12, 0.15
#: The complex lasts at least this long after its steepest slope (samples of 4 ms), ...
_LONG = 28
#: ... slopes 48 to 160 ms after it are at least this share of it: a broad complex or a T wave of its size, ...
_LATE_FROM, _LATE_TO, _LATE_SHARE = 12, 40, 0.28
#: ... the 90 ms before the onset are this flat beside the whole, ...
_FLAT_BEFORE, _FLAT_SHARE = 22, 0.08
#: ... and the slope changes within 16 ms, near onset and steepest slope, by this share of it, none being against it before.
_CORNER_SHARE, _AGAINST_SHARE = 0.75, 0.3
_AGAINST_BEFORE, _NEAR = 8, 4


@njit(cache=True)
def is_paced(signal_mv: Any, at: int) -> bool:
    """Whether the beat at column `at` is shaped as paced in some lead.

    Args:
        signal_mv: float32 (n_leads, n), conditioned, kernel rate.
        at: Column of the fiducial; False nearer to an end than PACED_BEFORE or PACED_AFTER.
    """
    if at < PACED_BEFORE or at + PACED_AFTER > signal_mv.shape[1]:
        return False
    paced = False
    for lead in range(signal_mv.shape[0]):
        paced = paced or _paced_in(signal_mv[lead, at - PACED_BEFORE : at + PACED_AFTER])
    return paced


@njit(cache=True)
def _paced_in(wave: Any) -> bool:
    """The same for one lead's float32 (PACED_BEFORE + PACED_AFTER,)."""
    slope = np.zeros(wave.size, np.float32)  # at sample i, per sample
    for i in range(1, wave.size - 1):
        slope[i] = 0.5 * (wave[i + 1] - wave[i - 1])
    k = _SEEK_FROM
    for i in range(_SEEK_FROM, _SEEK_TO):
        if abs(slope[i]) > abs(slope[k]):
            k = i
    top = abs(slope[k])
    if top <= 0:
        return False
    last = k
    late = np.float32(0.0)
    for i in range(k, min(k + 50, wave.size - 1)):
        if abs(slope[i]) > _END_SHARE * top:
            last = i
        if _LATE_FROM <= i - k < _LATE_TO:
            late = max(late, abs(slope[i]))
    if last - k < _LONG or late < _LATE_SHARE * top:
        return False
    sign = 1.0 if slope[k] > 0 else -1.0
    for i in range(k - _AGAINST_BEFORE, k):
        if -sign * slope[i] > _AGAINST_SHARE * top:
            return False
    onset = k
    while onset > 1 and abs(slope[onset]) > _BEGIN_SHARE * top:
        onset -= 1
    before = wave[max(onset - _FLAT_BEFORE, 0) : onset + 1]
    whole = wave[_SEEK_FROM:]
    if before.max() - before.min() > _FLAT_SHARE * (whole.max() - whole.min()):
        return False
    corner = np.float32(0.0)
    for i in range(max(onset - _NEAR, 2), min(k + _NEAR, wave.size - 3) + 1):
        corner = max(corner, 0.5 * abs(wave[i + 2] - 2 * wave[i] + wave[i - 2]))
    return bool(corner >= _CORNER_SHARE * top)
