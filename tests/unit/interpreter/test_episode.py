"""The episode of an alarm: its own rate, onset and shape, not those of the whole window."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ecg.beats.beat import Beat, BeatClass
from ecg.conditions import Condition, ConditionCode
from ecg.interpretation import Verdict
from ecg.interpreter import interpret
from ecg.interpreter.episode import episode_rows, find_episode
from ecg.interpreter.episode_text import episode_text, rate_text
from ecg.synthesis import BeatSpec, QrsShape, project, render_beats
from ecg.windows import Window

FS = 250.0
LEADS = ("II", "V1")
VENTRICULAR = BeatSpec(
    p_present=False, qrs_shape=QrsShape.VENTRICULAR, qrs_duration_ms=150, qrs_amplitude_mv=1.7, qrs_axis_deg=-70,
    qt_ms=300, t_duration_ms=120, t_amplitude_mv=-0.35, t_axis_deg=-70,
)  # fmt: skip


def run_in_sinus(n_run: int, rr_s: float = 0.35, other: BeatSpec = VENTRICULAR) -> tuple[Window, list[Beat], int]:
    """Four seconds of sinus rhythm at 75, a run, sinus again to 10 s: window, beats, onset sample."""
    at_s, specs = [0.4 + 0.8 * i for i in range(5)], [BeatSpec(qt_ms=360)] * 5
    for i in range(n_run):
        at_s.append(4.2 + rr_s * i)
        specs.append(VENTRICULAR if i % 2 == 0 else other)
    after_s = at_s[-1] + 1.1
    while after_s < 9.5:
        at_s.append(after_s)
        specs.append(BeatSpec(qt_ms=360))
        after_s += 0.8
    signal = project(render_beats(specs, at_s, FS, 2500), LEADS)
    signal = (signal + 0.02 * np.random.default_rng(1).standard_normal(signal.shape)).astype(np.float32)
    beats = [
        Beat(round((s + 0.05) * FS), BeatClass.NORMAL if spec.p_present else BeatClass.VENTRICULAR, 1.0)
        for s, spec in zip(at_s, specs, strict=True)
        if s < 9.9
    ]
    return Window("bed", 0, 0, FS, 0, LEADS, signal), beats, beats[5].sample


def called(code: ConditionCode, onset: int) -> Condition:
    return Condition(code, onset, onset + 700, "5 ventricular beats at 171 > 100 bpm")


def test_a_short_run_has_its_own_rate_onset_and_end() -> None:
    window, beats, onset = run_in_sinus(6)
    episode = find_episode(window, beats, (called(ConditionCode.VTA, onset),))
    assert episode is not None
    assert episode.beats == 6
    assert episode.rate_bpm == pytest.approx(171.4, abs=1.5)
    assert episode.rate_before_bpm == pytest.approx(75.0, abs=1.0)
    assert episode.length_s == pytest.approx(1.75, abs=0.05)
    assert not episode.going_on
    text = episode_text(episode)
    assert "Rate of the run 17" in text and "lasts 1.8 s" in text and "monomorphic" in text


def test_a_run_of_changing_axis_is_not_called_monomorphic() -> None:
    window, beats, onset = run_in_sinus(12, other=dataclasses.replace(VENTRICULAR, qrs_axis_deg=110, t_axis_deg=110))
    episode = find_episode(window, beats, (called(ConditionCode.VTA, onset),))
    assert episode is not None
    assert "polymorphic" in episode_text(episode)


def test_a_beat_that_was_not_found_neither_ends_the_run_nor_slows_it() -> None:
    window, beats, onset = run_in_sinus(14)
    episode = find_episode(window, [*beats[:8], *beats[9:]], (called(ConditionCode.VTA, onset),))
    assert episode is not None
    assert episode.rate_bpm == pytest.approx(171.4, abs=1.5)
    assert episode.length_s == pytest.approx(13 * 0.35, abs=0.05)


def test_an_alarm_before_the_window_begins_at_its_edge_and_one_behind_it_is_not_in_it() -> None:
    window, beats, _ = run_in_sinus(20)
    early = find_episode(window, beats, (called(ConditionCode.BRADY, -500),))
    assert early is not None and early.before and "began before" in episode_text(early)
    assert find_episode(window, beats, (called(ConditionCode.VTA, 2600),)) is None
    assert find_episode(window, beats, (called(ConditionCode.AFIB, 100),)) is None


def test_without_beats_nothing_is_said_and_every_row_has_its_reason() -> None:
    window, _, onset = run_in_sinus(6)
    episode = find_episode(window, [], (called(ConditionCode.VTA, onset),))
    assert rate_text(episode) == "" and episode_text(episode) == ""
    assert all(row.value is not None or row.reason for row in episode_rows(episode))
    assert all(row.value is None for row in episode_rows(None))


def test_the_interpretation_of_a_vt_alarm_quotes_the_run_not_the_window() -> None:
    window, _, onset = run_in_sinus(16)
    reading = interpret(window, conditions=(called(ConditionCode.VTA, onset),))
    assert reading.reply.labels == ("ventricular tachycardia",)
    spoken = reading.reply.summary + reading.reply.steps[0].text
    assert "rate of the run 17" in reading.reply.summary
    assert "entricular rate" not in spoken, "the whole window's rate describes neither the run nor what went before"
    said = [claim for claim in reading.claims if claim.text.lower().startswith("rate of the run")]
    assert "137" not in spoken and "run at 17" in spoken, "one rate of the run, wherever it is told"
    assert said and all(claim.verdict is Verdict.SUPPORTED for claim in said)
    assert not [claim for claim in reading.claims if claim.verdict is Verdict.CONTRADICTED]
