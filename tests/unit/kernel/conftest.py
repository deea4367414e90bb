"""Signals the kernel's tests share: a plain synthetic ECG, and feeding it to a monitor in pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from ecg.beats.beat import Beat
from ecg.monitor import Monitor, MonitorOutput
from ecg.segments import Int16Array, Lead, Segment

GAIN = 200.0


def synthetic_adu(
    duration_s: float, fs_hz: float = 250.0, n_leads: int = 1, bpm: float = 75.0, seed: int = 0, noise_mv: float = 0.01
) -> tuple[Int16Array, np.ndarray]:
    """int16 (n_leads, n) at 200 adu/mV and the R times in s: P, QRS and T as bells, RR with 5 % of variation."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(duration_s * fs_hz)) / fs_hz
    r_s = np.cumsum(60 / bpm * (1 + 0.05 * rng.standard_normal(int(duration_s * bpm / 60) + 2)))
    r_s = r_s[(r_s > 0.3) & (r_s < duration_s - 0.1)]
    waves = ((-0.17, 0.025, 0.12), (-0.028, 0.009, -0.1), (0.0, 0.011, 1.1), (0.03, 0.011, -0.25), (0.26, 0.05, 0.3))
    one = np.zeros_like(t)
    for at_s, width_s, height_mv in waves:
        for r in r_s:
            one += height_mv * np.exp(-0.5 * ((t - r - at_s) / width_s) ** 2)
    gains = 1.0 - 0.45 * np.arange(n_leads)  # the third lead is small and upside down
    mv = gains[:, None] * one + noise_mv * rng.standard_normal((n_leads, t.size))
    return np.round(mv * GAIN).astype(np.int16), r_s


def cut(
    adu: Int16Array, lengths: Sequence[int], fs_hz: float, stream_id: str = "bed-1", epoch: int = 0, first: int = 0
) -> list[Segment]:
    """Segments of the given lengths, the last repeated to the end of the signal."""
    segments, at, seq = [], 0, 0
    leads = tuple(Lead(f"L{row}", GAIN) for row in range(adu.shape[0]))
    while at < adu.shape[1]:
        n = lengths[min(seq, len(lengths) - 1)]
        part = adu[:, at : at + n].copy()
        start_ns = round((first + at) * 1e9 / fs_hz)
        segments.append(Segment(stream_id, epoch, seq, first + at, fs_hz, start_ns, leads, part))
        at, seq = at + n, seq + 1
    return segments


def feed(monitor: Monitor, segments: Sequence[Segment]) -> tuple[list[Beat], list[MonitorOutput]]:
    """Steps segments one at a time; fails on a rejection."""
    outputs = []
    for segment in segments:
        result = monitor.step([segment])
        assert not result.rejected
        outputs += result.outputs
    return [beat for output in outputs for beat in output.beats], outputs


@pytest.fixture(scope="session")
def adu_250() -> Int16Array:
    """20 s of two leads at 250 Hz."""
    return synthetic_adu(20.0, 250.0, 2)[0]


@pytest.fixture(scope="session")
def make_monitor() -> Callable[[], Monitor]:
    """A new monitor with the defaults."""
    return Monitor
