"""Pulses of a pulsatile channel (plethysmogram, arterial pressure): their onsets, and which alarms a steady pulse denies.

Owns the detector (slope-sum function) and what its pulses deny. A bed without such a channel is watched by its ECG
alone: no pulses deny nothing. What is denied may be downgraded only, see ecg.alarm_cycle. Pure; must not import the monitor.
Source: Zong W et al., Comput Cardiol 2003;30:259-262 (detector); Clifford GD et al., Comput Cardiol 2015;42:273-276
(pulses against false alarms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from ecg.conditions import ConditionCode
from ecg.profiles import RuleProfile

FloatArray = npt.NDArray[np.float64]

#: Zong 2003: length of the slope sum and blanking after an onset, s.
SLOPE_SUM_S, BLANK_S = 0.128, 0.3
#: Share of the usual height that makes a pulse: 0.6 in Zong 2003; breathing takes more than that from a plethysmogram.
_SHARE = 0.4
#: Zong 2003: without a pulse for this long (s) the threshold comes down, in the same time again to the least share of it.
_PATIENCE_S, _LEAST = 2.5, 0.1
#: First seconds of a channel, from which the first threshold is taken (Zong 2003: three times the mean slope sum).
_LEARN_S, _FIRST = 8.0, 3.0
#: Share of a new pulse's height in the usual height, and how many usual heights it counts for at most: movement is higher.
_UPDATE, _HIGHEST = 0.25, 2.0
#: The slope sum's top lies within this of the crossing, s.
_TOP_S = 0.15
#: Low-pass before the slope: mean of this long, twice (-3 dB near 12 Hz), s.
_SMOOTH_S = 0.024
#: A pulse is steady if for so long (s) each interval is within this ratio of the median either way, no pulse is lower than
#: this share of the median height, and none is missing at either end. Chosen on cinc2015, docs/experiments.md.
STEADY_S, _INTERVAL_RATIO, _LEAST_HEIGHT = 16.0, 1.25, 0.5
_PULSES = 5
#: A pulse comes later than its QRS, and is known later: the last may be missing for this share of an interval more.
_TRANSIT = 0.7
#: A steady pulse denies a rate that is at least this share of the limit away from it.
_CLEAR = 0.1


@dataclass(frozen=True, slots=True)
class Pulses:
    """Pulses of one channel.

    Attributes:
        onset_s: Their onsets, s since the channel's first sample, rising.
        height: Top of each one's slope sum, in the channel's units; only ratios mean anything.
    """

    onset_s: FloatArray
    height: FloatArray


def slope_sum(wave: FloatArray, fs_hz: float) -> FloatArray:
    """Sum of the rises of the smoothed wave over the last SLOPE_SUM_S, same shape; causal.

    Args:
        wave: (n,), any unit, NaN where there is no sample: nothing rises there.
        fs_hz: Sampling frequency, Hz.
    """
    known = np.isfinite(wave)
    if not known.any():
        return np.zeros(wave.size)
    held = np.where(known, wave, 0.0)[np.maximum.accumulate(np.where(known, np.arange(wave.size), np.argmax(known)))]
    for _ in range(2):
        held = _mean_of_last(held, max(1, round(_SMOOTH_S * fs_hz)))
    rise = np.maximum(np.diff(held, prepend=held[0]), 0.0)
    n = max(1, round(SLOPE_SUM_S * fs_hz))
    return _mean_of_last(rise, n) * n


def find_pulses(wave: FloatArray, fs_hz: float) -> Pulses:
    """Onsets of the pulses of a channel; an onset is known 0.15 s after it, and nothing later changes it.

    Args:
        wave: float64 (n,), any unit, NaN where there is no sample.
        fs_hz: Sampling frequency, Hz.

    Returns:
        Pulses; none while the first 8 s are learned from.
    """
    at, height = _scan(slope_sum(wave, fs_hz), fs_hz)
    return Pulses(at / fs_hz, height)


def _mean_of_last(x: FloatArray, n: int) -> FloatArray:
    total = np.cumsum(np.concatenate((np.full(n, x[0]), x)))
    mean: FloatArray = (total[n:] - total[:-n]) / n
    return mean


@njit(cache=True)
def _scan(ssf: Any, fs_hz: float) -> Any:
    """Crossings of the adaptive threshold: sample indices and heights."""
    learn, top, blank = round(_LEARN_S * fs_hz), round(_TOP_S * fs_hz), round(BLANK_S * fs_hz)
    at, height = np.zeros(ssf.size), np.zeros(ssf.size)
    n = 0
    if ssf.size <= learn + top:
        return at[:0], height[:0]
    usual = _FIRST * np.mean(ssf[:learn])
    last = learn
    i = learn
    while i < ssf.size - top:
        waited_s = (i - last) / fs_hz
        share = _SHARE * max(_LEAST, 1.0 - max(0.0, waited_s - _PATIENCE_S) / _PATIENCE_S)
        if ssf[i] > share * usual > 0 and ssf[i - 1] <= share * usual:
            at[n], height[n] = i, np.max(ssf[i : i + top])
            usual += _UPDATE * (min(height[n], _HIGHEST * usual) - usual)
            last = i
            n += 1
            i += blank
        else:
            i += 1
    return at[:n], height[:n]


def steady_intervals_s(pulses: Pulses, now_s: float) -> FloatArray | None:
    """Intervals of the last STEADY_S, float64 (n,), s; None where the pulse is not steady or not seen throughout.

    Args:
        pulses: Of one channel.
        now_s: The moment, s since the channel's first sample; pulses after it are not looked at.
    """
    seen = (pulses.onset_s > now_s - STEADY_S - BLANK_S) & (pulses.onset_s <= now_s)
    onset_s, height = pulses.onset_s[seen], pulses.height[seen]
    if onset_s.size < _PULSES:
        return None
    interval_s: FloatArray = np.diff(onset_s)
    median_s = float(np.median(interval_s))
    if onset_s[0] > now_s - STEADY_S + median_s or onset_s[-1] < now_s - (1.0 + _TRANSIT) * median_s:
        return None
    even = interval_s.max() <= _INTERVAL_RATIO * median_s and interval_s.min() >= median_s / _INTERVAL_RATIO
    return interval_s if even and height.min() >= _LEAST_HEIGHT * np.median(height) else None


def denied(pulses: Pulses, now_s: float, profile: RuleProfile) -> frozenset[ConditionCode]:
    """Conditions of rate that cannot have been in the last STEADY_S seconds, as the heart was beating steadily otherwise.

    Asystole and fibrillation are not among them: no pulse speaks against those two (CLINICAL.md section 5).

    Args:
        pulses: Of one channel.
        now_s: The moment, s since the channel's first sample.
        profile: Thresholds of the rules.
    """
    interval_s = steady_intervals_s(pulses, now_s)
    if interval_s is None:
        return frozenset()
    slowest, fastest = 60.0 / float(interval_s.max()), 60.0 / float(interval_s.min())
    usual = 60.0 / float(np.median(interval_s))
    codes = {
        ConditionCode.EBR: slowest > (1.0 + _CLEAR) * profile.extreme_brady_bpm,
        ConditionCode.ETC: fastest < profile.extreme_tachy_bpm and usual < (1.0 - _CLEAR) * profile.extreme_tachy_bpm,
        ConditionCode.VTA: usual < (1.0 - _CLEAR) * profile.vt_bpm,
    }
    return frozenset(code for code, no in codes.items() if no)
