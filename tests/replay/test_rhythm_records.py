"""Rhythms that are not lethal, on recordings of patients, through the monitor, with networks that did not see them."""

from __future__ import annotations

import pytest

from ecg.conditions import ConditionCode
from tests.replay.parts import said

pytestmark = pytest.mark.data


def test_flutter_of_mitdb_222_is_called_with_its_rate():
    calls = [c for c in said("mitdb", "222", 1670, 1800).calls if c.code is ConditionCode.AFLT]  # reference: AFL
    assert calls
    assert all("variable conduction" in c.reason for c in calls)
    assert sum(c.end_s - c.onset_s for c in calls) > 40


@pytest.mark.parametrize("record", ["100", "105", "121", "210", "221", "232"])
def test_no_flutter_on_five_minutes_of_sinus_rhythm_or_fibrillation(record):
    assert not [c for c in said("mitdb", record, 0, 300).calls if c.code is ConditionCode.AFLT]


@pytest.mark.parametrize("record", ["102", "104", "107", "217"])
def test_paced_rhythm_is_said(record):
    heard = said("mitdb", record, 0, 300)
    ends = [*(change.start_s for change in heard.rhythm[1:]), heard.length_s]
    paced_s = sum(end - change.start_s for change, end in zip(heard.rhythm, ends, strict=True) if change.word == "P")
    assert paced_s > 150


@pytest.mark.parametrize("record", ["109", "111", "214", "208"])
def test_bundle_branch_block_and_ventricular_beats_are_no_paced_rhythm(record):
    assert "P" not in {change.word for change in said("mitdb", record, 0, 300).rhythm}


def test_supraventricular_tachycardia_of_mitdb_209_is_called():
    # reference: SVTA at 555.7 to 584.3 s and 599.4 to 621.8 s
    calls = [c for c in said("mitdb", "209", 500, 640).calls if c.code is ConditionCode.SVT]
    assert min(c.onset_s for c in calls) + 500 == pytest.approx(557, abs=3)
    assert sum(c.end_s - c.onset_s for c in calls) > 25
    assert not [c for c in calls if 90 < c.onset_s < 97]


def test_second_degree_block_of_mitdb_231_is_called_and_ends():
    # reference: BII at 98 to 149 s
    (call,) = (c for c in said("mitdb", "231", 0, 300).calls if c.code is ConditionCode.AVB2)
    assert abs(call.onset_s - 98) < 8 and abs(call.end_s - 149) < 8
    assert call.reason.startswith("every second P wave without QRS")


@pytest.mark.parametrize("record", ["117", "123", "201", "202", "228", "232"])
def test_slow_rhythms_and_pauses_are_no_block(record):
    assert not [c for c in said("mitdb", record, 0, 300).calls if c.code is ConditionCode.AVB2]
