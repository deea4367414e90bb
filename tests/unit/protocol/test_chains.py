"""Reasoning chains: how options are read, and a whole chain answered on a synthetic ECG with known values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ecg.synthesis import STANDARD_LEADS, BeatSpec, synthesize
from ecg.windows import Window
from training.evaluation.chain_questions import (
    Chain,
    ChainStep,
    Question,
    Stage,
    TimeRange,
    ValueRange,
    first_qrs,
    interval,
    time_range,
    value_range,
)
from training.evaluation.chains import answer_chain, figures

INF = float("inf")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("[120ms - 130ms]", ValueRange(120, 130)),
        ("Above 160ms", ValueRange(160, INF)),
        ("Below 0.3mV", ValueRange(-INF, 0.3)),
        ("[-90 degrees - -30 degrees]", ValueRange(-90, -30)),
        ("[40 bpm - 50 bpm]", ValueRange(40, 50)),
        ("Yes", None),
    ],
)
def test_ranges_of_values_are_read(option: str, expected: ValueRange | None) -> None:
    assert value_range(option) == expected


def test_times_and_intervals_are_read() -> None:
    assert time_range("[1.25s - 1.42s]") == TimeRange(1.25, 1.42)
    assert interval("[4th QRS wave - 5th QRS wave]") == (3, 4)
    assert first_qrs("the '1st QRS wave' refers to the QRS wave located at [0.36s - 0.46s] in it") == TimeRange(
        0.36, 0.46
    )
    assert TimeRange(1.0, 2.0).overlap(1.5, 2.5) == pytest.approx(1 / 3)


def _question(stage: Stage, text: str, options: tuple[str, ...], *key: str) -> Question:
    return Question(stage, text, options, frozenset(key))


def _chain(diagnosis: str, *steps: ChainStep, initial: str) -> Chain:
    return Chain(1, diagnosis, _question(Stage.INITIAL, "?", ("Yes", "No"), initial), steps)


def _window(spec: BeatSpec) -> Window:
    signal, _ = synthesize(spec, 1.0, 500.0, 10.0, STANDARD_LEADS, np.random.default_rng(1), noise_mv=0.01)
    return Window("w", 0, 0, 500.0, 0, STANDARD_LEADS, signal)


DECISIONS = ("Yes", "No", "Further findings are required to confirm the diagnosis")


def _step(criterion: str, distractor: str, finding: str, decision: str, *grounding: Question) -> ChainStep:
    return ChainStep(
        _question(Stage.CRITERION, "Which criterion?", (distractor, criterion), criterion),
        _question(Stage.FINDING, "is it there?", ("Yes", "No"), finding),
        grounding,
        _question(Stage.DECISION, "What follows?", DECISIONS, *(o for o in DECISIONS if o.startswith(decision))),
    )


def _inferior_chain() -> Chain:
    lead = _question(
        Stage.LEAD, "Which of the following leads show ST elevation?", ("Lead I", "Lead II", "Lead III", "Lead aVF"),
        "Lead II", "Lead III", "Lead aVF",
    )  # fmt: skip
    # QRS onsets are at 0.3 s and every second from there, 90 ms long; T ends 380 ms after the onset.
    wave = _question(
        Stage.WAVE,
        "Within the selected leads, in which of the following segments can you observe the QRS complex with ST elevation? "
        "The options below refer to time ranges on the ECG signal, provided in seconds.",
        ("[2.51s - 2.67s]", "[3.30s - 3.40s]", "[4.75s - 4.90s]"),
        "[3.30s - 3.40s]",
    )
    step = _step(
        "Presence of ST-segment elevation in inferior leads",
        "Presence of left axis deviation",
        "Yes",
        "Yes",
        lead,
        wave,
    )
    return _chain("inferior_myocardial_infarction", step, initial="Yes")


def test_a_chain_is_completed_on_an_ecg_that_shows_it() -> None:
    asked = answer_chain(_inferior_chain(), _window(BeatSpec(st_mv={"II": 0.4})))
    assert [(one.stage, one.right) for one in asked] == [(one.stage, True) for one in asked]
    by_name = {figure.name: figure for figure in figures([asked])}
    assert by_name["chains.whole"].value == 1.0 and by_name["chains.whole"].n == 1


def test_the_same_chain_is_not_completed_on_a_normal_ecg() -> None:
    """The answers come from the signal, not from the questions."""
    asked = answer_chain(_inferior_chain(), _window(BeatSpec()))
    right = {one.stage: one.right for one in asked}
    assert right[Stage.CRITERION] and right[Stage.WAVE]
    assert not right[Stage.FINDING] and not right[Stage.DECISION] and not right[Stage.INITIAL]


def test_answers_are_read_by_scoring_alone() -> None:
    """With every key emptied, what is chosen stays the same."""
    chain = _inferior_chain()
    steps = tuple(
        ChainStep(
            _blank(step.criterion), _blank(step.finding), tuple(map(_blank, step.grounding)), _blank(step.decision)
        )
        for step in chain.steps
    )
    blank = Chain(chain.record_id, chain.diagnosis, _blank(chain.initial), steps)
    window = _window(BeatSpec(st_mv={"II": 0.4}))
    chosen: list[Any] = [[one.chosen for one in answer_chain(c, window)] for c in (chain, blank)]
    assert chosen[0] == chosen[1]


def _blank(question: Question) -> Question:
    return Question(question.stage, question.text, question.options, frozenset())


def test_an_absence_is_asked_as_a_presence() -> None:
    """The criterion "Absence of prolongation" is met where the question "is it prolonged?" is answered no."""
    step = _step("Presence of premature beats", "Presence of left axis deviation", "Yes", "Further")
    absence = "Absence of significant QRS prolongation in the premature beat compared to normal beats"
    second = _step(absence, "Presence of left axis deviation", "No", "Yes")
    signal, _ = synthesize(
        BeatSpec(),
        [1.0, 1.0, 1.0, 0.65, 1.35, 1.0],
        500.0,
        10.0,
        STANDARD_LEADS,
        np.random.default_rng(1),
        noise_mv=0.01,
    )
    asked = answer_chain(
        _chain("premature_atrial_complex", step, second, initial="Yes"),
        Window("w", 0, 0, 500.0, 0, STANDARD_LEADS, signal),
    )
    assert all(one.right for one in asked)
