"""Quality of each lead, second by second, over the last four seconds.

Owns the compiled measures, their thresholds and the graded index. Must not import the detector's decision or the monitor.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.conditioning import STUCK, VALID
from ecg.quality.lead_quality import QualityProblem
from ecg.resample import KERNEL_FS_HZ

#: Seconds remembered, and judged together.
SECONDS = 4
#: Columns of a second's measures.
N_VALID, N_STUCK, LOW_MIN, LOW_MAX, LOW_SUM, RESIDUE_POWER, X_MAX, ENVELOPE_SUM, ENVELOPE_MAX, STEP_MAX = range(10)
N_MEASURES = 10

QUALITY_STATE = np.dtype(
    [
        ("now", "f8", (N_MEASURES,)),  # of the second that is under way
        ("past", "f8", (SECONDS, N_MEASURES)),  # ring of finished seconds
        ("n_seconds", "i8"),
        ("last_low", "f8"),
        ("index", "f4"),
        ("problems", "i4"),
    ],
    align=True,
)

#: Less activity than this over two seconds is no ECG, mV: a tenth of the smallest QRS a monitor must see
#: (0.15-0.5 mV, IEC 60601-2-27 through vendor manuals).
FLAT_MV = 0.03
#: Part of a second that may stand still before the amplifier counts as saturated.
STUCK_FRACTION = 0.15
#: Drift of the baseline within four seconds, mV.
WANDER_MV = 1.0
#: Root mean square above the kernel's band, mV, and as a part of the QRS envelope.
MUSCLE_MV, MUSCLE_RATIO = 0.06, 0.12
#: Mean envelope of a second as a part of its QRS: above this something other than QRS fills the band.
MOTION_RATIO = 0.45
#: Or half full of it while the detector cannot tell which humps are beats: so are 1 % of the seconds of 118 with `em` at 12 dB,
#: 87 % at 0 dB, and none of six clean records (100 119 208 203 200 105, ten minutes each).
MOTION_CLARITY, MOTION_DOUBT_RATIO = 0.7, 0.28
#: Swing of the conditioned signal, mV, that no QRS reaches.
MOTION_MV = 6.0

_LEAD_OFF, _MISSING, _FLAT = int(QualityProblem.LEAD_OFF), int(QualityProblem.MISSING), int(QualityProblem.FLAT)
_RAIL, _WANDER = int(QualityProblem.RAIL), int(QualityProblem.BASELINE_WANDER)
_MUSCLE, _MOTION = int(QualityProblem.MUSCLE_NOISE), int(QualityProblem.ELECTRODE_MOTION)


@numba.njit(cache=True, nogil=True)
def measure(state: Any, low: Any, x: Any, envelope: Any, residue: Any, flag: Any, start: int, stop: int) -> None:
    """Adds samples [start, stop) to the second under way.

    Args:
        state: One QUALITY_STATE record.
        low, x, envelope, residue, flag: (m,) of one lead; envelope may lag, it is only averaged.
    """
    now = state.now
    for i in range(start, stop):
        bits, v = flag[i], np.float64(low[i])
        if bits & VALID:
            if now[N_VALID] == 0:
                now[LOW_MIN] = now[LOW_MAX] = v
            now[N_VALID] += 1
            now[LOW_MIN], now[LOW_MAX] = min(now[LOW_MIN], v), max(now[LOW_MAX], v)
            now[LOW_SUM] += v
            now[RESIDUE_POWER] += residue[i] * residue[i]
            now[X_MAX] = max(now[X_MAX], abs(x[i]))
            now[STEP_MAX] = max(now[STEP_MAX], abs(v - state.last_low))
        if bits & STUCK:
            now[N_STUCK] += 1
        now[ENVELOPE_SUM] += envelope[i]
        now[ENVELOPE_MAX] = max(now[ENVELOPE_MAX], envelope[i])
        state.last_low = v


@numba.njit(cache=True, nogil=True)
def _soft(value: float, good: float, bad: float) -> float:
    """1 up to `good`, 0 from `bad` on, linear between."""
    return min(max((bad - value) / (bad - good), 0.0), 1.0)


@numba.njit(cache=True, nogil=True)
def close_second(state: Any, size_mv: float, clarity: float) -> None:
    """Ends the second under way and judges the last SECONDS of them.

    Args:
        state: One QUALITY_STATE record.
        size_mv: Typical QRS envelope of the lead, 0 where unknown.
        clarity: How sure the detector's verdicts on this lead are, 0 to 1.
    """
    state.past[state.n_seconds % SECONDS] = state.now
    last = state.now.copy()
    state.now[:] = 0
    state.n_seconds += 1
    n = min(state.n_seconds, SECONDS)
    fs = np.float64(KERNEL_FS_HZ)
    valid, stuck, floor, top, power = 0.0, 0.0, 0.0, 0.0, 0.0
    low_min, low_max, mean_min, mean_max = 1e9, -1e9, 1e9, -1e9
    for j in range(n):
        row = state.past[j]
        valid += row[N_VALID]
        stuck += row[N_STUCK]
        floor += row[ENVELOPE_SUM]
        top = max(top, row[ENVELOPE_MAX])
        power += row[RESIDUE_POWER]
        if row[N_VALID] > 0:
            mean = row[LOW_SUM] / row[N_VALID]
            low_min, low_max = min(low_min, row[LOW_MIN]), max(low_max, row[LOW_MAX])
            mean_min, mean_max = min(mean_min, mean), max(mean_max, mean)
    problems, index = 0, 1.0
    if last[N_VALID] == 0:
        state.index, state.problems = 0.0, _LEAD_OFF
        return
    missing = 1.0 - valid / (n * fs)
    swing = low_max - low_min
    if missing > 0.1:
        problems |= _MISSING
    index *= 1.0 - missing
    if swing < FLAT_MV:
        state.index, state.problems = 0.0, problems | _FLAT
        return
    if stuck > STUCK_FRACTION * valid:
        problems |= _RAIL
    index *= _soft(stuck / valid, 0.05, 2 * STUCK_FRACTION)
    if mean_max - mean_min > WANDER_MV:
        problems |= _WANDER
    index *= 0.5 + 0.5 * _soft(mean_max - mean_min, 0.5 * WANDER_MV, 3 * WANDER_MV)
    qrs = size_mv if size_mv > 0 else top
    rms = np.sqrt(power / valid)
    if rms > MUSCLE_MV and rms > MUSCLE_RATIO * qrs:
        problems |= _MUSCLE
    index *= _soft(rms / (qrs + 0.05), MUSCLE_RATIO, 6 * MUSCLE_RATIO)
    ratio = floor / (n * fs) / (qrs + 0.02)
    doubtful = clarity < MOTION_CLARITY and ratio > MOTION_DOUBT_RATIO
    if (top > 0.2 and (ratio > MOTION_RATIO or doubtful)) or last[X_MAX] > MOTION_MV:
        problems |= _MOTION
    if doubtful:
        index *= 0.5 + 0.5 * clarity / MOTION_CLARITY
    index *= _soft(ratio, 0.5 * MOTION_RATIO, 2 * MOTION_RATIO) * _soft(last[X_MAX], 0.7 * MOTION_MV, 2 * MOTION_MV)
    state.index, state.problems = index, problems
