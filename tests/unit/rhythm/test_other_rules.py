"""Rate, ectopy and atrial rules on drawn time lines, one character per 100 ms."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.conditions import ConditionCode
from ecg.rhythm.atrial import af_features

SINUS = "N......." * 20


@pytest.mark.parametrize(
    ("pattern", "code", "others"),
    [
        ("N......V...........", ConditionCode.BIGEMINY, {"TRIGEMINY", "COUPLET"}),
        ("N.......N.....V..........", ConditionCode.TRIGEMINY, {"BIGEMINY", "COUPLET"}),
    ],
)
def test_cycles(play, pattern, code, others):
    played = play(SINUS + pattern * 10 + SINUS)
    (cycle,) = played.of(code)
    assert cycle.ended_sample is not None
    assert not others & played.codes


def test_two_ventricular_beats_are_a_couplet(play):
    played = play(SINUS + "N....V...V..........." + SINUS)
    (couplet,) = played.of(ConditionCode.COUPLET)
    assert couplet.reason == "2 ventricular beats in a row at 150 bpm"
    assert not {"RUN", "VTA"} & played.codes


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("N....V...V...........", ConditionCode.COUPLET),
        ("N......V..........." * 10, ConditionCode.BIGEMINY),
        ("N.......N.......N....V..........." * 14, ConditionCode.PVC_RATE),
        ("V......." * 6, ConditionCode.AIVR),
        ("V...V...V...N.......", ConditionCode.RUN),
    ],
)
def test_ectopy_is_what_is_shown_as_ventricular(play, pattern, code):
    assert play(SINUS + pattern + SINUS).of(code)
    assert not play(SINUS + pattern.replace("V", "b") + SINUS).of(code)


def test_ventricular_tachycardia_is_called_whatever_is_shown(play):
    assert play(SINUS + "b..." * 30).of(ConditionCode.VTA)


def test_one_ventricular_beat_is_nothing(play):
    assert not play(SINUS + "N....V.........." + SINUS).codes


def test_tachycardia_and_svt(play):
    played = play("N..." * 60)  # 150 bpm is not above 150, and nothing is known to be early against
    assert played.of(ConditionCode.TACHY) and not played.of(ConditionCode.SVT)
    played = play(SINUS + "S.." * 40 + SINUS)  # 200 bpm
    (svt,) = played.of(ConditionCode.SVT)
    assert "narrow beats suddenly at 200 bpm" in svt.reason
    (svt,) = play("S.." * 60).of(ConditionCode.SVT)
    assert svt.reason == "narrow beats at 200 > 150 bpm"


def test_pvcs_per_minute(play):
    played = play(SINUS + "N.......N.......N....V..........." * 14)
    (rate,) = played.of(ConditionCode.PVC_RATE)
    begun = next(c for c in played.changes if c.code is ConditionCode.PVC_RATE)
    assert begun.reason == "11 ventricular beats in the last minute > 10"
    assert rate.reason == "14 ventricular beats in the last minute > 10"  # said again as it grew


def irregular(n: int, seed: int = 3) -> str:
    """Atrial fibrillation: intervals of 0.4 to 1.2 s in no order, no P wave (S has none)."""
    rng = np.random.default_rng(seed)
    return "".join("S" + "." * int(rng.integers(3, 12)) for _ in range(n))


def test_irregular_intervals_without_p_waves_are_atrial_fibrillation(play):
    played = play(SINUS + irregular(70) + SINUS * 3)
    (af,) = played.of(ConditionCode.AFIB)
    assert "irregular" in af.reason
    assert af.ended_sample is not None
    assert "AFIB" in played.words


def test_steady_p_waves_end_fibrillation_however_irregular_the_intervals(play):
    fibrillation, sinus = irregular(60), irregular(60, seed=4).replace("S", "N")
    (af,) = play(SINUS + fibrillation + sinus).of(ConditionCode.AFIB)
    assert af.ended_sample is not None
    beats_until = sinus[: af.ended_sample // 25 - len(SINUS + fibrillation)].count("N")
    assert 3 <= beats_until <= 10
    assert not play(SINUS + sinus).of(ConditionCode.AFIB)


def test_patterns_are_no_atrial_fibrillation(play):
    assert not play(SINUS + "N.....N........." * 60).of(ConditionCode.AFIB)
    assert not play("".join("N" + "." * (7 + round(2 * np.sin(i / 4))) for i in range(120))).of(ConditionCode.AFIB)


def test_other_rules_are_silent_while_the_signal_is_not_usable(play):
    assert not play(SINUS + "N....V...V..........." + SINUS, usable=False).codes


def test_irregularity_forgives_a_pattern():
    steady, pattern = np.full(24, 0.8), np.tile([0.5, 1.1], 12)
    rng = np.random.default_rng(0)
    random = rng.uniform(0.4, 1.2, 24)
    nothing = np.full(24, np.nan)
    found = [float(af_features(rr, nothing)[0, 0]) for rr in (steady, pattern, random)]
    assert found[0] == found[1] < -4 < found[2]
    assert float(af_features(steady, nothing)[0, 3]) == 0.0
