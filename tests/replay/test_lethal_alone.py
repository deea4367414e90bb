"""A monitor that asks the lethal rules alone, as the edge does, calls what one that asks all of them calls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecg.conditions import LETHAL, Condition
from ecg.monitor import Monitor, Rules
from ecg.segments import Segment
from edge.sources.wfdb_replay import read_recording

DATA = Path(__file__).parents[2] / "data"
pytestmark = pytest.mark.data


def lethal_calls(path: Path, rules: Rules, from_s: float, to_s: float) -> list[Condition]:
    recording = read_recording(str(path))
    step = round(recording.fs_hz)
    monitor, calls = Monitor(rules=rules), []
    for seq, first in enumerate(range(round(from_s * step), round(to_s * step), step)):
        samples = np.ascontiguousarray(recording.samples[:, first : first + step])
        segment = Segment("bed", 0, seq, seq * step, recording.fs_hz, 0, recording.leads, samples)
        calls += [c for output in monitor.step([segment]).outputs for c in output.conditions if c.code in LETHAL]
    return calls


@pytest.mark.parametrize(
    ("record", "from_s", "to_s"), [("vfdb/426", 600, 780), ("mitdb/207", 0, 300), ("cudb/cu01", 120, 300)]
)
def test_lethal_rules_alone_call_what_all_rules_call(record, from_s, to_s):
    path = DATA / record
    if not path.with_suffix(".hea").exists():
        pytest.skip(f"no recording {record} in data/")
    alone = lethal_calls(path, Rules.LETHAL, from_s, to_s)
    assert alone
    assert alone == lethal_calls(path, Rules.ALL, from_s, to_s)
