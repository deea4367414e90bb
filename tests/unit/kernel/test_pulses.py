"""Pacing pulses: taken out, and nothing else; a pulse without capture is no beat."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.detector_model import default_model
from ecg.pulses import PULSE_MV, pulse_samples, take_out_pulses
from ecg.synthesis import BeatSpec, QrsShape, synthesize
from training.detector.traces import detect

RATES = [250.0, 360.0, 500.0, 1000.0]


def without_pulses(level_mv: np.ndarray, fs_hz: float) -> tuple[np.ndarray, int]:
    out, width = level_mv.astype(np.float32), pulse_samples(fs_hz)
    return out, take_out_pulses(out, 2, out.size - width - 1, width)


@pytest.mark.parametrize("fs_hz", RATES)
@pytest.mark.parametrize("mv", [-5.0, 2.0, 30.0])
def test_a_pulse_of_two_milliseconds_is_taken_out(fs_hz: float, mv: float) -> None:
    level = 0.1 * np.sin(np.arange(400) / 40)
    spoilt = level.copy()
    n = max(1, round(0.002 * fs_hz))
    spoilt[200 : 200 + n] += mv
    mended, found = without_pulses(spoilt, fs_hz)
    assert found == 1
    np.testing.assert_allclose(mended, level, atol=0.01)


@pytest.mark.parametrize("fs_hz", RATES)
def test_steps_and_the_narrowest_qrs_stay(fs_hz: float) -> None:
    t_ms = np.arange(400) * 1000 / fs_hz
    newborn = 3.0 * np.clip(1 - np.abs(t_ms - t_ms[200]) / 15, 0, None)  # a triangle of 30 ms
    step = np.where(np.arange(400) > 200, 3.0, 0.0)
    small = np.where(np.arange(400) == 200, 0.9 * PULSE_MV, 0.0)
    for level in (newborn, step, small):
        mended, found = without_pulses(level, fs_hz)
        assert found == 0 and np.array_equal(mended, level.astype(np.float32))


def test_a_rate_too_low_to_tell_is_left_alone() -> None:
    assert pulse_samples(128.0) == 0 and pulse_samples(200.0) == 1


@pytest.mark.parametrize("fs_hz", [250.0, 500.0])
@pytest.mark.parametrize(
    ("spec", "delay_s"),
    [
        (BeatSpec(qrs_shape=QrsShape.VENTRICULAR, p_present=False, qrs_duration_ms=160), -0.06),
        (BeatSpec(pr_ms=180), -0.25),
        (BeatSpec(), 0.4),
    ],
    ids=["ventricular", "atrial", "without capture"],
)
def test_the_beats_are_those_without_pulses(fs_hz: float, spec: BeatSpec, delay_s: float) -> None:
    rng = np.random.default_rng(0)
    signal, truth = synthesize(spec, 0.9, fs_hz, 60.0, ("II",), rng, noise_mv=0.01, wander_mv=0.1)
    paced = signal.copy()
    at = np.round(truth.r_peak + delay_s * fs_hz).astype(int)
    paced[0, at[(at > 0) & (at < paced.shape[1])]] += 5.0

    def beats(mv: np.ndarray) -> np.ndarray:
        return detect(np.round(mv * 200).astype(np.int16), fs_hz, [200.0], default_model()).sample

    clean, found = beats(signal), beats(paced)
    assert clean.size == found.size > 60
    np.testing.assert_allclose(found, clean, atol=0.02 * fs_hz)


def test_pulses_alone_are_no_beats() -> None:
    rng = np.random.default_rng(1)
    flat = rng.normal(0, 0.01, (1, 60 * 250))
    flat[0, ::225] += 5.0
    assert detect(np.round(flat * 200).astype(np.int16), 250.0, [200.0], default_model()).sample.size == 0
