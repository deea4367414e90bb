"""Rule profiles: the thresholds of the rhythm rules, versioned and cited. Thresholds are code, never settings.

Owns the numbers only; the rules are in ecg.rhythm. Must not import anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RuleProfile:
    """Every threshold a rhythm rule decides on.

    The lethal five are the definitions of PhysioNet/CinC 2015 (Clifford GD et al., Comput Cardiol 2015;42:273-276).
    The others are the usual defaults of telemetry monitors.

    Attributes:
        asystole_s: ASY: no QRS for at least this long.
        asystole_doubted_s: ASY: after beats that resemble nothing, as those found in noise, so much longer: a heart that stops
            after fibrillation or a shock is still called within 10 s. Chosen on nstdb, vfdb and cinc2015, docs/experiments.md.
        extreme_brady_bpm: EBR: heart rate below this ...
        extreme_brady_beats: ... for this many consecutive beats.
        extreme_tachy_bpm: ETC: heart rate above this ...
        extreme_tachy_beats: ... for this many consecutive beats.
        vt_bpm: VTA: ventricular beats faster than this ...
        vt_beats: ... this many or more in a row.
        vf_s: VFB: fibrillatory, flutter or oscillatory waveform for at least this long.
        brady_bpm, tachy_bpm: BRADY and TACHY: limits of the heart rate over rate_beats beats.
        pause_s: PAUSE: no QRS for at least this long, asystole not reached.
        svt_bpm, svt_beats: SVT: this many narrow beats or more faster than this, whatever came before.
        svt_early_bpm, svt_early_share, svt_early_beats: SVT: this many narrow beats or more, each after less than 60 / bpm
            and earlier by this share than the usual interval; from run_beats on SVE_RUN.
        run_beats: RUN, SVE_RUN: shortest run of ventricular or supraventricular beats.
        aivr_bpm: AIVR: slowest rate of a ventricular run that counts (idioventricular below it, VT above vt_bpm).
        aivr_beats: AIVR: shortest run.
        pvc_per_min: PVC_RATE: more ventricular beats than this in the last minute.
        cycles: BIGEMINY and TRIGEMINY: cycles in a row.
        af_beats: AFIB: beats that are looked at together.
    """

    name: str
    version: int
    asystole_s: float = 4.0
    asystole_doubted_s: float = 3.5
    extreme_brady_bpm: float = 40.0
    extreme_brady_beats: int = 5
    extreme_tachy_bpm: float = 140.0
    extreme_tachy_beats: int = 17
    vt_bpm: float = 100.0
    vt_beats: int = 5
    vf_s: float = 4.0
    brady_bpm: float = 50.0
    tachy_bpm: float = 120.0
    rate_beats: int = 8
    pause_s: float = 2.0
    svt_bpm: float = 150.0
    svt_beats: int = 8
    svt_early_bpm: float = 120.0
    svt_early_share: float = 0.15
    svt_early_beats: int = 5
    run_beats: int = 3
    aivr_bpm: float = 40.0
    aivr_beats: int = 3
    pvc_per_min: int = 10
    cycles: int = 3
    af_beats: int = 24


CINC2015 = RuleProfile("cinc2015", 1)
#: VT run of more than 5 PVCs above 100 bpm, extreme tachycardia 20 above a high limit of 120. Source: CLINICAL.md
#: section 2, after the vendor's manual.
PHILIPS_LIKE = replace(CINC2015, name="philips-like", vt_beats=6, extreme_tachy_bpm=140.0)
#: VT of at least 6 PVCs at 130 bpm or more, asystole after 5 s (3 to 10 s there). Source: the same.
MINDRAY_LIKE = replace(CINC2015, name="mindray-like", vt_beats=6, vt_bpm=130.0, asystole_s=5.0)
#: Not for raising alarms: what the rules must see to agree with an alarm another monitor raised, where a miss is five
#: times as dear as a false agreement (the challenge's score). Chosen by hand on the 600 public alarms of CinC 2015, so
#: its figures there are not of unseen alarms; docs/experiments.md has the grid.
CONFIRM = replace(
    CINC2015,
    name="confirm",
    asystole_s=3.0,
    asystole_doubted_s=0.0,
    extreme_brady_bpm=43.0,
    extreme_brady_beats=3,
    extreme_tachy_bpm=130.0,
    extreme_tachy_beats=12,
    vt_beats=4,
)
PROFILES = {profile.name: profile for profile in (CINC2015, PHILIPS_LIKE, MINDRAY_LIKE, CONFIRM)}
