"""Patterns of ventricular beats: couplet, run, idioventricular rhythm, bigeminy, trigeminy.

Thresholds from the profile; patterns as EC57 and the telemetry monitors define them (CLINICAL.md section 2). They count the
beats that a nurse sees drawn as ventricular; the lethal rules have their own measure. Pure; must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.rhythm.held import Held, last_beats, rate_bpm, ventricular_run
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Timeline


@dataclass(slots=True)
class Couplet:
    """Two ventricular beats in a row between others; said when the beat after them has come."""

    code: ConditionCode = ConditionCode.COUPLET
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        at = now.ectopy[-3 - now.fresh :].rfind("NVVN")
        if at < 0:
            return None
        beats = last_beats(now, 3 + now.fresh)
        bpm = rate_bpm(beats[at + 1 : at + 3]) or 0.0
        reason = f"2 ventricular beats in a row at {bpm:.0f} bpm"
        return Held(beats[at + 1].sample, reason, (Evidence("ventricular beats", 2, "beats"),))


def _mostly_ectopic(run: list[SeenBeat]) -> bool:
    """Whether more than half of a run is shown as ventricular: else it is the patient's own block or aberrance."""
    return 2 * sum(beat.ectopic for beat in run) > len(run)


@dataclass(slots=True)
class Run:
    """run_beats or more ventricular beats in a row above vt_bpm, too few for ventricular tachycardia."""

    code: ConditionCode = ConditionCode.RUN
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        run = ventricular_run(now)
        bpm = rate_bpm(run)
        if not profile.run_beats <= len(run) < profile.vt_beats or bpm is None or bpm <= profile.vt_bpm:
            return None
        if not _mostly_ectopic(run):
            return None
        reason = f"{len(run)} ventricular beats in a row at {bpm:.0f} bpm"
        return Held(run[0].sample, reason, (Evidence("ventricular beats", len(run), "beats"),))


@dataclass(slots=True)
class Idioventricular:
    """aivr_beats or more ventricular beats in a row, faster than aivr_bpm but not than vt_bpm, not paced."""

    code: ConditionCode = ConditionCode.AIVR
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        run = ventricular_run(now)
        bpm = rate_bpm(run)
        if len(run) < profile.aivr_beats or bpm is None or not profile.aivr_bpm <= bpm <= profile.vt_bpm:
            return None
        if not _mostly_ectopic(run):
            return None
        if now.is_paced or 2 * sum(beat.paced for beat in run) > len(run):
            return None
        reason = f"{len(run)} ventricular beats in a row at {bpm:.0f} <= {profile.vt_bpm:g} bpm"
        evidence = (Evidence("ventricular beats", len(run), "beats"), Evidence("rate", round(bpm, 1), "bpm"))
        return Held(run[0].sample, reason, evidence)


@dataclass(slots=True)
class Cycles:
    """A ventricular beat, not paced, at every second (bigeminy) or third (trigeminy) place, `cycles` times in a row."""

    code: ConditionCode
    period: int
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        unit = "N" * (self.period - 1) + "V"
        wanted = unit * (profile.cycles if not active else profile.cycles - 1)
        n = len(wanted) + self.period - 1  # the last cycle may be under way
        at = now.ectopy[-n:].find(wanted)
        if at < 0:
            return None
        beats = last_beats(now, n)
        ectopic = beats[at : at + len(wanted)][self.period - 1 :: self.period]
        if 2 * sum(beat.paced for beat in ectopic) > len(ectopic):
            return None
        reason = f"every {'second' if self.period == 2 else 'third'} beat ventricular, {profile.cycles} times or more"
        return Held(beats[at].sample, reason, (Evidence("cycles", profile.cycles, "1"),))
