"""Atrial flutter: atrial activity of one steady rate, through a changing conduction or in a fixed ratio to the beats.

Owns when the waveform is asked and the rule. Pure; must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.atrial import IntervalEvidence
from ecg.rhythm.flutter_wave import BEAT_RATE, HALVES, QUARTERS, RATE, SHARE, WINDOW_S, look_for_flutter
from ecg.rhythm.held import Held
from ecg.rhythm.timeline import Timeline

_WINDOW = WINDOW_S * KERNEL_FS_HZ
#: The waveform is asked every two seconds.
_EVERY = 2 * KERNEL_FS_HZ
#: The average beat reaches this far out of the window, kernel samples.
_OUTSIDE = KERNEL_FS_HZ // 4
#: Changing intervals may hide flutter from these log odds of atrial fibrillation on, or from so many beats a second.
_MAY_HIDE, _FAST = -1.0, 1.6
#: Share of the power one rate explains, agreement of half cycles: fitted on mitdb and PTB-XL (docs/experiments.md).
_SHARE, _SHARE_KEPT = 0.4, 0.3
_AGREEMENT = {2: 0.8, 4: 0.9}
#: Looks in a row that begin and end it, and how far their rates may lie apart.
_BEGIN, _END, _STEADY = 2, 2, 0.05


@dataclass(slots=True)
class FlutterEvidence:
    """What the waveform says of flutter; moved at every moment, before the rule looks.

    Attributes:
        hits, misses: Looks in a row that found flutter of one rate, or none.
        rate_bpm: Of the atria, at the last look that found it; 0 before.
        ratio: Atrial to ventricular beats where it is fixed; 0 where it changes.
        strength: Share of the power, or agreement of the parts of the cycle.
        onset: Kernel sample where the first of the hits' windows began.
    """

    hits: int = 0
    misses: int = 0
    rate_bpm: float = 0.0
    ratio: int = 0
    strength: float = 0.0
    onset: int = 0

    def move(self, now: Timeline, intervals: IntervalEvidence, is_on: bool) -> None:
        """Looks at the window every two seconds.

        Args:
            now: The stream up to this moment.
            intervals: Of this moment.
            is_on: Whether flutter is on: less is needed to keep it than to begin it.
        """
        if now.broken:
            self.hits = self.misses = 0
        if now.now % _EVERY or not now.usable:
            return
        found = self._ask(now, intervals, is_on)
        if found is None:
            self.hits, self.misses = 0, self.misses + 1
            return
        rate, ratio, strength = found
        if self.hits and abs(rate - self.rate_bpm) > _STEADY * self.rate_bpm:
            self.hits = 0
        if not self.hits and (not is_on or self.misses >= _END):
            self.onset = now.beats_known_to - _WINDOW
        self.hits, self.misses = self.hits + 1, 0
        self.rate_bpm, self.ratio, self.strength = rate, ratio, strength

    def _ask(self, now: Timeline, intervals: IntervalEvidence, is_on: bool) -> tuple[float, int, float] | None:
        """Atrial rate, ratio and strength in the window; None without flutter."""
        if now.wave.malignant > 0:
            return None
        seen = now.recent(_WINDOW)
        if seen is None:
            return None
        first = now.beats_known_to - _WINDOW
        beats = [beat for beat in now.beats if beat.sample > first - _OUTSIDE]
        if any(beat.ventricular >= 0.5 for beat in beats):
            return None
        at = np.array([beat.sample - first for beat in beats], np.int64)
        through = intervals.log_odds >= _MAY_HIDE or len(beats) > _FAST * WINDOW_S
        made = look_for_flutter(*seen, at, through).tolist()
        if made[SHARE] >= (_SHARE_KEPT if is_on else _SHARE):
            return made[RATE], 0, made[SHARE]
        for ratio, agreement in ((2, made[HALVES]), (4, made[QUARTERS])):
            if agreement >= _AGREEMENT[ratio]:
                return ratio * made[BEAT_RATE], ratio, agreement
        return None


@dataclass(slots=True)
class AtrialFlutter:
    """Atrial activity at one steady rate of 235 to 380 /min in two looks in a row, until two find none."""

    flutter: FlutterEvidence
    code: ConditionCode = ConditionCode.AFLT
    on_beats: bool = False

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        seen = self.flutter
        if seen.misses >= _END or (seen.hits < _BEGIN and not active) or not seen.rate_bpm or now.broken:
            return None
        conduction = f"{seen.ratio}:1" if seen.ratio else "variable conduction"
        evidence = (
            Evidence("atrial rate", round(seen.rate_bpm), "1/min"),
            Evidence("strength of flutter waves", round(seen.strength, 2), "1"),
        )
        return Held(seen.onset, f"atrial rate {round(seen.rate_bpm, -1):.0f}/min, {conduction}", evidence)
