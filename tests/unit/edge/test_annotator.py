"""`vigil annotate`: the last beats of a record are annotated too, and none is made up behind its end."""

from __future__ import annotations

import dataclasses

from deploy.stack.plan import DEMO_RECORD
from ecg.conditions import Condition, ConditionCode
from edge.annotator import annotations_of, rhythm_marks
from edge.sources.wfdb_replay import read_recording


def test_the_last_beat_is_annotated_though_the_record_ends_right_behind_it() -> None:
    whole = read_recording(str(DEMO_RECORD))
    end = 20_200  # 0.13 s behind an R peak: less than a beat takes to become final
    long = dataclasses.replace(whole, samples=whole.samples[:, :22_000].copy())
    expected = [sample for sample in annotations_of(long, "208").beats().sample.tolist() if sample < end]
    short = dataclasses.replace(whole, samples=whole.samples[:, :end].copy())
    found = annotations_of(short, "208").beats().sample.tolist()
    assert found == expected and found[-1] == 20_153


def test_paced_stretches_are_written_where_no_condition_is() -> None:
    """
    paced    100 ------------ 400
    SVT          200 -- 300
    """
    svt = Condition(ConditionCode.SVT, 200, 250, "", ended_sample=300)
    marks = rhythm_marks([svt], 1000, [(100, 250), (250, 400), (1000, 1200)])
    assert marks == [
        (0, "+", "(N"),
        (100, "+", "(P"),
        (200, "+", "(SVTA"),
        (300, "+", "(P"),
        (400, "+", "(N"),
    ]
