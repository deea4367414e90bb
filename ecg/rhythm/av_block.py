"""Second-degree AV block: P waves without a QRS, every second one or now and then.

Owns the rule; the P waves are found by ecg.rhythm.blocked_p. Not called, for want of P waves that can be told apart from
the T wave: block above 50 bpm, and third degree, whose P waves run through QRS and T. First degree is a measurement (PR).
Pure; must not import the monitor.

Source: Kusumoto FM et al., 2018 ACC/AHA/HRS Guideline on bradycardia and cardiac conduction delay, Circulation 2019;140:
e382-e482, table 3 (second degree: P waves at a constant rate below 100 /min, some not conducted; 2:1: every second one).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.held import Held, last_beats
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import LONG_RR_S, Timeline

#: A P wave halves the interval, or comes when the rhythm before would have it, within this share.
_HALF_LOW, _HALF_HIGH, _ON_TIME = 0.40, 0.60, 0.15
#: 2:1: so many intervals in a row begin it, and keep it.
_BEGIN, _KEEP = 3, 2
#: Dropped beats: so many among P windows this alike (in fibrillation up to 0.5), within this time, s; the intervals before
#: say what is usual.
_STEADY, _DROPPED, _WITHIN_S, _USUAL = 0.6, 2, 30.0, 8


@dataclass(slots=True)
class SecondDegreeBlock:
    """Every second P wave blocked in three intervals in a row, or two blocked P waves in their time within 30 s."""

    code: ConditionCode = ConditionCode.AVB2
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        if now.is_paced:
            return None
        return self._every_second(now, active) or self._dropped(now, active)

    def _every_second(self, now: Timeline, active: bool) -> Held | None:
        beats = last_beats(now, _KEEP if active else _BEGIN)
        if len(beats) < 2 or not all(map(_halved, beats)):
            return None
        rate = 120.0 * len(beats) / sum(beat.rr_s for beat in beats)
        reason = f"every second P wave without QRS, atrial rate {rate:.0f}/min, ventricular {rate / 2:.0f}/min"
        return Held(beats[0].sample_before, reason, (Evidence("atrial rate", round(rate), "1/min"),))

    def _dropped(self, now: Timeline, active: bool) -> Held | None:
        if not active and not any(beat.blocked_s for beat in last_beats(now, now.fresh)):
            return None
        recent = now.now - round(_WITHIN_S * KERNEL_FS_HZ)
        beats = list(now.beats)
        missed = [
            beat
            for i, beat in enumerate(beats)
            if beat.blocked_s and beat.sample > recent and _in_time(beats[:i], beat)
        ]
        if len(missed) < (1 if active else _DROPPED):
            return None
        reason = f"{len(missed)} P wave{'s' if len(missed) > 1 else ''} without QRS in the last {_WITHIN_S:.0f} s"
        return Held(missed[0].sample_before, reason, (Evidence("blocked P waves", len(missed), "1"),))


def _halved(beat: SeenBeat) -> bool:
    return beat.rr_s >= LONG_RR_S and _HALF_LOW <= beat.blocked_s / beat.rr_s <= _HALF_HIGH


def _in_time(before: list[SeenBeat], beat: SeenBeat) -> bool:
    """Whether the blocked P wave came at the interval that the beats before it kept, among P waves that are steady."""
    if not beat.p_steady >= _STEADY:
        return False
    usual = [b.rr_s for b in before[-_USUAL:] if b.rr_s > 0 and not b.blocked_s and b.ventricular < 0.5]
    if len(usual) < 2:
        return False
    return abs(beat.blocked_s - float(np.median(usual))) <= _ON_TIME * float(np.median(usual))
