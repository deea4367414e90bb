"""What the detector's network learns from: MIT-BIH DS1, each lead alone, plain and with recorded noise.

Owns the record list, the augmentation and the noise. 118 and 119 are left out, the noise mixes are tested on them; the
noise is the second channel of the NSTDB records played backwards, the mixes under test use the first. Must not import torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import wfdb

from ecg.annotations import Annotations
from ecg.beats.detector_model import DetectorModel
from ecg.ec57.noise import NoiseStep, mix, noise_gains
from ecg.segments import FloatArray, Int16Array
from edge.wfdb_files import read_annotations
from training.detector.traces import detect, label_candidates
from training.mitdb_splits import SPLITS

#: The noise mixes are tested on 118 and 119.
RECORDS = tuple(sorted(SPLITS["DS1"] - {"118", "119"}))
NOISES = ("em", "ma", "bw")
#: Noise changes its loudness this often, s.
NOISE_STEP_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Candidates of many runs: features float32 (n, N_FEATURES), label int8 (n,), weight float32 (n,)."""

    features: FloatArray
    label: np.ndarray
    weight: FloatArray


@cache
def _recording(path: Path) -> tuple[Int16Array, float, FloatArray]:
    record = wfdb.rdrecord(str(path), physical=False)
    return record.d_signal.astype(np.int16), float(record.fs), np.array(record.adc_gain)


def _noisy(adu: Int16Array, noise: Int16Array, reference: Annotations, rng: np.random.Generator) -> Int16Array:
    """One lead (n, 1) with noise of random loudness, 24 to -6 dB, off a third of the time."""
    steps, step = [], int(NOISE_STEP_S * reference.fs)
    for first in range(0, adu.shape[0], step):
        snr_db = rng.uniform(-8, 24)
        gain = noise_gains(adu.astype(np.int64), noise.astype(np.int64), reference, snr_db)[0]
        steps.append(NoiseStep(first, (0.0,) if rng.random() < 0.33 else (gain,)))
    rolled = np.roll(noise, int(rng.integers(noise.shape[0])), axis=0)
    steps.append(NoiseStep(adu.shape[0], (0.0,)))
    mixed = mix(adu.astype(np.int64), rolled.astype(np.int64), tuple(steps))
    return np.clip(mixed, -32000, 32000).astype(np.int16)


def _with_events(
    adu: Int16Array, gain: float, reference: Annotations, rng: np.random.Generator
) -> tuple[Int16Array, Annotations]:
    """One lead (n, 1) with what a bedside adds: stretches of no heart beat, bursts of artefact, steps of gain.

    Beats inside a stretch without signal are taken out of the reference; within a burst they stay, to be ridden through.
    """
    made, n, fs = adu[:, 0].astype(np.float64), adu.shape[0], reference.fs
    gone = np.zeros(n + 1, bool)
    for _ in range(rng.integers(1, 5)):  # asystole, or the electrodes off the skin
        first, length = int(rng.integers(0, n)), int(rng.uniform(4, 30) * fs)
        last = min(first + length, n)
        line = np.interp(np.arange(first, last), [first, last], [made[first], made[last - 1]])
        noise_mv = np.exp(rng.uniform(np.log(0.002), np.log(0.04)))
        smooth = int(rng.integers(1, 12))
        hum = np.convolve(rng.standard_normal(last - first), np.ones(smooth) / np.sqrt(smooth), "same")
        made[first:last], gone[first:last] = line + gain * noise_mv * hum, True
    for _ in range(rng.integers(0, 8)):  # bursts
        first, length = int(rng.integers(0, n)), int(rng.uniform(0.5, 12) * fs)
        last, smooth = min(first + length, n), int(rng.integers(1, 60))
        hum = np.convolve(rng.standard_normal(last - first + smooth), np.ones(smooth) / np.sqrt(smooth), "valid")
        made[first:last] += gain * np.exp(rng.uniform(np.log(0.3), np.log(12.0))) * hum[: last - first]
    for _ in range(rng.integers(0, 4)):  # another electrode position, another gain
        first = int(rng.integers(0, n))
        made[first:] = made[first] + (made[first:] - made[first]) * np.exp(rng.uniform(-1, 1))
    kept = reference.select(~gone[np.minimum(reference.sample, n)] | ~reference.is_beat)
    return np.clip(np.round(made), -32000, 32000).astype(np.int16)[:, None], kept


def runs(
    root: Path, rng: np.random.Generator, noisy_runs: int
) -> Iterator[tuple[Int16Array, float, float, Annotations, float]]:
    """Every lead of every record: plain, and `noisy_runs` times changed.

    Yields:
        adu int16 (1, n), fs in Hz (up to a quarter off, which makes another patient of it), gain, reference, weight.
    """
    for name in RECORDS:
        adu, fs, gain = _recording(root / "mitdb" / name)
        reference = read_annotations(root / "mitdb" / name, "atr")
        for lead in range(adu.shape[1]):
            one = adu[:, lead : lead + 1]
            yield one.T.copy(), fs, gain[lead], reference, 2.0 if lead == 0 else 1.0
            for _ in range(noisy_runs):
                changed, beats = one - 1024, reference
                if rng.random() < 0.25:
                    changed, beats = _with_events(changed, gain[lead], reference, rng)
                if rng.random() < 0.9:
                    noise = _recording(root / "nstdb" / str(rng.choice(NOISES, p=[0.5, 0.3, 0.2])))[0][::-1, 1:2]
                    changed = _noisy(changed, noise, reference, rng)
                if rng.random() < 0.3:
                    changed = -changed
                speed, loudness = np.exp(rng.uniform(-0.25, 0.25)), np.exp(rng.uniform(-0.7, 0.7))
                yield changed.T.copy(), fs * speed, gain[lead] * loudness, beats, 0.5


def collect(root: Path, model: DetectorModel, seed: int, noisy_runs: int) -> Corpus:
    """Candidates the kernel judges with `model` on every run.

    Args:
        root: Folder that holds mitdb and nstdb.
        model: Decides what the features remember (templates, rhythm): the next network learns in the company of this one.
        seed: Of noise, speed and loudness.
        noisy_runs: Changed versions of each lead.
    """
    rng = np.random.default_rng(seed)
    features, labels, weights = [], [], []
    for adu, fs, gain, reference, weight in runs(root, rng, noisy_runs):
        found = detect(adu, fs, gain, model, trace=True)
        moved = Annotations.of(reference.sample, reference.symbol, fs, aux_note=reference.aux_note)
        label = label_candidates(found.trace_k, moved)
        keep = label >= 0
        features.append(found.trace_features[keep, 0])
        labels.append(label[keep])
        weights.append(np.full(int(keep.sum()), weight, np.float32))
    return Corpus(np.concatenate(features), np.concatenate(labels), np.concatenate(weights))
