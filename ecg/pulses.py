"""Pacing pulses in the input: found by their shape and taken out before anything is filtered.

A pulse of a pacemaker, captured or not, is no heartbeat: counted as one, it hides a standstill. Monitors must disregard
pulses of 2 to 700 mV that last 0.1 to 2 ms (IEC 60601-2-27, through vendor manuals: the standard itself was not read).
Owns the limits and the compiled search. Must not import anything above ecg.
"""

from __future__ import annotations

from typing import Any

import numba

#: Longest pulse, s; and the least that is taken out, mV: below it the detector of beats is not misled.
PULSE_S, PULSE_MV = 0.002, 1.0
#: Before and after a pulse the signal moves by no more than this part of its height. A QRS is ten times as long: its
#: neighbouring samples share its slope.
_LEVEL = 0.25
#: Below this rate, Hz, a sample is too long to tell a pulse from the R wave of a newborn.
LEAST_FS_HZ = 200.0


def pulse_samples(fs_hz: float) -> int:
    """Samples that a pulse can fill, 0 where pulses are not looked for."""
    return int(PULSE_S * fs_hz) + 1 if fs_hz >= LEAST_FS_HZ else 0


@numba.njit(cache=True, nogil=True)
def take_out_pulses(level_mv: Any, first: int, end: int, width: int) -> int:
    """Replaces pulses that begin at first..end by the straight line between their neighbours.

    Args:
        level_mv: float32 (n,), changed in place; two samples before `first` and width + 1 from `end` on must be there.
        first, end: Columns to look at.
        width: Most samples of a pulse, from `pulse_samples`.

    Returns:
        How many pulses there were.
    """
    found = 0
    p = first
    while p < end:
        before = level_mv[p - 1]
        if abs(level_mv[p] - before) < PULSE_MV:  # nearly always
            p += 1
            continue
        height, after = level_mv[p] - before, 0
        for j in range(1, width + 1):
            if abs(level_mv[p + j] - before) <= _LEVEL * abs(height):
                after = p + j
                break
            if (level_mv[p + j] - before) * height < 0:
                break
            if abs(level_mv[p + j] - before) > abs(height):
                height = level_mv[p + j] - before
        most = _LEVEL * abs(height)
        if after and abs(before - level_mv[p - 2]) <= most and abs(level_mv[after + 1] - level_mv[after]) <= most:
            step = (level_mv[after] - before) / (after - p + 1)
            for q in range(p, after):
                level_mv[q] = before + (q - p + 1) * step
            found += 1
            p = after
        else:
            p += 1
    return found
