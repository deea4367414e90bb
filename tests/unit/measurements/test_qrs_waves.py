"""Naming of Q, R, S and R' on hand-drawn complexes."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.measurements.qrs_waves import name_waves


def lobes(*heights_and_widths: tuple[float, float]) -> np.ndarray:
    """Half-sines of given height (mV) and width (ms), one after the other, at 500 Hz."""
    return np.concatenate([h * np.sin(np.pi * np.arange(0, w, 2.0) / w) for h, w in heights_and_widths] + [np.zeros(2)])


def test_qrs_in_order() -> None:
    waves = name_waves(lobes((-0.1, 20), (1.2, 40), (-0.4, 30)), 2.0)
    assert waves.q is not None and waves.r is not None and waves.s is not None
    assert (waves.q.peak_mv, waves.r.peak_mv, waves.s.peak_mv) == pytest.approx((-0.1, 1.2, -0.4), abs=0.01)
    assert waves.q.width_ms == pytest.approx(20, abs=2.1)
    assert waves.s.width_ms == pytest.approx(30, abs=2.1)
    assert waves.r_peak_ms == pytest.approx(40, abs=2.1)
    assert not waves.qs and waves.r_prime is None and not waves.notched


def test_rsr_prime() -> None:
    waves = name_waves(lobes((0.2, 20), (-0.5, 40), (0.6, 50)), 2.0)
    assert waves.q is None and waves.r_prime is not None and waves.r_prime.peak_mv == pytest.approx(0.6, abs=0.01)
    assert waves.tallest_r is waves.r_prime
    assert waves.r_peak_ms == pytest.approx(85, abs=2.1)


def test_qs_complex_is_both_q_and_s() -> None:
    waves = name_waves(lobes((-1.0, 80)), 2.0)
    assert waves.qs and waves.r is None and waves.q is waves.s
    assert waves.r_peak_ms is None


def test_notched_r() -> None:
    t = np.arange(0, 120, 2.0)
    broad = np.sin(np.pi * t / 120) - 0.35 * np.exp(-(((t - 60) / 8) ** 2))
    waves = name_waves(broad, 2.0)
    assert waves.notched and waves.r_prime is None
    assert waves.r_peak_ms is not None and waves.r_peak_ms > 65


def test_st_elevation_at_j_is_not_an_r_prime() -> None:
    rise = np.linspace(-0.1, 0.3, 12)
    waves = name_waves(np.concatenate([lobes((1.0, 40), (-0.3, 20))[:-2], rise]), 2.0)
    assert waves.r_prime is None


def test_noise_is_no_wave() -> None:
    rng = np.random.default_rng(0)
    waves = name_waves(rng.normal(0, 0.01, 50), 2.0, noise_mv=0.01)
    assert waves.q is None and waves.r is None and waves.s is None and not waves.qs
