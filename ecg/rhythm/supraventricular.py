"""Supraventricular runs and tachycardia: narrow or usual beats that suddenly come early, or fast enough whatever came before.

Thresholds from the profile. Pure; must not import the monitor.

Source: run of 3 or more supraventricular beats: ANSI/AAMI EC57 as in `rxr`. Tachycardia of supraventricular origin: 5 or
more premature beats of dominant shape in a row, each 15 % early against the average interval and after less than 500 ms:
Spacelabs Multiview arrhythmia definitions (Ultraview command module, operations manual, table of events).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.rhythm.atrial import IntervalEvidence
from ecg.rhythm.held import Held, bpm_text, last_beats, rate_bpm
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Timeline

#: Once begun, a rate condition lasts until the rate is this far back inside the limit.
_BACK_INSIDE = 0.03
#: QRS up to this wide is narrow (0.12 s by every criterion; the measure here reads a little longer).
_NARROW_S = 0.13
#: The last intervals before a run say what is usual: so many, and how many of them must be known.
_BEFORE, _KNOWN = 16, 8
#: The first of a run is early against so many intervals just before it: sinus rhythm quickens step by step.
_JUST_BEFORE = 4
#: From these log odds of atrial fibrillation on no beat is early: there is nothing to be early against.
_IRREGULAR = 0.0


@dataclass(slots=True)
class SupraventricularTachycardia:
    """svt_beats or more faster than svt_bpm, or svt_early_beats or more that began suddenly; none of them ventricular."""

    intervals: IntervalEvidence
    code: ConditionCode = ConditionCode.SVT
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        if not now.beats or now.beats[-1].rr_s > 60.0 / profile.svt_early_bpm:
            return None
        run = early_run(list(now.beats), profile, self.intervals.log_odds)
        bpm = rate_bpm(run)
        if len(run) < profile.svt_early_beats or bpm is None:
            return _fast_beats(now, profile, active)
        reason = f"{len(run)} narrow beats suddenly at {bpm:.0f} bpm"
        return Held(run[0].sample, reason, (Evidence("heart rate", round(bpm, 1), "bpm"),))


@dataclass(slots=True)
class SupraventricularRun:
    """run_beats or more early beats in a row, too few for tachycardia; said when the beat after them has come."""

    intervals: IntervalEvidence
    code: ConditionCode = ConditionCode.SVE_RUN
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        limit_s = 60.0 / profile.svt_early_bpm
        for newest in range(now.fresh):  # each of the beats that came may be the one after a run
            if len(now.beats) < newest + 2 or now.beats[-1 - newest].rr_s <= limit_s:
                continue
            if not 0 < now.beats[-2 - newest].rr_s <= limit_s:
                continue
            run = early_run(list(now.beats)[: -1 - newest], profile, self.intervals.log_odds)
            bpm = rate_bpm(run)
            if profile.run_beats <= len(run) < profile.svt_early_beats and bpm is not None:
                reason = f"{len(run)} early narrow beats in a row at {bpm:.0f} bpm"
                return Held(run[0].sample, reason, (Evidence("supraventricular beats", len(run), "beats"),))
        return None


def early_run(beats: Sequence[SeenBeat], profile: RuleProfile, log_odds_af: float) -> list[SeenBeat]:
    """The early beats at the end, oldest first; empty where they are not suddenly early.

    Args:
        beats: Consecutive beats, oldest first.
        profile: Thresholds.
        log_odds_af: Of atrial fibrillation.
    """
    limit_s = 60.0 / profile.svt_early_bpm
    first = len(beats)
    while first > 0 and 0 < beats[first - 1].rr_s <= limit_s and _supraventricular(beats[first - 1]):
        first -= 1
    if first == len(beats) or log_odds_af > _IRREGULAR:
        return []
    before = [beat.rr_s for beat in beats[:first] if beat.rr_s > 0 and beat.ventricular < 0.5]
    if len(before) < _KNOWN:
        return []
    usual_s, last_s = float(np.median(before[-_BEFORE:])), float(np.median(before[-_JUST_BEFORE:]))
    run, early = list(beats[first:]), 1.0 - profile.svt_early_share
    if max(beat.rr_s for beat in run) > early * usual_s or run[0].rr_s > early * last_s:
        return []
    return run


def _fast_beats(now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
    beats = last_beats(now, profile.svt_beats)
    bpm = rate_bpm(beats)
    limit = profile.svt_bpm * (1.0 - (_BACK_INSIDE if active else 0.0))
    if len(beats) < profile.svt_beats or bpm is None or bpm <= limit or not all(map(_supraventricular, beats)):
        return None
    reason = f"narrow beats at {bpm_text(bpm, profile.svt_bpm)} > {profile.svt_bpm:g} bpm"
    return Held(beats[0].sample, reason, (Evidence("heart rate", round(bpm, 1), "bpm"),))


def _supraventricular(beat: SeenBeat) -> bool:
    return beat.ventricular < 0.5 and not beat.paced and (beat.width_s <= _NARROW_S or beat.likeness > 0.9)
