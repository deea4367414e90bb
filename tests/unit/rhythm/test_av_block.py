"""Second-degree AV block on drawn time lines, one character per 100 ms; w is a P wave without a QRS."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.alarms import default_priority
from ecg.conditions import ConditionCode, Priority
from ecg.rhythm.blocked_p import find_blocked_p
from ecg.rhythm.rules import RhythmRules
from ecg.rhythm.shapes import N_P, P_BEFORE
from tests.unit.rhythm.conftest import draw

SINUS = "N......." * 20
TWO_TO_ONE = "N.......w......."
FOUR_TO_THREE = "N......." * 2 + TWO_TO_ONE


def test_every_second_p_wave_blocked(go_on):
    rules = RhythmRules()
    played = go_on(rules, SINUS + TWO_TO_ONE * 12)
    (block,) = played.of(ConditionCode.AVB2)
    assert block.reason == "every second P wave without QRS, atrial rate 75/min, ventricular 38/min"
    assert abs(block.onset_sample - (len(SINUS) * 25 + 12)) <= 1
    assert block.detected_sample <= (len(SINUS) + 3 * 16) * 25 + 350  # three intervals, and the beat known
    assert played.words[-1] == "BII"
    go_on(rules, SINUS * 3, first=len(SINUS + TWO_TO_ONE * 12) * 25, played=played)
    (block,) = played.of(ConditionCode.AVB2)
    assert block.ended_sample is not None


def test_dropped_beats_now_and_then(play):
    (block,) = play(SINUS + FOUR_TO_THREE * 6 + SINUS).of(ConditionCode.AVB2)
    assert "P waves without QRS in the last 30 s" in block.reason
    assert default_priority(ConditionCode.AVB2) is Priority.MEDIUM


@pytest.mark.parametrize(
    "line",
    [
        SINUS + "N..............." * 12,  # bradycardia
        SINUS + FOUR_TO_THREE + SINUS * 3,  # once
        SINUS + "N.......N....V....w......" * 8,  # the P wave behind a ventricular beat
        SINUS + "S..............." * 12,  # no P waves at all
        SINUS + "N....w.........." * 12,  # early: an atrial ectopic beat, too near the T wave to be measured
    ],
)
def test_no_block(play, line):
    assert not play(line).of(ConditionCode.AVB2)


@pytest.mark.parametrize("chunk", [61, 1250])
def test_block_does_not_depend_on_blocks(go_on, chunk):
    line = SINUS + TWO_TO_ONE * 6 + "-" * 20 + SINUS
    whole, cut = go_on(RhythmRules(), line), go_on(RhythmRules(), line, chunk=chunk, pickle_at=20 * chunk)
    assert cut.of(ConditionCode.AVB2) == whole.of(ConditionCode.AVB2)
    (block,) = whole.of(ConditionCode.AVB2)
    assert block.ended_sample is not None and block.ended_sample <= (len(SINUS) + 6 * 16 + 10) * 25


def test_where_the_p_wave_is():
    signal, valid, (first, second) = draw("....." + TWO_TO_ONE + "N....")
    begin = first.sample - P_BEFORE
    window = signal[:, begin : begin + 2 * N_P].reshape(2, N_P, 2).mean(axis=2)
    line = np.polyfit(np.arange(N_P), window.T, 1)
    p_mean = (window - (np.arange(N_P)[None] * line[0][:, None] + line[1][:, None])).astype(np.float32)
    found = find_blocked_p(signal, valid, first.sample, second.sample, p_mean)
    assert found == pytest.approx(0.8, abs=0.02)
    assert find_blocked_p(signal, valid, first.sample, first.sample + 200, p_mean) == 0.0
    assert find_blocked_p(signal, np.zeros_like(valid), first.sample, second.sample, p_mean) == 0.0
