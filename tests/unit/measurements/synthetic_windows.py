"""Windows of synthetic ECG for the measuring tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ecg.lead_geometry import STANDARD_LEADS
from ecg.synthesis import BeatSpec, synthesize
from ecg.windows import Window


def window(signal_mv: np.ndarray, leads: Sequence[str] = STANDARD_LEADS, fs_hz: float = 500.0) -> Window:
    """A window of any array."""
    return Window("test", 0, 0, fs_hz, 0, tuple(leads), np.asarray(signal_mv, np.float32))


def synthetic(
    spec: BeatSpec | Sequence[BeatSpec] | None = None,
    rr_s: float | Sequence[float] = 0.8,
    leads: Sequence[str] = STANDARD_LEADS,
    fs_hz: float = 500.0,
    noise_mv: float = 0.01,
    seed: int = 7,
) -> Window:
    """10 s of a known heart."""
    rng = np.random.default_rng(seed)
    signal, _ = synthesize(spec or BeatSpec(), rr_s, fs_hz, 10.0, leads, rng, noise_mv=noise_mv, wander_mv=0.05)
    return window(signal, leads, fs_hz)
