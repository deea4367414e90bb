"""Rhythms that are not lethal, on recordings of patients, through the monitor, with networks that did not see them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.conditions import ConditionCode
from edge.sources.wfdb_replay import Recording, read_recording
from training.evaluation.replay import Replay, replay, unseen_model

DATA = Path(__file__).parents[2] / "data"
pytestmark = pytest.mark.data


def said(folder: str, record: str, from_s: float, to_s: float) -> Replay:
    """Replay of a part of a recording; times count from its beginning."""
    path = DATA / folder / record
    if not path.with_suffix(".hea").exists():
        pytest.skip(f"no recording {folder}/{record} in data/")
    whole = read_recording(str(path))
    first, end = round(from_s * whole.fs_hz), round(to_s * whole.fs_hz)
    return replay(
        Recording(whole.fs_hz, whole.leads, np.ascontiguousarray(whole.samples[:, first:end])),
        unseen_model(folder, record),
    )


def test_flutter_of_mitdb_222_is_called_with_its_rate():
    calls = [c for c in said("mitdb", "222", 1670, 1800).calls if c.code is ConditionCode.AFLT]  # reference: AFL
    assert calls
    assert all("variable conduction" in c.reason for c in calls)
    assert sum(c.end_s - c.onset_s for c in calls) > 40


@pytest.mark.parametrize("record", ["100", "105", "121", "210", "221", "232"])
def test_no_flutter_on_five_minutes_of_sinus_rhythm_or_fibrillation(record):
    assert not [c for c in said("mitdb", record, 0, 300).calls if c.code is ConditionCode.AFLT]
