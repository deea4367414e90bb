"""The lethal rules of rate: asystole, extreme bradycardia, extreme tachycardia. The ventricular two are in ventricular.py.

Definitions: PhysioNet/CinC 2015 (CLINICAL.md section 2), thresholds from the profile. Pure; must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.rhythm.held import Held, bpm_text, last_beats, rate_bpm
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import FLUTTER_RR_S, QUIET_SLOPE_RATIO, Timeline

#: Asystole is not called while the signal holds slopes like a QRS, nor while the waveform is rather VF or VT than other.
_MALIGNANT = 0.0
#: With no beat seen since the signal came, the detector may still be learning: asystole waits this much longer, s.
LEARNING_S = 4.0
#: Intervals longer than the limit's, the open one left out, that extreme bradycardia wants before the last beat has come:
#: one pause is no bradycardia.
_SLOW_INTERVALS = 2
#: So many intervals faster than the limit make the cycle of a ventricular rhythm known, or a waveform that repeats itself
#: this well (autocorrelation).
_CYCLES_SEEN, _REPEATS = 4, 0.6
#: Of the intervals of an extreme bradycardia so many may hold slopes like a QRS: a beat of another shape that was missed.
_RESTLESS_INTERVALS = 1
#: Where so large a share of the intervals does not swing, those that do say nothing of the rate.
_STEADY_SHARE = 0.75


@dataclass(slots=True)
class Asystole:
    """No QRS for at least asystole_s on a signal that could show one."""

    code: ConditionCode = ConditionCode.ASY
    on_beats: bool = False

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        if now.wave.n_leads == 0:
            return None
        silence_s, onset = now.silence_s(), now.silent_from
        wanted_s = profile.asystole_s if now.beats else profile.asystole_s + LEARNING_S
        if silence_s < wanted_s and now.fresh and not active:
            ending = self._ending(now)
            silence_s, onset, wanted_s = ending.rr_s, ending.sample_before, profile.asystole_s
        if silence_s < wanted_s or not (active or self._seen_quiet(now, silence_s - wanted_s, profile)):
            return None
        reason = f"no QRS for {silence_s:.1f} s, limit {profile.asystole_s:g} s"
        return Held(onset, reason, (Evidence("time without QRS", round(silence_s, 2), "s"),))

    @staticmethod
    def _ending(now: Timeline) -> SeenBeat:
        """This moment's beat after the longest interval: a silence can end before it is known to be one."""
        return max(last_beats(now, now.fresh), key=lambda beat: beat.rr_s)

    def _seen_quiet(self, now: Timeline, over_s: float, profile: RuleProfile) -> bool:
        """Whether the silence is one, over_s longer than the limit; where there is doubt, it has to be asystole_doubted_s."""
        wave = now.wave
        if not wave.own and wave.malignant >= _MALIGNANT:
            return False
        if now.fresh:
            ending = self._ending(now)
            quiet, swing_mv = ending.still, ending.swing_mv
        else:
            quiet, swing_mv = now.between(now.silent_from, now.beats_known_to)
            quiet = quiet and (wave.own or wave.slope_ratio < QUIET_SLOPE_RATIO)
        doubted = now.doubtful or now.swings(swing_mv)
        return quiet and not (doubted and over_s < profile.asystole_doubted_s)


@dataclass(slots=True)
class ExtremeBradycardia:
    """Heart rate below extreme_brady_bpm over extreme_brady_beats beats; said as soon as it cannot be otherwise."""

    code: ConditionCode = ConditionCode.EBR
    on_beats: bool = False

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        n, limit = profile.extreme_brady_beats, profile.extreme_brady_bpm
        if len(now.beats) < n - 1 or now.wave.malignant > _MALIGNANT:
            return None
        if not now.fresh and not active and now.silence_s() < 60.0 / limit:
            return None
        beats = last_beats(now, n)
        bpm = rate_bpm(beats)
        if bpm is None or len(beats) < n or bpm >= limit:
            beats = beats[-(n - 1) :]
            bpm = self._with_open_interval(now, profile)
        if bpm is None or bpm >= limit or not (active or self._seen_slow(now, beats, limit)):
            return None
        reason = f"HR {bpm_text(bpm, limit)} < {limit:g} bpm for {n} beats"
        return Held(beats[0].sample, reason, (Evidence("heart rate", round(bpm, 1), "bpm"),))

    @staticmethod
    def _seen_slow(now: Timeline, beats: list[SeenBeat], limit: float) -> bool:
        """Whether the beats can be believed, nothing like a QRS lies between, and no interval that swings makes them slow."""
        steady_s = [beat.rr_s for beat in beats[1:] if not now.swings(beat.swing_mv)]
        one_swings = len(beats) - 1 > len(steady_s) >= _STEADY_SHARE * (len(beats) - 1)
        slow = not one_swings or 60.0 * len(steady_s) < limit * sum(steady_s)
        return slow and not now.doubtful and sum(not beat.still for beat in beats[1:]) <= _RESTLESS_INTERVALS

    @staticmethod
    def _with_open_interval(now: Timeline, profile: RuleProfile) -> float | None:
        """The most the rate over the last beats and the one to come can be; None where that says nothing."""
        beats = last_beats(now, profile.extreme_brady_beats - 1)
        slow_s = 60.0 / profile.extreme_brady_bpm
        if rate_bpm(beats) is None or sum(beat.rr_s > slow_s for beat in beats[1:]) < _SLOW_INTERVALS:
            return None
        return 60.0 * len(beats) / (sum(beat.rr_s for beat in beats[1:]) + now.silence_s())


@dataclass(slots=True)
class ExtremeTachycardia:
    """Heart rate above extreme_tachy_bpm over extreme_tachy_beats beats; in a ventricular rhythm, missed ones counted in."""

    code: ConditionCode = ConditionCode.ETC
    on_beats: bool = False

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """See Rule."""
        n, limit = profile.extreme_tachy_beats, profile.extreme_tachy_bpm
        if not now.fresh and not active:
            return None
        # beats that stop coming end it; the rate of those before says nothing of now
        if now.silence_s() > 3.0:
            return None
        beats = last_beats(now, n)
        bpm = rate_bpm(beats) if len(beats) == n else None
        if now.frozen and now.wave.malignant > _MALIGNANT and (bpm is None or bpm <= limit):
            beats, bpm = self._with_missed(now, beats, profile)
        if bpm is None or bpm <= limit:
            return None
        reason = f"HR {bpm_text(bpm, limit)} > {limit:g} bpm for {n} beats"
        return Held(beats[0].sample, reason, (Evidence("heart rate", round(bpm, 1), "bpm"),))

    @staticmethod
    def _with_missed(now: Timeline, beats: list[SeenBeat], profile: RuleProfile) -> tuple[list[SeenBeat], float | None]:
        """The last beats that span extreme_tachy_beats waves of a ventricular rhythm, and their rate; None where they do not.

        A wave of flutter is no QRS and is easily missed: an interval that ends with a ventricular beat counts as many cycles as
        fit into it. The cycle is the median of the intervals faster than the limit or, with few of them, the waveform's.
        """
        cycles_s = sorted(beat.rr_s for beat in beats[1:] if beat.rr_s < 60.0 / profile.extreme_tachy_bpm)
        if len(cycles_s) >= _CYCLES_SEEN:
            cycle_s = cycles_s[len(cycles_s) // 2]
        elif now.wave.repetition >= _REPEATS:
            cycle_s = now.wave.cycle_s
        else:
            return beats, None
        count, elapsed_s = 0, 0.0
        for i in range(len(beats) - 1, 0, -1):
            beat = beats[i]
            missed = beat.ventricular >= 0.5 and not (beat.still and beat.rr_s >= FLUTTER_RR_S)
            count += max(1, round(beat.rr_s / cycle_s)) if missed else 1
            elapsed_s += beat.rr_s
            if count >= profile.extreme_tachy_beats - 1:
                return beats[i - 1 :], 60.0 * count / elapsed_s
        return beats, None
