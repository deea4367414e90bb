"""Rules of rate that are not lethal: bradycardia, tachycardia, pause, PVCs per minute.

Thresholds from the profile. Pure; must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.held import Held, bpm_text, last_beats, rate_bpm
from ecg.rhythm.timeline import Timeline

#: Once begun, a rate condition lasts until the rate is this far back inside the limit.
_BACK_INSIDE = 0.03
_MINUTE = 60 * KERNEL_FS_HZ


def _rate_evidence(bpm: float) -> tuple[Evidence, ...]:
    return (Evidence("heart rate", round(bpm, 1), "bpm"),)


@dataclass(slots=True)
class Bradycardia:
    """Heart rate below brady_bpm over rate_beats beats."""

    code: ConditionCode = ConditionCode.BRADY
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        beats = last_beats(now, profile.rate_beats)
        bpm = rate_bpm(beats)
        limit = profile.brady_bpm * (1.0 + (_BACK_INSIDE if active else 0.0))
        if len(beats) < profile.rate_beats or bpm is None or bpm >= limit:
            return None
        reason = f"HR {bpm_text(bpm, profile.brady_bpm)} < {profile.brady_bpm:g} bpm"
        return Held(beats[0].sample, reason, _rate_evidence(bpm))


@dataclass(slots=True)
class Tachycardia:
    """Heart rate above tachy_bpm over rate_beats beats."""

    code: ConditionCode = ConditionCode.TACHY
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        beats = last_beats(now, profile.rate_beats)
        bpm = rate_bpm(beats)
        limit = profile.tachy_bpm * (1.0 - (_BACK_INSIDE if active else 0.0))
        if len(beats) < profile.rate_beats or bpm is None or bpm <= limit:
            return None
        reason = f"HR {bpm_text(bpm, profile.tachy_bpm)} > {profile.tachy_bpm:g} bpm"
        return Held(beats[0].sample, reason, _rate_evidence(bpm))


@dataclass(slots=True)
class Pause:
    """No QRS for at least pause_s; asystole has its own rule."""

    code: ConditionCode = ConditionCode.PAUSE
    on_beats: bool = False

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        if not now.beats or now.wave.n_leads == 0:
            return None
        seconds, onset = now.silence_s(), now.silent_from
        if now.fresh:
            longest = max(last_beats(now, now.fresh), key=lambda beat: beat.rr_s)
            if longest.rr_s > seconds:
                seconds, onset = longest.rr_s, longest.sample - round(longest.rr_s * KERNEL_FS_HZ)
        if seconds < profile.pause_s or now.wave.malignant > 0:
            return None
        reason = f"no QRS for {seconds:.1f} s, limit {profile.pause_s:g} s"
        return Held(onset, reason, (Evidence("pause", round(seconds, 2), "s"),))


@dataclass(slots=True)
class PvcRate:
    """More than pvc_per_min ventricular beats in the last minute."""

    code: ConditionCode = ConditionCode.PVC_RATE
    on_beats: bool = True

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        if now.ectopy.count("V") <= profile.pvc_per_min - 2:  # of the beats remembered, however old
            return None
        recent = [beat for beat in now.beats if beat.ectopic and beat.sample > now.now - _MINUTE]
        if len(recent) <= profile.pvc_per_min - (2 if active else 0):
            return None
        reason = f"{len(recent)} ventricular beats in the last minute > {profile.pvc_per_min}"
        return Held(recent[0].sample, reason, (Evidence("ventricular beats per minute", len(recent), "/min"),))
