"""Synthetic waves without beats: fibrillation, flutter, baseline wander, to add to what ecg.synthesis renders.

Pure: numpy only; the only randomness is the generator handed in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg.lead_geometry import INDEPENDENT_LEADS, LEAD_VECTORS

FloatArray = NDArray[np.float32]


def baseline_wander(
    rng: np.random.Generator, n_leads: int, n_samples: int, fs_hz: float, amplitude_mv: float
) -> FloatArray:
    """Respiratory wander: three slow sines of random phase per lead, float32 (n_leads, n_samples) mV."""
    t_s = np.arange(n_samples) / fs_hz
    out = np.zeros((n_leads, n_samples))
    for hz, share in ((0.05, 0.3), (0.15, 0.3), (0.28, 0.4)):
        phase = rng.uniform(0, 2 * np.pi, (n_leads, 1))
        out += amplitude_mv * share * np.sin(2 * np.pi * hz * t_s[None, :] + phase)
    return out.astype(np.float32)


def atrial_fibrillation(
    rng: np.random.Generator, n_samples: int, fs_hz: float, amplitude_mv: float = 0.08, rate_hz: float = 6.5
) -> NDArray[np.float64]:
    """Fibrillatory baseline: an f wave whose frequency and size drift, largest in V1.

    Args:
        rng: Source of the drift.
        n_samples: Length.
        fs_hz: Sampling frequency.
        amplitude_mv: Typical amplitude in V1.
        rate_hz: Mean frequency (4 to 9 Hz in man).

    Returns:
        (8, n_samples) mV in INDEPENDENT_LEADS, to add to rendered beats without P.
    """
    out = np.zeros((len(INDEPENDENT_LEADS), n_samples))
    for vector, share in (((0.2, 0.35, -0.9), 1.0), ((0.35, 0.5, -0.2), 0.5)):
        phase = 2 * np.pi * np.cumsum(rate_hz * (1 + _drift(rng, n_samples, fs_hz, 0.15))) / fs_hz + rng.uniform(
            0, 6.28
        )
        size = share * amplitude_mv * np.clip(1 + _drift(rng, n_samples, fs_hz, 0.4), 0.1, None)
        wave = np.sin(phase) + 0.35 * np.sin(2 * phase + 0.7)
        out += (LEAD_VECTORS @ np.array(vector))[:, None] * (size * wave)
    return out


def atrial_flutter(
    n_samples: int, fs_hz: float, amplitude_mv: float = 0.2, rate_bpm: float = 300.0, start_s: float = 0.0
) -> NDArray[np.float64]:
    """Saw-tooth flutter waves, negative in II, III and aVF; (8, n_samples) mV in INDEPENDENT_LEADS."""
    cycle = ((np.arange(n_samples) / fs_hz - start_s) * rate_bpm / 60.0) % 1.0
    saw = np.where(cycle < 0.7, 0.5 - cycle / 0.7, -0.5 + (cycle - 0.7) / 0.3)
    per_lead: NDArray[np.float64] = LEAD_VECTORS @ np.array([0.1, 0.9, -0.5])
    waves: NDArray[np.float64] = per_lead[:, None] * (amplitude_mv * saw)
    return waves


def ventricular_fibrillation(
    rng: np.random.Generator, n_samples: int, fs_hz: float, amplitude_mv: float = 0.6, rate_hz: float = 4.5
) -> NDArray[np.float64]:
    """VF: no beats, a wandering oscillation of 3 to 7 Hz whose axis and size change.

    Args:
        rng: Source of the irregularity.
        n_samples: Length.
        fs_hz: Sampling frequency.
        amplitude_mv: Typical amplitude (coarse 0.6, fine below 0.2).
        rate_hz: Mean frequency.

    Returns:
        (8, n_samples) mV in INDEPENDENT_LEADS.
    """
    out = np.zeros((len(INDEPENDENT_LEADS), n_samples))
    for axis in np.eye(3):
        phase = 2 * np.pi * np.cumsum(rate_hz * (1 + _drift(rng, n_samples, fs_hz, 0.25))) / fs_hz + rng.uniform(
            0, 6.28
        )
        size = 0.7 * amplitude_mv * np.clip(1 + _drift(rng, n_samples, fs_hz, 0.6), 0.15, None)
        wave = np.sin(phase) + 0.25 * np.sin(2 * phase + rng.uniform(0, 6.28))
        out += (LEAD_VECTORS @ axis)[:, None] * (size * wave)
    return out


def _drift(rng: np.random.Generator, n_samples: int, fs_hz: float, sd: float) -> NDArray[np.float64]:
    """(n,) smooth random drift of standard deviation sd, interpolated from knots 0.4 s apart."""
    knots = max(4, int(n_samples / fs_hz / 0.4) + 3)
    drift: NDArray[np.float64] = np.interp(
        np.arange(n_samples) / fs_hz / 0.4, np.arange(knots), sd * rng.standard_normal(knots)
    )
    return drift
