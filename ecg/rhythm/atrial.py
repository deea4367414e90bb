"""Atrial fibrillation: irregular intervals without a pattern, and no P wave that stays.

Owns the features of the interval network and the rule. Pure; must not import the monitor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.rhythm.held import Held, last_beats
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Timeline
from ecg.rhythm.tiny_net import TinyNet, forward

AF_FEATURES = ("log_irregularity", "share_alike", "lag_one_correlation", "p_wave")
#: Irregularity: intervals are compared with those 1 to 4 beats before, so that bigeminy and block patterns are regular.
_MAX_LAG = 4
#: Intervals this much of the middle one apart are alike.
_ALIKE = 0.04
#: Below this irregularity the rhythm is regular whatever the P wave.
_REGULAR = 0.025
#: The network is asked again after so many beats.
_EVERY = 3
#: Log odds at which atrial fibrillation begins and ends; of a grid on mitdb (docs/experiments.md).
_BEGIN, _END = 1.0, -1.0
#: P windows this alike are P waves before every beat: no fibrillation, however irregular; to begin it less is enough.
_STEADY, _MAYBE_STEADY = 0.7, 0.6
_LONGEST_S, _SPAN_S = 3.0, 90.0
_NEVER = -9.0
_LEAST = 0.005
#: With this share of paced beats the intervals are the pacemaker's.
_PACED_SHARE = 0.7


@njit(cache=True)
def af_features(rr_s: Any, p_wave: Any) -> Any:
    """Features of consecutive sinus or atrial intervals.

    Args:
        rr_s: float64 (n,), intervals, s, those next to ventricular beats left out.
        p_wave: float64 (n,), P_WAVE of the beats, NaN where not measured.

    Returns:
        float32 (1, 4), AF_FEATURES.
    """
    n = rr_s.size
    middle, mean = np.median(rr_s), rr_s.mean()
    least = 1e9
    for lag in range(1, _MAX_LAG + 1):
        least = min(least, np.median(np.abs(rr_s[lag:] - rr_s[:-lag])))
    alike = 0
    for i in range(n):
        for j in range(n):
            alike += abs(rr_s[i] - rr_s[j]) < _ALIKE * middle
    ahead = whole = 1e-9
    for i in range(n):
        whole += (rr_s[i] - mean) ** 2
        if i:
            ahead += (rr_s[i] - mean) * (rr_s[i - 1] - mean)
    total, known = 0.0, 0
    for p in p_wave:
        if not np.isnan(p):
            total += p
            known += 1
    out = np.empty((1, 4), np.float32)
    out[0, 0] = np.log(least / middle + _LEAST)
    out[0, 1] = alike / (n * n)
    out[0, 2] = ahead / whole
    out[0, 3] = total / known if known else 0.0
    return out


def own_intervals(
    beats: list[SeenBeat], n: int
) -> tuple[list[SeenBeat], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The last n beats whose interval has no ventricular beat at either end, oldest first, with rr_s and p_wave; fewer if
    there are fewer."""
    kept: list[SeenBeat] = []
    for i in range(len(beats) - 1, 0, -1):
        beat = beats[i]
        if beat.ventricular < 0.5 and beats[i - 1].ventricular < 0.5 and 0 < beat.rr_s < _LONGEST_S:
            kept.append(beat)
            if len(kept) == n:
                break
    kept.reverse()
    return kept, np.array([beat.rr_s for beat in kept]), np.array([beat.p_wave for beat in kept])


@dataclass(slots=True)
class IntervalEvidence:
    """What the intervals say of atrial fibrillation; moved when beats came, before the rule looks.

    Attributes:
        log_odds: At the last time the network was asked.
        irregularity: Middle difference of intervals beside the middle interval, the best of the lags.
        onset: Kernel sample of the first beat it looked at.
        p_steady: Of the last beat that has one.
    """

    log_odds: float = _NEVER
    irregularity: float = 0.0
    onset: int = 0
    p_steady: float = 0.0
    _since: int = 0

    def move(self, now: Timeline, profile: RuleProfile, net: TinyNet) -> None:
        """Takes in this moment's beats."""
        if now.broken:
            self.log_odds, self._since = _NEVER, 0
        for beat in last_beats(now, now.fresh):
            if beat.p_steady == beat.p_steady:
                self.p_steady = beat.p_steady
        self._since += now.fresh
        if self._since < _EVERY:
            return
        self._since = 0
        kept, rr_s, p_wave = own_intervals(list(now.beats), profile.af_beats)
        paced = sum(beat.paced for beat in kept)
        self.log_odds = _NEVER
        if len(kept) < profile.af_beats or rr_s.sum() > _SPAN_S or paced > _PACED_SHARE * len(kept):
            return
        found = af_features(rr_s, p_wave)
        self.irregularity, self.onset = math.exp(float(found[0, 0])) - _LEAST, kept[0].sample
        if self.irregularity > _REGULAR:
            self.log_odds = float(forward(found, net)[0, 0])


@dataclass(slots=True)
class AtrialFibrillation:
    """Irregularly irregular intervals over af_beats beats, as judged by the interval network."""

    intervals: IntervalEvidence
    code: ConditionCode = ConditionCode.AFIB
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        seen = self.intervals
        if seen.log_odds < (_END if active else _BEGIN) or seen.p_steady >= (_STEADY if active else _MAYBE_STEADY):
            return None
        reason = f"intervals irregular by {100 * seen.irregularity:.0f} % without steady P waves"
        evidence = (
            Evidence("irregularity", round(seen.irregularity, 3), "1"),
            Evidence("log odds of AF", round(seen.log_odds, 2), "1"),
        )
        return Held(seen.onset, reason, evidence)
