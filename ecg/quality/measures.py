"""Quality of each lead, second by second, over the last four seconds.

Owns the compiled measures, their thresholds and the graded index. Must not import the detector's decision or the monitor.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.conditioning import STUCK, VALID
from ecg.quality.lead_quality import QualityProblem
from ecg.quality.noise import (
    BLOCK,
    BLOCK_ENVELOPE,
    BLOCK_LEVEL,
    BLOCK_RESIDUE,
    BLOCK_VALID,
    N_BLOCKS,
    N_FEATURES,
    close_block,
    noise_features,
    readable_share,
)
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.tiny_net import forward

#: Seconds remembered, and judged together.
SECONDS = 4
#: Columns of a second's measures.
N_VALID, N_STUCK, LOW_MIN, LOW_MAX, LOW_SUM, RESIDUE_POWER, X_MAX, ENVELOPE_SUM, ENVELOPE_MAX = range(9)
N_MEASURES = 9

QUALITY_STATE = np.dtype(
    [
        ("now", "f8", (N_MEASURES,)),  # of the second that is under way
        ("past", "f8", (SECONDS, N_MEASURES)),  # ring of finished seconds
        ("n_seconds", "i8"),
        ("block", "f8", (4,)),  # sums of the 0.1 s under way
        ("blocks", "f4", (N_BLOCKS, 3)),  # ring of finished ones
        ("n_blocks", "i8"),
        ("features", "f4", (1, N_FEATURES)),  # of the last second, 0 where it could not be judged; training reads them
        ("level_mv", "f8"),  # where the lead lives, mV: running mean of seconds that move
        ("lived", "i8"),  # seconds it was learned from
        ("open_input", "i4"),  # at a rail or humming, no ECG: its electrode may be off
        ("index", "f4"),
        (
            "trust",
            "f4",
        ),  # the index without the network's word of noise alone: what detector and rules weigh the lead by
        ("problems", "i4"),
    ],
    align=True,
)

#: Less activity than this over two seconds is no ECG, mV: a tenth of the smallest QRS a monitor must see
#: (0.15-0.5 mV, IEC 60601-2-27 through vendor manuals).
FLAT_MV = 0.03
#: The level where a lead lives is the mean of about so many of its last seconds.
LEVEL_SECONDS = 20
#: Part of a second that may stand still before the amplifier counts as saturated.
STUCK_FRACTION = 0.15
#: A lead that stands still so far from where it lived, mV, is at a rail and not flat: monitors take in at least +-5 mV
#: (IEC 60601-2-27 through vendor manuals), and no wave but an R wave at the moment of standing still reaches this far.
RAIL_STEP_MV = 3.0
#: Part of the samples that stand still when the whole signal does.
STILL_FRACTION = 0.9
#: Mains and noise above the band on a flat line, mV rms: an input that is open, as no electrode holds it.
HUM_MV = 0.03
#: How much of it reaches the band (the resampling low-pass at 50 Hz), peak to peak per rms.
HUM_LEAK = 0.15
#: Drift of the baseline within four seconds, mV; less is named where it is larger than the QRS: WANDER_RATIO of the QRS
#: envelope, from WANDER_LEAST_MV on. Fitted on mitdb DS1 with the first two thirds of nstdb's `bw` (docs/experiments.md).
WANDER_MV = 1.0
WANDER_RATIO, WANDER_LEAST_MV = 1.5, 0.3
#: Root mean square above the kernel's band as a part of the QRS envelope: the index falls from here on.
MUSCLE_RATIO = 0.12
#: Mean envelope of a second as a part of its QRS: above this something other than QRS fills the band.
MOTION_RATIO = 0.45
#: Or half full of it while the detector cannot tell which humps are beats: so are 1 % of the seconds of 118 with `em` at 12 dB,
#: 87 % at 0 dB, and none of six clean records (100 119 208 203 200 105, ten minutes each).
MOTION_CLARITY, MOTION_DOUBT_RATIO = 0.7, 0.28
#: Electrode motion is not named in a lead whose largest envelope, mV, is below this: a line that is nearly flat.
MOTION_LEAST_MV = 0.2
#: Swing of the conditioned signal, mV, that no QRS reaches.
MOTION_MV = 6.0

#: A lead of this index carries an ECG (the ladder's limit of noise).
ALIVE_INDEX = 0.25

_LEAD_OFF, _MISSING, _FLAT = int(QualityProblem.LEAD_OFF), int(QualityProblem.MISSING), int(QualityProblem.FLAT)
_RAIL, _WANDER = int(QualityProblem.RAIL), int(QualityProblem.BASELINE_WANDER)
_MUSCLE, _MOTION = int(QualityProblem.MUSCLE_NOISE), int(QualityProblem.ELECTRODE_MOTION)


@numba.njit(cache=True, nogil=True)
def measure(
    state: Any, low: Any, x: Any, envelope: Any, residue: Any, flag: Any, start: int, stop: int, first_k: int
) -> None:
    """Adds samples [start, stop) to the second under way.

    Args:
        state: One QUALITY_STATE record.
        low, x, envelope, residue, flag: (m,) of one lead; envelope may lag, it is only averaged.
        first_k: Kernel sample of element 0.
    """
    now, block = state.now, state.block
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
            block[BLOCK_VALID] += 1
            block[BLOCK_LEVEL] += v
            block[BLOCK_RESIDUE] += residue[i] * residue[i]
            block[BLOCK_ENVELOPE] += envelope[i]
        if bits & STUCK:
            now[N_STUCK] += 1
        now[ENVELOPE_SUM] += envelope[i]
        now[ENVELOPE_MAX] = max(now[ENVELOPE_MAX], envelope[i])
        if (first_k + i + 1) % BLOCK == 0:
            close_block(block, state.blocks, state.n_blocks)
            state.n_blocks += 1


@numba.njit(cache=True, nogil=True)
def _soft(value: float, good: float, bad: float) -> float:
    """1 up to `good`, 0 from `bad` on, linear between."""
    return min(max((bad - value) / (bad - good), 0.0), 1.0)


@numba.njit(cache=True, nogil=True)
def close_second(state: Any, size_mv: float, clarity: float, noise: Any) -> None:
    """Ends the second under way and judges the last SECONDS of them.

    Args:
        state: One QUALITY_STATE record.
        size_mv: Typical QRS envelope of the lead, 0 where unknown.
        clarity: How sure the detector's verdicts on this lead are, 0 to 1.
        noise: NoiseModel.
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
    state.open_input = 0
    state.features[:] = 0
    if last[N_VALID] == 0:
        state.index, state.trust, state.problems = 0.0, 0.0, _LEAD_OFF
        return
    missing = 1.0 - valid / (n * fs)
    swing = low_max - low_min
    if missing > 0.1:
        problems |= _MISSING
    index *= 1.0 - missing
    rms = np.sqrt(power / valid)
    still = last[N_STUCK] > STILL_FRACTION * last[N_VALID]
    away = state.lived > 0 and abs(last[LOW_SUM] / last[N_VALID] - state.level_mv) > RAIL_STEP_MV
    if swing < FLAT_MV or (swing < HUM_LEAK * rms and rms > HUM_MV):
        state.open_input = (still and away) or rms > HUM_MV
        state.index, state.trust, state.problems = 0.0, 0.0, problems | (_RAIL if still and away else _FLAT)
        return
    if not still:
        state.lived = min(state.lived + 1, LEVEL_SECONDS)
        state.level_mv += (last[LOW_SUM] / last[N_VALID] - state.level_mv) / state.lived
    if still and not away:
        problems |= _FLAT  # it has not stood still long enough to be nothing else
    elif stuck > STUCK_FRACTION * valid:
        problems |= _RAIL
    index *= _soft(stuck / valid, 0.05, 2 * STUCK_FRACTION)
    drift, readable = mean_max - mean_min, 1.0
    qrs = size_mv if size_mv > 0 else top
    if drift > WANDER_MV or (drift > WANDER_LEAST_MV and drift > WANDER_RATIO * qrs):
        problems |= _WANDER
    index *= 0.5 + 0.5 * _soft(drift, 0.5 * WANDER_MV, 3 * WANDER_MV)
    judged = noise_features(state.blocks, state.n_blocks, (qrs, rms, top, drift, clarity), state.features[0])
    if judged:
        odds = forward(state.features, noise.named)
        if odds[0, 0] > noise.limit[0]:
            problems |= _MUSCLE
        if odds[0, 1] > noise.limit[1] and top > MOTION_LEAST_MV:
            problems |= _MOTION
        readable = readable_share(state.features, noise)
    index *= _soft(rms / (qrs + 0.05), MUSCLE_RATIO, 6 * MUSCLE_RATIO)
    if last[X_MAX] > MOTION_MV:
        problems |= _MOTION
    swing_share = _soft(last[X_MAX], 0.7 * MOTION_MV, 2 * MOTION_MV)
    # Noise and fibrillation fill the QRS band alike: detector and rules trust the lead less, what is shown asks the network.
    ratio, trust = floor / (n * fs) / (qrs + 0.02), index
    if clarity < MOTION_CLARITY and ratio > MOTION_DOUBT_RATIO:
        trust *= 0.5 + 0.5 * clarity / MOTION_CLARITY
    trust *= _soft(ratio, 0.5 * MOTION_RATIO, 2 * MOTION_RATIO) * swing_share
    state.index, state.trust, state.problems = min(index * swing_share, readable) if judged else trust, trust, problems


@numba.njit(cache=True, nogil=True)
def call_open_inputs(states: Any) -> None:
    """An input without ECG, at a rail or humming, while another lead of the stream is alive: its electrode is off.

    Where no lead is alive the patient may be without a heartbeat: nothing is called off then.

    Args:
        states: (n_leads,) QUALITY_STATE records whose second has just been closed.
    """
    alive = False
    for row in range(states.shape[0]):
        alive |= states[row].trust >= ALIVE_INDEX
    if alive:
        for row in range(states.shape[0]):
            if states[row].open_input:
                states[row].problems |= _LEAD_OFF
