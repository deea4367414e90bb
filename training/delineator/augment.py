"""Random crops of the packed corpus: stretched, scaled, noisy, with any number of companion leads.

Owns what the network is made robust to. Must not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

FloatArray = NDArray[np.float32]
CROP = 1024
FS_HZ = 250


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Arrays of training.delineator.pack: leads (R, 12, n), masks and peaks (R, 12, 3, n), known (R, 12, n)."""

    leads: FloatArray
    masks: FloatArray
    peaks: FloatArray
    known: NDArray[np.bool_]


def _companions(rng: np.random.Generator, own: int) -> NDArray[np.int64]:
    """Rows of the leads a monitor might carry beside this one; the lead itself comes first."""
    n = int(rng.choice([1, 2, 3, 12], p=[0.4, 0.1, 0.1, 0.4]))
    others = rng.permutation([lead for lead in range(12) if lead != own])[: n - 1]
    return np.concatenate([[own], others]).astype(np.int64)


def _noise(rng: np.random.Generator, n_leads: int, n: int) -> FloatArray:
    """Wander, mains and muscle noise in units of the lead's span."""
    t = np.arange(n) / FS_HZ
    out = rng.standard_normal((n_leads, n)).astype(np.float32) * rng.exponential(0.012)
    if rng.random() < 0.5:
        hz = rng.uniform(0.1, 0.7, (n_leads, 1))
        out += rng.exponential(0.06) * np.sin(2 * np.pi * (hz * t + rng.random((n_leads, 1)))).astype(np.float32)
    if rng.random() < 0.15:
        out += rng.exponential(0.02) * np.sin(2 * np.pi * (rng.choice([50, 60]) * t + rng.random())).astype(np.float32)
    if rng.random() < 0.15:
        burst = gaussian_filter1d(rng.standard_normal((n_leads, n)), rng.uniform(0.5, 2)).astype(np.float32)
        out += rng.exponential(0.08) * burst * (np.sin(2 * np.pi * (t / rng.uniform(2, 6) + rng.random())) > 0)
    return out.astype(np.float32)


def crop(rng: np.random.Generator, packed: Packed) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One example: input (2, CROP), targets (6, CROP) masks then peaks, weight (CROP,)."""
    record, own = int(rng.integers(len(packed.leads))), int(rng.integers(12))
    rows = _companions(rng, own)
    n = packed.leads.shape[2]
    stretch = np.exp(rng.uniform(-0.3, 0.3))
    length = CROP * stretch
    known_at = np.flatnonzero(packed.known[record, own])
    low, high = (known_at[0], known_at[-1]) if known_at.size else (0, n - 1)
    start = rng.uniform(max(-100.0, low - 0.3 * length), max(low, min(n + 100 - length, high - 0.7 * length)))
    at = start + np.arange(CROP) * stretch
    base = np.arange(n)
    x = np.stack([np.interp(at, base, packed.leads[record, row], left=0, right=0) for row in rows]).astype(np.float32)
    masks = packed.masks[record, own]
    peaks = packed.peaks[record, own]
    targets = np.stack([np.interp(at, base, row) for row in (*masks, *peaks)]).astype(np.float32)
    inside = (at >= 0) & (at <= n - 1)
    weight = packed.known[record, own][np.clip(np.round(at).astype(int), 0, n - 1)] & inside
    if rng.random() < 0.35:
        x = gaussian_filter1d(x, rng.uniform(0.5, 1.6), axis=1).astype(np.float32)
    x = x * np.exp(rng.normal(0, 0.2, (len(rows), 1))).astype(np.float32)
    if rng.random() < 0.1:
        x[0] = -x[0]
    noise = _noise(rng, len(rows), CROP)
    if rng.random() < 0.02:  # nothing but noise: no wave is to be seen
        x, targets, weight = noise * 8, np.zeros_like(targets), np.ones_like(weight)
    else:
        x = np.where(inside, x + noise, 0).astype(np.float32)
    rms = np.sqrt(np.mean(x**2, axis=0))
    return np.stack([x[0], rms]).astype(np.float32), targets, weight.astype(np.float32)
