"""Atrial flutter on drawn time lines, one character per 100 ms: in a fixed ratio, with changing conduction, and not at all."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.conditions import ConditionCode
from ecg.rhythm.flutter_wave import HALVES, QUARTERS, RATE, SHARE, WINDOW_S, look_for_flutter
from ecg.rhythm.rules import RhythmRules

SINUS = "N......." * 20
#: Intervals of 0.4, 0.6 and 0.8 s: 2:1, 3:1 and 4:1 of 300 /min.
VARIABLE = "".join("S" + "." * int(k) for k in np.random.default_rng(5).choice([3, 5, 7], 90))


def test_two_to_one_flutter_is_called_with_rate_and_ratio(play):
    played = play("S...." * 80, flutter_per_min=240)
    (flutter,) = played.of(ConditionCode.AFLT)
    assert flutter.reason == "atrial rate 240/min, 2:1"
    assert played.words[-1] == "AFL"


def test_four_to_one_flutter_is_called(play):
    (flutter,) = play("S......." * 60, flutter_per_min=300).of(ConditionCode.AFLT)
    assert flutter.reason == "atrial rate 300/min, 4:1"


def test_flutter_with_changing_conduction_is_called_and_ends(play, go_on):
    rules = RhythmRules()
    played = go_on(rules, VARIABLE, flutter_per_min=280)
    (flutter,) = played.of(ConditionCode.AFLT)
    assert flutter.reason == "atrial rate 280/min, variable conduction"
    assert flutter.detected_sample <= 40 * 250  # 24 beats to find the intervals irregular, then two looks
    go_on(rules, SINUS, first=len(VARIABLE) * 25, played=played)
    (flutter,) = played.of(ConditionCode.AFLT)
    assert flutter.ended_sample is not None and flutter.ended_sample <= (len(VARIABLE) + 120) * 25


@pytest.mark.parametrize("line", [SINUS, "N..." * 100, "S..." * 100, "N....." * 70, VARIABLE, "N..V...." * 40])
def test_no_flutter_without_flutter_waves(play, line):
    assert not play(line).of(ConditionCode.AFLT)


def test_ventricular_beats_are_not_looked_through(play):
    assert not play("V..." * 60, flutter_per_min=300).of(ConditionCode.AFLT)


@pytest.mark.parametrize("pickle_at", [None, 20 * 250])
@pytest.mark.parametrize("chunk", [61, 1250])
def test_flutter_does_not_depend_on_blocks(go_on, chunk, pickle_at):
    whole = go_on(RhythmRules(), VARIABLE, flutter_per_min=280)
    cut = go_on(
        RhythmRules(), VARIABLE, chunk=chunk, pickle_at=pickle_at and pickle_at // chunk * chunk, flutter_per_min=280
    )
    assert cut.of(ConditionCode.AFLT) == whole.of(ConditionCode.AFLT)


def test_a_gap_ends_it(play):
    (flutter,) = play("S...." * 60 + "-" * 30 + "S", flutter_per_min=240).of(ConditionCode.AFLT)
    assert flutter.ended_sample is not None and flutter.ended_sample <= 306 * 25


def window(rr_s: float, flutter_hz: float, late_s: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """One lead: QRS, T and flutter waves of 0.4 mV, every other beat late; (1, n) mV and the beats' columns."""
    t = np.arange(WINDOW_S * 250) / 250
    at = np.arange(0.2, WINDOW_S - 0.1 - late_s, rr_s)
    at[1::2] += late_s
    signal = sum(np.exp(-(((t - a) / 0.012) ** 2)) + 0.05 * np.exp(-(((t - a - 0.25) / 0.05) ** 2)) for a in at)
    saw = (t * flutter_hz + 0.3) % 1.0 - 0.5 if flutter_hz else 0.0
    return (signal + 0.4 * saw)[None].astype(np.float32), np.round(at * 250).astype(np.int64)


def test_what_is_measured_of_one_window():
    signal, at = window(0.47, 4.6, late_s=0.1)
    found = look_for_flutter(signal, np.ones(signal.shape, bool), at, True)
    assert found[RATE] == pytest.approx(276, abs=5) and found[SHARE] > 0.5
    signal, at = window(0.44, 2 / 0.44)
    assert look_for_flutter(signal, np.ones(signal.shape, bool), at, False)[HALVES] > 0.8
    signal, at = window(0.84, 4 / 0.84)
    assert look_for_flutter(signal, np.ones(signal.shape, bool), at, False)[QUARTERS] > 0.8
    signal, at = window(0.44, 0.0)
    assert not look_for_flutter(signal, np.ones(signal.shape, bool), at, False)[:4].any()
    assert not look_for_flutter(signal, np.zeros(signal.shape, bool), at, True)[:4].any()
