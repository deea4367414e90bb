"""The lethal rules of ventricular rhythm: fibrillation or flutter, and tachycardia, with the evidence they share.

Definitions: PhysioNet/CinC 2015 (CLINICAL.md section 2), thresholds from the profile. What is tuned here (evidence
limits, smoothing) was chosen on out-of-fold predictions, see docs/experiments.md. Pure; must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.held import Held, last_beats, rate_bpm, ventricular_run
from ecg.rhythm.run_evidence import RunEvidence, interrupted
from ecg.rhythm.timeline import Timeline

#: Share of a new window in the smoothed evidence, and its limits: one window cannot outweigh the others.
_SMOOTH, _LIMIT = 0.5, 4.0
#: Smoothed log odds at which a malignant waveform begins and ends.
BEGIN, END = 0.7, -1.0
#: Log odds that a window of the patient's own beats stands for.
_OWN = -3.0
#: A malignant waveform has filled about this much of the first windows that show it, s.
_FILLED_S = 5
#: A waveform that repeats itself this well (autocorrelation) at a rate below FLUTTER_HZ is a tachycardia and no flutter; any
#: other that is malignant is fibrillation or flutter. docs/experiments.md has what was tried to tell the two apart.
REPEATS, FLUTTER_HZ = 0.7, 3.0
#: Smoothed share of such windows at which it is called a tachycardia alone: at the beginning, and to call fibrillation back.
_TACHYCARDIA, _NO_LONGER = 0.5, 0.9
#: Log odds of a run of beats at which ventricular tachycardia begins, and below which it has to end by itself.
RUN_BEGIN, RUN_END = 0.8, -0.5
#: A slow run may be a bundle branch block that comes with the rate, an interrupted one couplets about the patient's own beat:
#: below SLOW_BPM, or interrupted, it takes SLOW_BEGIN to begin.
SLOW_BPM, SLOW_BEGIN = 108.0, 1.6
#: Wide beats that come in the cadence of the beats before them are conducted until shown otherwise: below CADENCE_BPM, with
#: the first intervals all within CADENCE_WITHIN of the median of those before, it takes CADENCE_BEGIN to begin.
CADENCE_BPM, CADENCE_WITHIN, CADENCE_BEGIN = 120.0, 0.12, 3.5
_CADENCE_INTERVALS, _CADENCE_BEFORE = 3, 5
#: A polymorphic tachycardia is read from the waveform where its log odds are all but malignant in two windows, quality is high
#: and no interval is a pause (s). Made on vfdb 607, checked on the others: docs/experiments.md.
_ALL_BUT, _CLEAN, _PAUSE_S = -2.0, 0.8, 1.0
#: A run may hold one beat that is not seen to be ventricular: a fusion beat, a false detection.
_DOUBTFUL = 1
#: A run is over when fewer than so many of the last beats are ventricular, after so long a silence (s), or when these beats
#: are slower than this share of vt_bpm: an idioventricular rhythm after a tachycardia is none.
_LAST_BEATS, _STILL_VENTRICULAR, _SILENCE_S, _STILL_FAST = 5, 3, 2.5, 0.75


@dataclass(slots=True)
class MalignantWave:
    """The smoothed evidence both rules share; moved at every new window, before they look.

    Attributes:
        malignant: Smoothed log odds of VF or VT against anything else.
        organised: Smoothed share of windows that repeat themselves at a rate below flutter.
        on: Between BEGIN and END.
        onset: Kernel sample where the malignant waveform began.
        as_fibrillation: Whether it is fibrillation or flutter while on; else a tachycardia alone.
    """

    malignant: float = -_LIMIT
    organised: float = 0.0
    on: bool = False
    onset: int = 0
    as_fibrillation: bool = False

    def move(self, now: Timeline) -> None:
        """Takes in this moment's window."""
        if now.broken or (now.new_wave and now.wave.n_leads == 0):
            self.forget()
            return
        if not now.new_wave:
            return
        odds = _OWN if now.wave.own else min(max(now.wave.malignant, -_LIMIT), _LIMIT)
        self.malignant += _SMOOTH * (odds - self.malignant)
        if not now.wave.own:
            organised = now.wave.repetition >= REPEATS and now.wave.dominant_hz < FLUTTER_HZ
            self.organised += _SMOOTH * (organised - self.organised)
        if not self.on and self.malignant > BEGIN:
            own = next((beat.sample for beat in reversed(now.beats) if beat.usual), 0)
            self.on, self.onset = True, max(now.now - _FILLED_S * KERNEL_FS_HZ, own)
            self.as_fibrillation = self.organised < _TACHYCARDIA
        elif self.on and self.malignant < END:
            self.on = self.as_fibrillation = False
        elif self.on:
            self.as_fibrillation = self.organised < (_NO_LONGER if self.as_fibrillation else _TACHYCARDIA)

    def forget(self) -> None:
        """Nothing is known of the waveform."""
        self.malignant, self.organised, self.on, self.as_fibrillation = -_LIMIT, 0.0, False, False


@dataclass(slots=True)
class VentricularFibrillation:
    """A fibrillatory, flutter or oscillatory waveform for at least vf_s (the length of the window)."""

    wave: MalignantWave
    code: ConditionCode = ConditionCode.VFB
    on_beats: bool = False

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        seconds = (now.now - self.wave.onset) / KERNEL_FS_HZ
        if not self.wave.on or not self.wave.as_fibrillation or seconds < profile.vf_s:
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
    run: RunEvidence
    code: ConditionCode = ConditionCode.VTA
    on_beats: bool = False

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        if self.wave.on:
            return self._by_waveform(now, profile, active)
        bpm = rate_bpm(self.run.run)
        sure = self._sure() >= profile.vt_beats - _DOUBTFUL
        begin = RUN_END if active or bpm is None else self._begin(now, bpm, profile)
        if bpm is not None and sure and self.run.log_odds > begin:
            reason = f"{self._counted(now, profile)} at {bpm:.0f} > {profile.vt_bpm:g} bpm"
            evidence = (
                Evidence("rate", round(bpm, 1), "bpm"),
                Evidence("log odds of VT", round(self.run.log_odds, 2), "1"),
            )
            return Held(self.run.run[0].sample, reason, evidence)
        if not active and (held := self._by_missed(now, profile)) is not None:
            return held
        if active and not self._over(now, profile):
            return Held(0, "")
        return None

    def _sure(self) -> int:
        """Beats of the surest run that are seen to be ventricular."""
        return sum(beat.ventricular >= 0.5 for beat in self.run.run)

    def _counted(self, now: Timeline, profile: RuleProfile) -> str:
        """How many beats are ventricular, in words: a run in which one is doubtful is not told as if it were not."""
        n = max(len(ventricular_run(now)), self._sure())
        if n >= profile.vt_beats:
            return f"{n} ventricular beats"
        return f"{n} of {len(self.run.run)} beats ventricular"

    def _begin(self, now: Timeline, bpm: float, profile: RuleProfile) -> float:
        """Log odds it takes for the surest run to be called."""
        if bpm < CADENCE_BPM and self._in_cadence(now, self.run.run[0].sample):
            return CADENCE_BEGIN
        return SLOW_BEGIN if bpm < SLOW_BPM or interrupted(self.run.run, profile) else RUN_BEGIN

    @staticmethod
    def _in_cadence(now: Timeline, first_sample: int) -> bool:
        """Whether the ventricular beats around a beat began in the cadence of those before; False where none are known."""
        beats = list(now.beats)
        first = next((i for i, beat in enumerate(beats) if beat.sample == first_sample), 0)
        while first > 0 and beats[first - 1].ventricular >= 0.5:
            first -= 1
        before = [beat.rr_s for beat in beats[max(0, first - _CADENCE_BEFORE) : first] if beat.rr_s > 0]
        if len(before) < _CADENCE_BEFORE:
            return False
        usual_s = sorted(before)[len(before) // 2]
        began = beats[first : first + _CADENCE_INTERVALS]
        return all(abs(beat.rr_s - usual_s) <= CADENCE_WITHIN * usual_s for beat in began)

    def _by_waveform(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        bpm = rate_bpm(last_beats(now, profile.vt_beats)) or 0.0
        if bpm <= profile.vt_bpm:
            bpm = 60.0 * now.wave.dominant_hz
        if bpm <= profile.vt_bpm and not active:
            return None
        reason = f"wide-complex waveform at {bpm:.0f} > {profile.vt_bpm:g} bpm"
        evidence = (
            Evidence("rate", round(bpm, 1), "bpm"),
            Evidence("log odds of VF or VT", round(self.wave.malignant, 2), "1"),
        )
        return Held(self.wave.onset, reason, evidence)

    @staticmethod
    def _by_missed(now: Timeline, profile: RuleProfile) -> Held | None:
        """A polymorphic tachycardia of which the detector misses waves: by its beats alone it would be slower than vt_bpm.

        One beat more than vt_beats in a row is ventricular, none after a pause, in a clean signal whose waveform is fast and
        all but malignant in two windows.
        """
        run, moments = ventricular_run(now)[-profile.vt_beats - 1 :], list(now.moments)[-2:]
        if len(run) <= profile.vt_beats or now.silence_s() > _SILENCE_S or max(beat.rr_s for beat in run) > _PAUSE_S:
            return None
        hz = min((moment.wave.dominant_hz for moment in moments), default=0.0)
        malignant = [moment.wave.malignant for moment in moments if moment.wave.n_leads and not moment.wave.own]
        clean = moments[-1].best_quality >= _CLEAN
        if not clean or len(malignant) < 2 or min(malignant) < _ALL_BUT or 60.0 * hz <= profile.vt_bpm:
            return None
        bpm = 60.0 * now.wave.dominant_hz
        reason = f"{len(run)} ventricular beats in a waveform at {bpm:.0f} > {profile.vt_bpm:g} bpm"
        return Held(run[0].sample, reason, (Evidence("rate", round(bpm, 1), "bpm"),))

    @staticmethod
    def _over(now: Timeline, profile: RuleProfile) -> bool:
        last = last_beats(now, _LAST_BEATS)
        bpm = rate_bpm(last)
        if bpm is None or len(last) < _LAST_BEATS or now.silence_s() > _SILENCE_S:
            return True
        ventricular = sum(beat.ventricular >= 0.5 for beat in last)
        return ventricular < _STILL_VENTRICULAR or bpm < _STILL_FAST * profile.vt_bpm
