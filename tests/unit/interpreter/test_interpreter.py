"""The protocol interpreter on synthetic windows with known values, and on bad ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecg.beats.beat import Beat, BeatClass
from ecg.conditions import Condition, ConditionCode
from ecg.interpretation import STEP_TITLES, Verdict
from ecg.interpreter import Interpretation, interpret
from ecg.interpreter.labels import ALL_LABELS
from ecg.segments import FloatArray
from ecg.synthesis import STANDARD_LEADS, BeatSpec, project, render_beats, synthesize
from ecg.windows import Window


def window(signal: FloatArray, leads: tuple[str, ...] = STANDARD_LEADS, fs_hz: float = 500.0, first: int = 0) -> Window:
    return Window("bed", 0, first, fs_hz, 0, leads, signal)


def synthetic(spec: BeatSpec | None = None, rr_s: float = 0.8, leads: tuple[str, ...] = STANDARD_LEADS) -> Window:
    signal, _ = synthesize(
        spec or BeatSpec(qt_ms=360), rr_s, 500.0, 10.0, leads, np.random.default_rng(1), noise_mv=0.01
    )
    return window(signal, leads)


def contradicted(reading: Interpretation) -> list[str]:
    return [f"{claim.text}: {claim.evidence}" for claim in reading.claims if claim.verdict is Verdict.CONTRADICTED]


def step(reading: Interpretation, number: int) -> str:
    return reading.reply.steps[number - 1].text


def test_a_normal_window_is_read_as_normal_in_six_steps_of_the_contract() -> None:
    reading = interpret(synthetic())
    assert [s.title for s in reading.reply.steps] == list(STEP_TITLES)
    assert reading.reply.labels == ("sinus rhythm", "normal ECG")
    assert "75 bpm" in step(reading, 1)
    assert not contradicted(reading)
    text = reading.reply.as_text()
    assert text.startswith("<think>\n**Step 1: Technical quality, rate and rhythm**") and "</think>" in text
    assert text.endswith("<answer>sinus rhythm; normal ECG</answer>")


@pytest.mark.parametrize(
    ("spec", "rr_s", "label"),
    [
        (BeatSpec(), 1.2, "sinus bradycardia"),
        (BeatSpec(qt_ms=290, t_duration_ms=140, p_duration_ms=80), 0.55, "sinus tachycardia"),
        (BeatSpec(pr_ms=260), 0.9, "first degree AV block"),
        (BeatSpec(qrs_axis_deg=-60), 0.8, "left axis deviation"),
        (BeatSpec(qrs_axis_deg=120), 0.8, "right axis deviation"),
        (BeatSpec(qt_ms=480), 0.8, "prolonged QTc"),
        (BeatSpec(st_mv={"V1": 0.3, "V2": 0.4, "V3": 0.4}), 0.8, "anterior ST elevation"),
        (BeatSpec(st_mv={"II": 0.3}), 0.8, "inferior ST elevation"),
        (BeatSpec(st_mv={"V4": -0.2, "V5": -0.2, "V6": -0.2}), 0.8, "lateral ST depression"),
    ],
)
def test_what_was_drawn_is_named_and_nothing_written_is_contradicted(spec: BeatSpec, rr_s: float, label: str) -> None:
    reading = interpret(synthetic(spec, rr_s))
    assert label in reading.reply.labels
    assert not contradicted(reading)


def test_atrial_fibrillation_is_told_by_irregular_beats_without_p() -> None:
    rng = np.random.default_rng(5)
    onsets = np.cumsum(rng.uniform(0.45, 1.1, 14))
    specs = [BeatSpec(p_present=False)] * len(onsets)
    drawn = render_beats(specs, list(onsets), 500.0, 5000)
    signal = project(drawn, STANDARD_LEADS) + 0.01 * rng.standard_normal((12, 5000)).astype(np.float32)
    reading = interpret(window(signal))
    assert reading.reply.labels[0] == "atrial fibrillation"
    assert not contradicted(reading)


def test_one_lead_says_which_it_looked_at_and_claims_no_axis() -> None:
    reading = interpret(synthetic(leads=("II",)))
    assert "Recorded leads: II." in step(reading, 1)
    assert "QRS axis not measurable" in step(reading, 2)
    assert "the axis" in reading.reply.summary
    assert not contradicted(reading)
    assert not [label for label in reading.reply.labels if "axis" in label or "normal ECG" in label]


def test_beats_from_monitoring_are_taken_from_the_windows_first_sample() -> None:
    known = [Beat(sample, BeatClass.NORMAL, 1.0) for sample in range(200, 4900, 400)]
    late = window(synthetic().signal_mv, first=1_000_000)
    assert interpret(late, beats=known).reply.labels == interpret(synthetic()).reply.labels


def test_an_alarm_is_tested_not_taken_over() -> None:
    alarm = Condition(ConditionCode.VTA, 1000, 2000, "5 ventricular beats at 150 > 100 bpm")
    reading = interpret(synthetic(), conditions=(alarm,))
    assert reading.reply.labels[0] == "sinus rhythm"
    assert "does not bear out" in reading.reply.summary
    assert not contradicted(reading)


def test_a_rate_alarm_is_tested_by_the_rate() -> None:
    slow = Condition(ConditionCode.EBR, 1000, 2000, "HR 32 < 40 bpm for 5 beats")
    assert "does not bear out" in interpret(synthetic(), conditions=(slow,)).reply.summary
    assert "bears out" in interpret(synthetic(rr_s=1.8), conditions=(slow,)).reply.summary


def _flat(n: int) -> FloatArray:
    return np.zeros((2, n), np.float32)


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        (np.full((2, 5000), np.nan, np.float32), "no signal"),
        (_flat(1000), "only 2.0 s of signal"),
        (np.full((2, 5000), 5.0, np.float32), ""),
    ],
)
def test_what_cannot_be_read_is_abstained_from_with_the_reason(signal: FloatArray, words: str) -> None:
    reading = interpret(window(signal, ("II", "V1")))
    assert reading.reply.abstained or reading.reply.labels == ("asystole",)
    assert words in reading.reply.reason
    if reading.reply.abstained:
        assert reading.reply.labels == ("not interpretable",)
        assert all(row.value is None for row in reading.measurements)
        assert not contradicted(reading)


def test_pure_noise_is_never_called_a_normal_ecg() -> None:
    rng = np.random.default_rng(2)
    reading = interpret(window((0.4 * rng.standard_normal((2, 5000))).astype(np.float32), ("II", "V1")))
    assert not {"normal ECG", "sinus rhythm"} & set(reading.reply.labels)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.floats(45, 160), st.floats(-80, 150), st.floats(130, 260), st.floats(80, 110),
    st.sets(st.sampled_from(STANDARD_LEADS), min_size=1),
)  # fmt: skip
def test_the_interpreter_never_contradicts_the_measurements(
    bpm: float, axis: float, pr_ms: float, qrs_ms: float, leads: set[str]
) -> None:
    rr_s = 60.0 / bpm
    spec = BeatSpec(
        qrs_axis_deg=axis, pr_ms=min(pr_ms, 400 * rr_s), qrs_duration_ms=qrs_ms, qt_ms=380 * rr_s**0.5,
        t_duration_ms=150 * rr_s**0.5, p_duration_ms=80,
    )  # fmt: skip
    chosen = tuple(lead for lead in STANDARD_LEADS if lead in leads)
    reading = interpret(synthetic(spec, rr_s, chosen))
    assert not contradicted(reading)
    assert set(reading.reply.labels) <= set(ALL_LABELS) | {"undetermined rhythm"}
