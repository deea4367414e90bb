"""What the beat classifier learns from: beats of MIT-BIH DS1 as the kernel's own detector finds them, with their features.

Owns the record list, the labels, the augmentation and the thinning. DS2 is never read here. Must not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from ecg.annotations import Annotations
from ecg.beats.classifier_features import N_FEATURES, NAMES
from ecg.beats.classifier_learning import new_context, observe_all
from ecg.beats.detector_model import default_model
from ecg.conditioning import kernel_to_stream
from ecg.ec57 import score_beats
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import FloatArray
from ecg.stream_group import StreamGroup
from edge.wfdb_files import read_annotations
from training.mitdb_splits import SPLITS

#: DS1 of de Chazal 2004, all different patients; 201 is the patient of 202 in DS2, as in every use of this split.
RECORDS = tuple(sorted(SPLITS["DS1"]))
#: Patients left out together in cross-validation; those rich in ectopic beats are spread.
FOLDS = (
    ("209", "101", "115", "106"), ("220", "223", "112", "122"), ("207", "118", "116", "230"),
    ("201", "114", "119", "109"), ("203", "124", "205", "215"), ("208", "108"),
)  # fmt: skip
LEARNING_PERIOD_K = 300 * KERNEL_FS_HZ
_CHUNK_S = 5.0
_LIKE, _RR = NAMES.index("like_normal"), (NAMES.index("rr_normal"), NAMES.index("rr_median8"))


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """Beats of one record seen through one choice of leads.

    Attributes:
        leads: "01", "0" or "1"; with "a" behind it: changed.
        k: int64 (n,), kernel samples; label: int8 (n,), reference class N S V F Q as 0-4, -1 for no reference beat.
        features: float32 (n, N_FEATURES).
    """

    record: str
    leads: str
    k: npt.NDArray[np.int64]
    label: npt.NDArray[np.int8]
    features: FloatArray


def find_beats(path: Path, rows: list[int]) -> tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.int8]]:
    """Beats the detector finds in some leads of a record.

    Returns:
        Kernel samples (n,), waveforms (n, n_leads, WAVE_LEN) in mV, labels (n,).
    """
    record = wfdb.rdrecord(str(path), physical=False)
    adu = np.ascontiguousarray(record.d_signal.T[rows].astype(np.int16))
    fs_hz, n = float(record.fs), adu.shape[1]
    group = StreamGroup(fs_hz, len(rows), default_model())
    slots, off = np.array([group.add(0)]), np.zeros((1, len(rows)), bool)
    mv_per_adu = 1.0 / np.array(record.adc_gain, np.float64)[rows][None]
    ks, waves, step = [], [], int(_CHUNK_S * fs_hz)
    for first in range(0, n, step):
        _, beats, _ = group.step(np.ascontiguousarray(adu[None, :, first : first + step]), off, mv_per_adu, slots)
        count = int(beats.count[0])
        ks.append(beats.kernel_sample[0, :count].copy())
        waves.append(beats.wave_mv[0, :count].copy())
    k = np.concatenate(ks)
    return k, np.concatenate(waves), label_beats(k, read_annotations(path, "atr"))


def label_beats(k: npt.NDArray[np.int64], reference: Annotations) -> npt.NDArray[np.int8]:
    """Reference class of each found beat by EC57's pairing, -1 where there is none."""
    sample = np.array([kernel_to_stream(int(i), reference.fs) for i in k], np.int64)
    pairs = score_beats(reference, Annotations.of(sample=sample, symbol="N", fs=reference.fs), start_s=0).pairs
    label = np.full(k.size, -1, np.int8)
    both = pairs[(pairs[:, 0] < 5) & (pairs[:, 1] < 5)]
    label[both[:, 3]] = both[:, 0]
    return label


def observe(k: npt.NDArray[np.int64], waves: FloatArray) -> FloatArray:
    """Features (n, N_FEATURES) of a stream's beats."""
    stream, leads = new_context(waves.shape[1])
    features = np.empty((k.size, N_FEATURES), np.float32)
    observe_all(stream, leads, k, waves, features)
    return features


def _changed(
    k: npt.NDArray[np.int64], waves: FloatArray, label: npt.NDArray[np.int8], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.int8]]:
    """Another patient of the same beats: other rate, gain and polarity, and often ectopic beats in most of the rhythm.

    Stretches of normal beats far from ectopic ones are dropped whole, every beat keeping its own RR.
    """
    rr = np.diff(k, prepend=k[0] - 200)
    ectopic = (label == 1) | (label == 2)
    if ectopic.sum() > 20 and rng.random() < 0.6:
        near = np.convolve(ectopic, np.ones(7), "same") > 0
        share = rng.uniform(0.05, 0.5)
        kept = near | np.repeat(rng.random(k.size // 6 + 1) < share, 6)[: k.size] | (np.arange(k.size) < 30)
        rr, waves, label = rr[kept], waves[kept], label[kept]
    speed = np.exp(rng.uniform(-0.25, 0.25))
    size = (1, waves.shape[1], 1)
    gain = rng.choice([-1.0, 1.0], size) * np.exp(rng.uniform(-0.5, 0.5, size))
    return np.cumsum(np.round(rr * speed)).astype(np.int64), (waves * gain).astype(np.float32), label


def collect(mitdb: Path, rng: np.random.Generator) -> list[Beats]:
    """Both leads and each alone of every DS1 record, plain and changed."""
    found = []
    for name in RECORDS:
        for leads, rows in (("01", [0, 1]), ("0", [0]), ("1", [1])):
            k, waves, label = find_beats(mitdb / name, rows)
            found.append(Beats(name, leads, k, label, observe(k, waves)))
            k, waves, label = _changed(k, waves, label, rng)
            found.append(Beats(name, leads + "a", k, label, observe(k, waves)))
    return found


def thin(
    beats: list[Beats], rng: np.random.Generator, easy: int = 250, hard: int = 250
) -> tuple[FloatArray, npt.NDArray[np.int64], FloatArray]:
    """A training set in which no patient and no easy beat drowns the others.

    Args:
        beats: Of the training patients.
        rng: Of the draw.
        easy, hard: Most beats of one class kept of one stream: like the normal one and in time, or not.

    Returns:
        Features (n, N_FEATURES), classes (n,) 0-3, weights (n,): a class of a record weighs with the root of its size.
    """
    xs, ys, ws = [], [], []
    for b in beats:
        used = np.flatnonzero((b.label >= 0) & (b.label < 4))
        x, y = b.features[used], b.label[used].astype(np.int64)
        weight = np.maximum(np.bincount(y, minlength=4), 20.0)[y] ** -0.5
        is_hard = (x[:, _LIKE] < 0.85) | (x[:, list(_RR)].min(axis=1) < -0.1)
        share = np.ones(y.size)
        for c in range(3):
            for level, most in ((False, easy), (True, hard)):
                those = (y == c) & (is_hard == level)
                share[those] = min(1.0, (most if c == 0 else 150) / max(int(those.sum()), 1))
        kept = rng.random(y.size) < share
        xs.append(x[kept])
        ys.append(y[kept])
        ws.append((weight / share)[kept] * (0.7 if "a" in b.leads else 1.0))
    weights = np.concatenate(ws).astype(np.float32)
    return np.concatenate(xs), np.concatenate(ys), weights / weights.mean()
