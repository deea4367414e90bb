"""Rhythm words and pauses as figures, on drawn annotations: 1 Hz, one sample a second."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.annotations import Annotations
from ecg.conditions import ConditionCode
from training.evaluation.replay import Call, Replay, RhythmChange
from training.evaluation.rhythm_words import (
    called_spans,
    compare_word,
    pause_figures,
    tally_pauses,
    word_figures,
)
from training.rhythm.reference import Span


def truth(*changes: tuple[int, str], length: int = 100) -> Annotations:
    samples, notes = zip(*changes, strict=True)
    return Annotations.of(samples, "+", 1.0, aux_note=list(notes), n_samples=length)


def said(*calls: Call, rhythm: tuple[RhythmChange, ...] = ()) -> Replay:
    return Replay(100.0, calls, rhythm, 1.0)


def call(code: ConditionCode, start_s: float, end_s: float) -> Call:
    return Call(code, start_s, start_s + 1, end_s, "")


def test_a_word_is_counted_apart_from_the_others():
    """
    reference  0 N  10 B       30 N  40 T  60 N
    called              20 B         40 B (wrong)  50     70 B (wrong)  80
    """
    reference = truth((0, "(N"), (10, "(B\x00"), (30, "(N"), (40, "(T"), (60, "(N"))
    heard = said(
        call(ConditionCode.BIGEMINY, 20, 30), call(ConditionCode.BIGEMINY, 40, 50), call(ConditionCode.BIGEMINY, 70, 80)
    )
    compared = compare_word(reference, called_spans(heard, "B"), "B", 0.0)
    figures = {f.name: f for f in word_figures("rhythm.x", "B", [compared])}
    assert figures["rhythm.x.b.episode_se"].value == 1.0
    assert (figures["rhythm.x.b.episode_ppv"].value, figures["rhythm.x.b.episode_ppv"].n) == (pytest.approx(1 / 3), 3)
    assert figures["rhythm.x.b.duration_se"].value == pytest.approx(0.5)
    assert figures["rhythm.x.b.duration_ppv"].value == pytest.approx(1 / 3)


def test_a_word_nobody_annotated_has_no_figure():
    compared = compare_word(truth((0, "(N")), [Span(5, 10)], "B", 0.0)
    assert word_figures("rhythm.x", "B", [compared]) == []


def test_flutter_is_left_out_of_fibrillation_only():
    reference = truth((0, "(N"), (10, "(AFIB"), (20, "(AFL"), (30, "(AFIB"), (40, "(N"))
    compared = compare_word(reference, [Span(10, 40)], "AFIB", 0.0)
    assert compared.duration_predictivity == 1.0
    assert (
        compare_word(truth((0, "(N"), (10, "(AFL"), (20, "(B"), (40, "(N")), [Span(10, 40)], "B", 0.0).test_duration
        == 30
    )


def test_pacing_is_what_the_rhythm_word_says():
    heard = said(
        rhythm=(RhythmChange(1.0, "N"), RhythmChange(20.0, "P"), RhythmChange(50.0, "N"), RhythmChange(90.0, "P"))
    )
    assert called_spans(heard, "P") == [Span(20.0, 50.0), Span(90.0, 100.0)]


def test_pauses_need_half_of_the_interval():
    """
    beats    |  |      |  |    |  |
    seconds  0  1      4  5    7  8     pauses 1-4 and 5-7; the call of the first ends at 5.5
    """
    heard = said(call(ConditionCode.PAUSE, 1.0, 5.5), call(ConditionCode.ASY, 20.0, 25.0))
    tally = tally_pauses(np.array([0.0, 1, 4, 5, 7, 8]), heard, 2.0, 0.0)
    assert (tally.found, tally.pauses, tally.right, tally.calls) == (1, 2, 1, 2)
    assert [(f.name, f.value) for f in pause_figures("r", [tally])] == [("r.pause.se", 0.5), ("r.pause.ppv", 0.5)]
    assert pause_figures("r", []) == []
