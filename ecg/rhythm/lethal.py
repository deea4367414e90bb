"""The five lethal rules: asystole, extreme bradycardia and tachycardia, ventricular tachycardia and fibrillation.

Definitions: PhysioNet/CinC 2015 (CLINICAL.md section 2), thresholds from the profile. What is tuned here (evidence
limits, smoothing) was chosen on out-of-fold predictions, see docs/experiments.md. Pure; must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.conditioning import KERNEL_FS_HZ
from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.rhythm.held import Held, last_beats, rate_bpm, ventricular_run
from ecg.rhythm.timeline import Timeline

#: Asystole is not called while the signal holds slopes like a QRS: beats are being missed or noise hides them.
QUIET_SLOPE_RATIO = 0.6
#: With no beat seen since the signal came, the detector may still be learning: asystole waits this much longer, s.
LEARNING_S = 4.0
#: Share of a new second in the smoothed evidence, and its limits: one window cannot outweigh the others.
_SMOOTH, _LIMIT = 0.5, 4.0
#: Smoothed log odds at which a malignant waveform begins and ends.
BEGIN, END = 1.0, -1.0
#: Beats like the usual one in the window speak against fibrillation by this much.
_USUAL_BEATS, _VETO = 3, 4.0
#: An RR up to this much over the mean of its neighbours' doubles is a beat missed, not a slow one.
_MISSED = 1.6


@dataclass(slots=True)
class Asystole:
    """No QRS for at least asystole_s on a signal that could show one."""

    code: ConditionCode = ConditionCode.ASY

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        silence_s = now.silence_s()
        wanted_s = profile.asystole_s if now.beats else profile.asystole_s + LEARNING_S
        if silence_s < wanted_s or now.wave.n_leads == 0:
            return None
        quiet = now.wave.slope_ratio < QUIET_SLOPE_RATIO and now.wave.malignant < 0
        if not (quiet or active):
            return None
        onset = max(now.clear_from, now.beats[-1].sample if now.beats else 0)
        reason = f"no QRS for {silence_s:.1f} s, limit {profile.asystole_s:g} s"
        return Held(onset, reason, (Evidence("time without QRS", round(silence_s, 2), "s"),))


@dataclass(slots=True)
class ExtremeBradycardia:
    """Heart rate below extreme_brady_bpm over extreme_brady_beats beats."""

    code: ConditionCode = ConditionCode.EBR

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        n = profile.extreme_brady_beats
        beats = last_beats(now, n)
        bpm = rate_bpm(beats)
        if bpm is None or len(beats) < n or bpm >= profile.extreme_brady_bpm:
            return None
        reason = f"HR {bpm:.0f} < {profile.extreme_brady_bpm:g} bpm for {n} beats"
        return Held(beats[0].sample, reason, (Evidence("heart rate", round(bpm, 1), "bpm"),))


@dataclass(slots=True)
class ExtremeTachycardia:
    """Heart rate above extreme_tachy_bpm over extreme_tachy_beats beats, by the mean and by the middle interval."""

    code: ConditionCode = ConditionCode.ETC

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        n = profile.extreme_tachy_beats
        beats = last_beats(now, n)
        if len(beats) < n or now.silence_s() > 3.0:
            return None
        bpm = rate_bpm(beats)
        if bpm is None or bpm <= profile.extreme_tachy_bpm:
            return None
        reason = f"HR {bpm:.0f} > {profile.extreme_tachy_bpm:g} bpm for {n} beats"
        return Held(beats[0].sample, reason, (Evidence("heart rate", round(bpm, 1), "bpm"),))


@dataclass(slots=True)
class MalignantWave:
    """The smoothed evidence both ventricular rules share; moved once per second, before they look.

    Attributes:
        malignant: Smoothed log odds of VF or VT against anything else.
        fibrillation: Smoothed log odds of VF against VT while malignant.
        on: Between BEGIN and END.
        onset: Kernel sample where the malignant waveform began.
    """

    malignant: float = -_LIMIT
    fibrillation: float = 0.0
    on: bool = False
    onset: int = 0

    def move(self, now: Timeline) -> None:
        """Takes in this second's window."""
        if now.wave.n_leads == 0:
            self.forget()
            return
        odds = now.wave.malignant - (_VETO if self._usual_beats(now) else 0.0)
        odds = min(max(odds, -_LIMIT), _LIMIT)
        self.malignant += _SMOOTH * (odds - self.malignant)
        kind = min(max(now.wave.fibrillation, -_LIMIT), _LIMIT)
        self.fibrillation += _SMOOTH * (kind - self.fibrillation)
        if not self.on and self.malignant > BEGIN:
            self.on = True
            self.onset = now.second - 5 * KERNEL_FS_HZ
            self.fibrillation = kind
        elif self.on and self.malignant < END:
            self.on = False

    def forget(self) -> None:
        """Nothing is known of the waveform."""
        self.malignant, self.fibrillation, self.on = -_LIMIT, 0.0, False

    @staticmethod
    def _usual_beats(now: Timeline) -> bool:
        recent = [beat for beat in now.beats if beat.sample > now.second - 4 * KERNEL_FS_HZ]
        usual = sum(beat.likeness >= 0.9 and beat.ventricular < 0.5 and beat.rr_s > 0.4 for beat in recent)
        return usual >= _USUAL_BEATS and usual >= 0.6 * len(recent)


@dataclass(slots=True)
class VentricularFibrillation:
    """A fibrillatory, flutter or oscillatory waveform for at least vf_s (the length of the window)."""

    wave: MalignantWave
    code: ConditionCode = ConditionCode.VFB

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        if not self.wave.on or self.wave.fibrillation < (-1.0 if active else 0.0):
            return None
        seconds = (now.second - self.wave.onset) / KERNEL_FS_HZ
        if seconds < profile.vf_s:
            return None
        hz = now.wave.dominant_hz
        reason = f"fibrillatory waveform for {seconds:.0f} s, {hz:.1f} Hz"
        evidence = (
            Evidence("dominant frequency", round(hz, 2), "Hz"),
            Evidence("log odds of VF or VT", round(self.wave.malignant, 2), "1"),
        )
        return Held(self.wave.onset, reason, evidence)


@dataclass(slots=True)
class VentricularTachycardia:
    """vt_beats or more ventricular beats in a row above vt_bpm, or the waveform of a ventricular tachycardia."""

    wave: MalignantWave
    calm: int = 0
    code: ConditionCode = ConditionCode.VTA

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        run = ventricular_run(now)
        bpm = rate_bpm(run)
        if len(run) >= profile.vt_beats and bpm is not None and bpm > profile.vt_bpm:
            reason = f"{len(run)} ventricular beats at {bpm:.0f} > {profile.vt_bpm:g} bpm"
            evidence = (Evidence("ventricular beats", len(run), "beats"), Evidence("rate", round(bpm, 1), "bpm"))
            return Held(run[0].sample, reason, evidence)
        if not self.wave.on or self.wave.fibrillation > (1.0 if active else 0.0):
            return None
        beats = last_beats(now, profile.vt_beats)
        bpm = rate_bpm(beats)
        if not active and (bpm is None or bpm <= profile.vt_bpm):
            bpm = 60.0 * now.wave.dominant_hz
            if bpm <= profile.vt_bpm:
                return None
        bpm = bpm or 60.0 * now.wave.dominant_hz
        reason = f"wide-complex waveform at {bpm:.0f} > {profile.vt_bpm:g} bpm"
        evidence = (
            Evidence("rate", round(bpm, 1), "bpm"),
            Evidence("log odds of VF or VT", round(self.wave.malignant, 2), "1"),
        )
        return Held(self.wave.onset, reason, evidence)
