"""A P wave without a QRS: what lies between two beats beside the P wave the patient's beats have.

Owns the search of one interval. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.shapes import N_P, P_BEFORE

#: The middle of a P wave is sought from this long after a QRS (below it lies the T wave) ...
_FROM_S = 0.42
#: ... to so long before the P wave of the next beat; half kernel samples (125 Hz), as the P window is.
_FREE_S = 0.20
_FS = KERNEL_FS_HZ // 2
_FIRST, _FREE = round(_FROM_S * _FS) - N_P // 2, round(_FREE_S * _FS)
#: Correlation with the patient's P wave, and size beside it (docs/experiments.md).
_ALIKE, _SMALLEST, _LARGEST = 0.8, 0.5, 1.6
#: A T wave may curve like a P wave, but the level changes across it and it goes on behind it: difference of the window's
#: ends, and scatter of the 0.1 s after it, beside the root mean square of the P wave.
_LEVEL_CHANGE, _AFTER, _N_AFTER = 3.0, 0.8, 12


@njit(cache=True)
def _scatter(signal_mv: Any, use: Any, column: int) -> float:
    """Mean square about its mean of the _N_AFTER half samples from `column` on, summed over the leads in use, mV^2."""
    total = 0.0
    for lead in range(signal_mv.shape[0]):
        if use[lead]:
            total += np.var(signal_mv[lead, column : column + 2 * _N_AFTER : 2])
    return total


@njit(cache=True)
def find_blocked_p(signal_mv: Any, valid: Any, before: int, at: int, p_mean: Any) -> float:
    """Looks for the patient's P wave between two beats.

    Args:
        signal_mv: float32 (n_leads, n), kernel rate.
        valid: bool, the same shape; a lead with a missing sample in between is not looked at.
        before, at: Columns of the fiducials of the beats.
        p_mean: float32 (n_leads, N_P), the mean P window, mV about its own line (ShapeState).

    Returns:
        Seconds from where the P window of the beat before lies to the one found; 0 where none is like it enough, or
        where the interval is too short to hold one.
    """
    first, end = before + 2 * _FIRST, at - P_BEFORE - 2 * _FREE
    if before < P_BEFORE or at > signal_mv.shape[1] or end <= first:
        return 0.0
    n_leads = signal_mv.shape[0]
    use = np.empty(n_leads, np.bool_)
    size = 1e-12
    for lead in range(n_leads):
        use[lead] = valid[lead, before:at].all()
        if use[lead]:
            for i in range(N_P):
                size += p_mean[lead, i] * p_mean[lead, i]
    window = np.empty(N_P)
    middle, scale = 0.5 * (N_P - 1), N_P * (N_P * N_P - 1) / 12.0
    best, found = _ALIKE, 0
    for column in range(first, end, 2):
        change = 0.0
        for lead in range(n_leads):
            if use[lead]:
                change += (signal_mv[lead, column] - signal_mv[lead, column + 2 * N_P - 1]) ** 2
        if change > _LEVEL_CHANGE * _LEVEL_CHANGE * size / N_P:
            continue
        both = own = 0.0
        for lead in range(n_leads):
            if not use[lead]:
                continue
            level = slope = 0.0
            for i in range(N_P):
                window[i] = 0.5 * (signal_mv[lead, column + 2 * i] + signal_mv[lead, column + 2 * i + 1])
                level += window[i] / N_P
            for i in range(N_P):
                slope += (i - middle) * window[i] / scale
            for i in range(N_P):
                value = window[i] - level - slope * (i - middle)
                own += value * value
                both += value * p_mean[lead, i]
        ratio = np.sqrt(own / size)
        if not _SMALLEST < ratio < _LARGEST or both <= best * np.sqrt(own * size):
            continue
        if _scatter(signal_mv, use, column + 2 * N_P) <= _AFTER * _AFTER * size / N_P:
            best, found = both / np.sqrt(own * size), column
    return (found - (before - P_BEFORE)) / KERNEL_FS_HZ if found else 0.0
