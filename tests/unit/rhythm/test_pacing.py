"""Paced beats by their shape, and the paced rhythm."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.conditions import ConditionCode
from ecg.rhythm.pacing import PACED_AFTER, PACED_BEFORE, is_paced
from ecg.rhythm.rules import RhythmRules
from ecg.synthesis import BeatSpec, synthesize
from tests.unit.rhythm.conftest import PACED_POINTS

SINUS = "N......." * 20
PACED = "p......." * 20


T_MS = 4.0 * (np.arange(PACED_BEFORE + PACED_AFTER) - PACED_BEFORE)


def through(*points: tuple[float, float]) -> np.ndarray:
    """One lead (1, n) mV, straight lines through points (ms from the fiducial at column PACED_BEFORE, mV)."""
    at, height = zip(*points, strict=True)
    return np.interp(T_MS, at, height, left=0.0, right=0.0)[None].astype(np.float32)


def bumps(*waves: tuple[float, float, float]) -> np.ndarray:
    """One lead (1, n) mV, bells of (centre ms, standard deviation ms, mV)."""
    return sum(mv * np.exp(-0.5 * ((T_MS - at) / sd) ** 2) for at, sd, mv in waves)[None].astype(np.float32)


SHAPES = {
    "paced": (through(*PACED_POINTS), True),
    "paced downwards": (-through(*PACED_POINTS), True),
    "narrow": (bumps((0, 12, 1.0), (250, 50, 0.2)), False),
    "narrow, tall T wave": (bumps((0, 12, 1.0), (250, 40, 0.8)), False),
    "ventricular, slow upstroke": (bumps((0, 40, 1.5), (120, 50, -0.8)), False),
    "P wave before": (through((-180, 0), (-130, 0.4), (-60, 0.0), *PACED_POINTS), False),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    wave, paced = SHAPES[name]
    assert is_paced(wave, PACED_BEFORE) is paced


def test_one_lead_is_enough_and_a_beat_cut_off_is_not_judged():
    both = np.concatenate([SHAPES["narrow"][0], SHAPES["paced"][0]])
    assert is_paced(both, PACED_BEFORE)
    assert not is_paced(both, PACED_BEFORE - 1) and not is_paced(both[:, :-1], PACED_BEFORE)
    assert not is_paced(np.zeros_like(both), PACED_BEFORE)


@pytest.mark.parametrize("spec", [BeatSpec(), BeatSpec(p_present=False)])
def test_no_synthetic_conducted_beat_is_paced(spec):
    signal, truth = synthesize(spec, 0.8, fs_hz=250.0, leads=("II", "V1", "V5"))
    assert not any(is_paced(signal, int(at)) for at in truth.r_peak)


def test_the_word_is_p_while_half_of_the_beats_are_paced(go_on):
    rules = RhythmRules()
    played = go_on(rules, SINUS + PACED)
    assert played.words[15] == "N" and played.words[-1] == "P"
    assert played.words.index("P") <= 16 + 7  # six of twelve beats, 0.8 s each
    go_on(rules, SINUS, first=len(SINUS + PACED) * 25, played=played)
    assert played.words[-1] == "N"


def test_every_second_beat_paced_is_no_bigeminy(play):
    assert not play(SINUS + "N.......p......." * 12).of(ConditionCode.BIGEMINY)
    assert play(SINUS + "N.......V......." * 12).of(ConditionCode.BIGEMINY)


def test_a_paced_rhythm_is_not_idioventricular(play):
    assert not play(SINUS + PACED * 2).of(ConditionCode.AIVR)
    assert play(SINUS + PACED.replace("p", "V")).of(ConditionCode.AIVR)
