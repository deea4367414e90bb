"""Random crops of the packed corpus: stretched, scaled, noisy, with any number of companion leads.

Owns what the network is made robust to. Must not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from training.delineator.synthetic import synthetic_crop

FloatArray = NDArray[np.float32]
CROP = 1024
FS_HZ = 250
#: Examples drawn from ecg.synthesis: what LUDB has little of (long PR, bundle branch block, tachycardia, fibrillation).
SYNTHETIC_SHARE = 0.25


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


def _time_map(rng: np.random.Generator, masks: FloatArray, n: int) -> FloatArray:
    """(n,) new position of each old sample: all of it faster or slower, and at times waves and gaps by themselves.

    Stretching what lies between P and QRS makes long PR intervals out of real P waves, which LUDB has few of; stretching
    the QRS makes broad ones.
    """
    pace = np.full(n, np.exp(rng.uniform(-0.3, 0.3)))
    if rng.random() < 0.5:
        p, qrs, t = (mask > 0.5 for mask in masks)
        wave = p | qrs | t
        # The gap before each QRS that follows a P: the nearest wave on its left is a P, on its right a QRS.
        label = np.where(p, 1, np.where(qrs, 2, np.where(t, 3, 0)))
        at = np.arange(n)
        before = label[np.maximum.accumulate(np.where(wave, at, 0))]
        after = label[np.minimum.accumulate(np.where(wave, at, n - 1)[::-1])[::-1]]
        pr_gap = ~wave & (before == 1) & (after == 2)
        pace[pr_gap] *= rng.uniform(0.7, 6.0)
        pace[~wave & ~pr_gap & (after == 1)] *= rng.uniform(0.3, 1.2)
        pace[p] *= np.exp(rng.uniform(-0.2, 0.3))
        pace[qrs] *= np.exp(rng.uniform(-0.1, 0.5))
        pace[t] *= np.exp(rng.uniform(-0.3, 0.3))
    place: FloatArray = (np.cumsum(pace) - pace[0]).astype(np.float64)
    return place


def crop(rng: np.random.Generator, packed: Packed) -> tuple[FloatArray, FloatArray, FloatArray]:
    """One example: input (2, CROP), targets (6, CROP) masks then peaks, weight (CROP,)."""
    if rng.random() < SYNTHETIC_SHARE:
        x, targets = synthetic_crop(rng, CROP, int(rng.choice([1, 3, 12])))
        return _finish(rng, x, targets, np.ones(CROP, bool))
    record, own = int(rng.integers(len(packed.leads))), int(rng.integers(12))
    rows = _companions(rng, own)
    n = packed.leads.shape[2]
    base = np.arange(n)
    place = _time_map(rng, packed.masks[record, own], n)
    known_at = np.flatnonzero(packed.known[record, own])
    low, high = (place[known_at[0]], place[known_at[-1]]) if known_at.size else (0.0, place[-1])
    start = rng.uniform(max(-100.0, low - 0.3 * CROP), max(low, min(place[-1] + 100 - CROP, high - 0.7 * CROP)))
    wanted = start + np.arange(CROP)
    inside = (wanted >= 0) & (wanted <= place[-1])
    at = np.interp(wanted, place, base)
    x = np.stack([np.interp(at, base, packed.leads[record, row]) for row in rows]).astype(np.float32) * inside
    targets = np.stack([np.interp(at, base, row) for row in (*packed.masks[record, own], *packed.peaks[record, own])])
    known = packed.known[record, own][np.round(at).astype(int)] & inside
    return _finish(rng, x, targets.astype(np.float32), known)


def _finish(
    rng: np.random.Generator, x: FloatArray, targets: FloatArray, known: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Band limit, gain, polarity and noise; then the activity channel."""
    if rng.random() < 0.35:
        x = gaussian_filter1d(x, rng.uniform(0.5, 1.6), axis=1).astype(np.float32)
    x = x * np.exp(rng.normal(0, 0.2, (len(x), 1))).astype(np.float32)
    if rng.random() < 0.1:
        x[0] = -x[0]
    noise = _noise(rng, len(x), CROP)
    if rng.random() < 0.02:  # nothing but noise: no wave is to be seen
        x, targets, known = noise * 8, np.zeros_like(targets), np.ones_like(known)
    else:
        x = np.where((x != 0).any(axis=0), x + noise, 0).astype(np.float32)
    rms = np.sqrt(np.mean(x**2, axis=0))
    return np.stack([x[0], rms]).astype(np.float32), targets, known.astype(np.float32)
