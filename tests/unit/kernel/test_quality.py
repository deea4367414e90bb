"""Each quality problem is seen where it is, and nowhere else; windows are judged whatever their rate."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.errors import InvalidSignal
from ecg.monitor import Monitor
from ecg.quality import LeadQuality, QualityProblem
from ecg.quality.window import acceptable_probability, lead_measures
from ecg.segments import INVALID_SAMPLE, Int16Array
from tests.unit.kernel.conftest import cut, feed, synthetic_adu

FS = 250.0


def quality_of(adu: Int16Array) -> LeadQuality:
    _, outputs = feed(Monitor(), cut(adu, [250], FS))
    return outputs[-1].quality[0]


def disturbed(kind: str) -> Int16Array:
    rng = np.random.default_rng(4)
    adu, _ = synthetic_adu(12.0, FS)
    t = np.arange(adu.shape[1]) / FS
    mv = adu / 200.0
    if kind == "wander":
        mv = mv + 1.5 * np.sin(2 * np.pi * 0.15 * t)
    elif kind == "muscle":
        mv = mv + 0.35 * rng.standard_normal(t.size)
    elif kind == "mains":
        mv = mv + 0.4 * np.sin(2 * np.pi * 60 * t)
    elif kind == "motion":
        steps = np.cumsum(rng.choice([-1.5, 0.0, 1.5], t.size, p=[0.02, 0.96, 0.02]))
        mv = mv + steps - np.convolve(steps, np.ones(100) / 100, "same")
    elif kind == "rail":
        mv = np.clip(mv + 40 * np.sin(2 * np.pi * 0.3 * t), -5, 5)
    made = np.round(mv * 200).astype(np.int16)
    if kind == "missing":
        made[:, rng.random(t.size) < 0.2] = INVALID_SAMPLE
    elif kind == "flat":
        made[:] = rng.integers(-1, 2, made.shape)
    elif kind == "off":
        made[:] = INVALID_SAMPLE
    return made


def test_a_clean_lead_has_no_problems() -> None:
    quality = quality_of(disturbed("clean"))
    assert quality.problems == ()
    assert quality.index > 0.9


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("wander", QualityProblem.BASELINE_WANDER),
        ("muscle", QualityProblem.MUSCLE_NOISE),
        ("mains", QualityProblem.MUSCLE_NOISE),
        ("motion", QualityProblem.ELECTRODE_MOTION),
        ("rail", QualityProblem.RAIL),
        ("missing", QualityProblem.MISSING),
        ("flat", QualityProblem.FLAT),
        ("off", QualityProblem.LEAD_OFF),
    ],
)
def test_a_problem_is_named_and_lowers_the_index(kind: str, problem: QualityProblem) -> None:
    quality = quality_of(disturbed(kind))
    assert problem in quality.problems
    assert quality.index < quality_of(disturbed("clean")).index


def twelve_leads(fs_hz: float, noise_mv: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(6)
    one = synthetic_adu(10.0, fs_hz, 1, seed=2)[0][0] / 200.0
    gains = rng.uniform(0.4, 1.2, 12) * rng.choice([-1, 1], 12)
    return (gains[:, None] * one + noise_mv * rng.standard_normal((12, one.size))).astype(np.float32)


@pytest.mark.parametrize("fs_hz", [250.0, 360.0, 500.0])
def test_a_clean_window_is_accepted_and_a_ruined_one_is_not(fs_hz: float) -> None:
    clean = twelve_leads(fs_hz)
    ruined = clean.copy()
    ruined[[2, 7, 8]] = 0
    ruined[4:7] += np.cumsum(0.3 * np.random.default_rng(1).standard_normal(ruined[4:7].shape), axis=1)
    assert acceptable_probability(clean, fs_hz) > 0.5
    assert acceptable_probability(ruined, fs_hz) < 0.2


def test_windows_of_nothing_and_of_one_lead_are_measured() -> None:
    for signal in (np.full((3, 2500), np.nan, np.float32), twelve_leads(250.0)[:1]):
        assert np.isfinite(lead_measures(signal, 250.0)).all()


def test_windows_too_short_or_too_slow_are_refused() -> None:
    with pytest.raises(InvalidSignal):
        acceptable_probability(np.zeros((12, 500), np.float32), 250.0)
    with pytest.raises(InvalidSignal):
        acceptable_probability(np.zeros((12, 600), np.float32), 60.0)
