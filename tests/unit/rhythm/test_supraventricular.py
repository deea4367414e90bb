"""Supraventricular runs and tachycardia on drawn time lines, one character per 100 ms."""

from __future__ import annotations

import pytest

from ecg.alarms import default_priority
from ecg.conditions import ConditionCode, Priority

SINUS = "N......." * 20
BACK = "N......." * 6


def test_five_sudden_early_beats_are_a_tachycardia(play):
    played = play(SINUS + "S..." * 5 + BACK)
    (svt,) = played.of(ConditionCode.SVT)
    assert svt.reason == "5 narrow beats suddenly at 150 bpm"
    assert svt.ended_sample is not None
    assert "SVTA" in played.words
    assert not played.of(ConditionCode.SVE_RUN)


@pytest.mark.parametrize(("n", "said"), [(2, 0), (3, 1), (4, 1)])
def test_three_or_four_are_a_run_said_when_the_next_beat_has_come(play, n, said):
    #       N.......N...S...S...S.......N        early beats: those after 400 ms
    played = play(SINUS + "N..." + "S..." * (n - 1) + "S" + "......." + BACK)
    assert len(played.of(ConditionCode.SVE_RUN)) == said
    assert not played.of(ConditionCode.SVT)
    assert default_priority(ConditionCode.SVE_RUN) is Priority.LOW


def test_a_rate_that_rises_slowly_is_no_supraventricular_tachycardia(play):
    line = SINUS + "N......" * 20 + "N....." * 20 + "N.....N...." * 8 + "N...." * 20
    assert not {"SVT", "SVE_RUN"} & play(line).codes


def test_ventricular_beats_are_no_supraventricular_run(play):
    assert not {"SVT", "SVE_RUN"} & play(SINUS + "V..." * 6 + BACK).codes
    assert not {"SVT", "SVE_RUN"} & play(SINUS + "V..." * 3 + "......." + BACK).codes


def test_what_came_before_must_be_known(play):
    """The first beats of a stream have nothing to be early against; above 150 bpm that does not matter."""
    assert not play("S..." * 30).of(ConditionCode.SVT)
    assert play("S.." * 30).of(ConditionCode.SVT)
