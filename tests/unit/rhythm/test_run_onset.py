"""What a slow run of wide beats takes to be called: more where it keeps the cadence of the beats before it."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np
import pytest

from ecg.beats.beat import BeatClass
from ecg.profiles import CINC2015
from ecg.rhythm.run_evidence import RunEvidence
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Timeline
from ecg.rhythm.ventricular import CADENCE_BEGIN, MalignantWave, VentricularTachycardia

FS = 250


def _asked(narrow_s: list[float], wide_s: list[float], log_odds: float) -> bool:
    """Whether a run of wide beats with these intervals, after narrow ones with those, is called at such log odds."""
    at_s = np.concatenate(([0.0], np.cumsum(narrow_s + wide_s)))
    beats = [SeenBeat(0, 0.0, BeatClass.NORMAL, 0.05, 1.0, 0.08)]
    for i, (before, sample) in enumerate(pairwise(np.round(at_s * FS).astype(int).tolist())):
        wide = i >= len(narrow_s)
        label, share, width_s = (BeatClass.VENTRICULAR, 0.9, 0.16) if wide else (BeatClass.NORMAL, 0.05, 0.08)
        beats.append(SeenBeat(sample, (sample - before) / FS, label, share, 0.4 if wide else 1.0, width_s))
    now = Timeline(now=beats[-1].sample + FS, beats=deque(beats, maxlen=64), fresh=1)
    run = RunEvidence(log_odds, tuple(beats[-5:]))
    return VentricularTachycardia(MalignantWave(), run).look(now, CINC2015, active=False) is not None


@pytest.mark.parametrize("n_wide", [5, 12, 30])
def test_wide_beats_in_the_cadence_of_sinus_are_conducted_until_shown_otherwise(n_wide: int) -> None:
    assert not _asked([0.6] * 10, [0.58] * n_wide, 2.9)
    assert _asked([0.6] * 10, [0.58] * n_wide, CADENCE_BEGIN + 0.1)  # very sure: called all the same


def test_a_premature_beginning_a_pause_or_another_rate_asks_for_no_more() -> None:
    assert _asked([0.8] * 10, [0.5] + [0.58] * 4, 1.7)  # premature
    assert _asked([0.6] * 10, [0.9] + [0.58] * 5, 1.7)  # after a pause
    assert _asked([0.8] * 10, [0.58] * 5, 1.7)  # faster than what was before


def test_a_fast_run_is_called_whatever_the_cadence() -> None:
    assert _asked([0.45] * 10, [0.44] * 5, 1.0)


def test_where_nothing_is_known_of_before_the_run_is_called() -> None:
    assert _asked([], [0.58] * 8, 1.7)
