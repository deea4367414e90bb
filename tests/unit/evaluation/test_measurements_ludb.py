"""Intervals from readers' marks, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.delineator.corpus import WaveMarks
from training.evaluation.measurements_ludb import readers_values


def _lead(shift: int = 0, p: bool = True) -> WaveMarks:
    """Three beats 800 ms apart at 500 Hz: P 200 to 100 ms before R, QRS 40 before to 50 after, T from 180 to 360 after."""
    r = np.array([500, 900, 1300])

    def wave(on_ms: int, peak_ms: int, off_ms: int) -> np.ndarray:
        return np.stack([r + shift + ms // 2 for ms in (on_ms, peak_ms, off_ms)], axis=1)

    return WaveMarks(wave(-200, -150, -100) if p else np.zeros((0, 3), np.int64), wave(-40, 0, 50), wave(180, 280, 360))


def test_intervals_of_marks_that_agree() -> None:
    assert readers_values([_lead()] * 12, 500.0) == pytest.approx(
        {"heart_rate": 75.0, "p_duration": 100.0, "pr_interval": 160.0, "qrs_duration": 90.0, "qt_interval": 400.0}
    )


def test_leads_apart_widen_the_intervals_and_missing_p_is_not_there() -> None:
    found = readers_values([_lead(shift, p=False) for shift in (0, 0, 0, 0, 0, 10, 10, 10, 10, 10)], 500.0)
    assert "p_duration" not in found and "pr_interval" not in found
    assert found["qrs_duration"] == pytest.approx(110.0, abs=1)  # from the early leads' onset to the late ones' end


def test_a_mark_without_its_bracket_is_no_boundary() -> None:
    open_ended = _lead()
    open_ended.t[:, 2] = -1
    assert "qt_interval" not in readers_values([open_ended] * 12, 500.0)


def test_no_beats_no_values() -> None:
    none = np.zeros((0, 3), np.int64)
    assert readers_values([WaveMarks(none, none, none)] * 12, 500.0) == {}
