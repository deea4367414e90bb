"""Trains the rhythm rules' networks: one on all recordings to ship, one per fold for honest figures.

    python -m training.rhythm.train --data data

writes ecg/rhythm/wave_model.npz with its manifest wave_model.json, and training/rhythm/folds.npz with the fold of every
recording in folds.json: what `vigil evaluate` uses on recordings the shipped networks have seen.
A hidden layer of tanh units, Adam, written out in NumPy: the networks are a thousand weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.rhythm.atrial import AF_FEATURES
from ecg.rhythm.morphology import BEAT_FEATURES, N_BEAT_FEATURES
from ecg.rhythm.run_evidence import RUN_FEATURES
from ecg.rhythm.tiny_net import TinyNet
from ecg.rhythm.wave_model import RhythmModel
from ecg.rhythm.waveform import FEATURES
from training.rhythm.corpus import Rows, beat_corpus, window_corpus
from training.rhythm.folds import N_FOLDS, fold_of
from training.rhythm.runs import run_corpus

HIDDEN = {"wave": 20, "beat": 12, "af": 4, "run": 6}
EPOCHS = {"wave": 10, "beat": 12, "af": 60, "run": 80}
_BATCH, _RATE, _DECAY = 1024, 4e-3, 0.02
#: Inputs that move with the recorder's gain: jittered, for the true gain of a header is not always known.
_GAIN_INPUTS = [FEATURES.index(name) for name in ("log_peak_to_peak_mv", "log_rms_mv", "log_peak_slope")]
_GAIN_JITTER = 0.2  # decades
N_INPUTS = {"wave": len(FEATURES), "beat": N_BEAT_FEATURES, "af": len(AF_FEATURES), "run": len(RUN_FEATURES)}
_KERNEL = Path("ecg/rhythm")
_FOLDS = Path("training/rhythm/folds.npz")
Array = npt.NDArray[np.float64]


def fit(rows: Sequence[Rows], name: str, n_out: int, seed: int = 0) -> TinyNet:
    """Fits one network.

    Args:
        rows: Recordings; beat rows hold the features of all leads side by side.
        name: "wave" or "beat".
        n_out: 3 (softmax) or 1 (logistic).
        seed: Of start, order and jitter.
    """
    rng = np.random.default_rng(seed)
    n_in = N_INPUTS[name]
    x = np.concatenate([r.features.reshape(len(r.label), -1, n_in)[:, :2] for r in rows if r.features.size]).astype(
        np.float64
    )
    y = np.concatenate([r.label for r in rows if r.features.size])
    weight = np.concatenate([r.weight for r in rows if r.features.size])
    mean, scale = x.reshape(-1, n_in).mean(0), x.reshape(-1, n_in).std(0) + 1e-6
    weight = weight / weight.mean()
    h = HIDDEN[name]
    p: list[Array] = [
        rng.normal(0, n_in**-0.5, (n_in, h)),
        np.zeros(h),
        rng.normal(0, h**-0.5, (h, n_out)),
        np.zeros(n_out),
    ]
    m, v = [np.zeros_like(a) for a in p], [np.zeros_like(a) for a in p]
    steps = EPOCHS[name] * (len(y) // _BATCH)
    for step in range(1, steps + 1):
        pick = rng.integers(0, len(y), _BATCH)
        batch = x[pick].copy()
        if name == "wave":
            batch[:, :, _GAIN_INPUTS] += rng.uniform(-_GAIN_JITTER, _GAIN_JITTER, (_BATCH, 1, 1))
        elif name == "beat" and rng.random() < 0.4:  # one lead alone
            batch = batch[:, [int(rng.integers(batch.shape[1]))]]
        z = np.clip((batch - mean) / scale, -5, 5)
        gradient = _gradient(p, z, y[pick], weight[pick], n_out)
        rate = _RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
        for i, g in enumerate(gradient):
            m[i] = 0.9 * m[i] + 0.1 * g
            v[i] = 0.999 * v[i] + 0.001 * g * g
            p[i] -= rate * (
                m[i] / (1 - 0.9**step) / (np.sqrt(v[i] / (1 - 0.999**step)) + 1e-8) + _DECAY * p[i] * (p[i].ndim > 1)
            )
    return TinyNet(*(np.ascontiguousarray(a, np.float32) for a in (mean, scale, *p)))


def _gradient(p: list[Array], z: Array, y: npt.NDArray[np.int64], weight: Array, n_out: int) -> list[Array]:
    """Gradient of the weighted cross entropy; outputs are means over leads. z: (batch, n_leads, n_in)."""
    w1, b1, w2, b2 = p
    n_leads = z.shape[1]
    hidden = np.tanh(z @ w1 + b1)  # (batch, n_leads, h)
    out = (hidden @ w2 + b2).mean(axis=1)  # (batch, n_out)
    if n_out == 1:
        delta = 1.0 / (1.0 + np.exp(-out)) - y[:, None]
    else:
        delta = np.exp(out - out.max(axis=1, keepdims=True))
        delta /= delta.sum(axis=1, keepdims=True)
        delta[np.arange(len(y)), y] -= 1.0
    delta *= (weight / len(y))[:, None]
    back = np.repeat(delta[:, None] / n_leads, n_leads, axis=1)  # (batch, n_leads, n_out)
    into = (back @ w2.T) * (1 - hidden**2)
    flat = (-1, hidden.shape[-1])
    return [
        z.reshape(-1, z.shape[-1]).T @ into.reshape(flat), into.sum((0, 1)),
        hidden.reshape(flat).T @ back.reshape(-1, n_out), back.sum((0, 1)),
    ]  # fmt: skip


def train(
    windows: Sequence[Rows], beats: Sequence[Rows], intervals: Sequence[Rows], data: Path
) -> tuple[dict[str, RhythmModel], list[Rows]]:
    """The shipped model under "", the one without fold k under "foldk_"; and the rows of the run network.

    The run network comes last: it rests on what the others say of recordings they have not seen.
    """
    nothing = fit_nothing(len(RUN_FEATURES))
    made: dict[str, RhythmModel] = {}
    for fold in (None, *range(N_FOLDS)):
        kept = [_without(rows, fold) for rows in (windows, beats, intervals)]
        made[_prefix(fold)] = RhythmModel(
            fit(kept[0], "wave", 3), fit(kept[1], "beat", 1), fit(kept[2], "af", 1), nothing
        )
        print(f"fold {fold}: fitted on {len(kept[0])} recordings", flush=True)
    runs = list(run_corpus(data, lambda group: made[_prefix(fold_of(group))]))
    for fold in (None, *range(N_FOLDS)):
        made[_prefix(fold)] = made[_prefix(fold)]._replace(run=fit(_without(runs, fold), "run", 1))
    return made, runs


def _prefix(fold: int | None) -> str:
    return "" if fold is None else f"fold{fold}_"


def _without(rows: Sequence[Rows], fold: int | None) -> list[Rows]:
    return [r for r in rows if fold is None or fold_of(r.group) != fold]


def fit_nothing(n_in: int) -> TinyNet:
    """A network that never says yes, in the place of one not fitted yet."""
    one = np.ones(n_in, np.float32)
    return TinyNet(
        one * 0,
        one,
        np.zeros((n_in, 1), np.float32),
        np.zeros(1, np.float32),
        np.zeros((1, 1), np.float32),
        np.full(1, -9.0, np.float32),
    )


def save(models: dict[str, RhythmModel], windows: Sequence[Rows]) -> None:
    """Writes weights and manifest."""
    for path, prefixes in ((_KERNEL / "wave_model.npz", [""]), (_FOLDS, [p for p in models if p])):
        arrays: dict[str, Any] = {
            f"{prefix}{name}_{part}": array
            for prefix in prefixes
            for name, net in zip(RhythmModel._fields, models[prefix], strict=True)
            for part, array in zip(TinyNet._fields, net, strict=True)
        }
        np.savez_compressed(path, **arrays)
    weights = _KERNEL / "wave_model.npz"
    manifest = {
        "name": "rhythm-evidence",
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "outputs": {
            "wave": ["other", "VT", "VF"],
            "beat": ["ventricular"],
            "af": ["atrial fibrillation"],
            "run": ["ventricular tachycardia"],
        },
        "features": {
            "wave": list(FEATURES),
            "beat": list(BEAT_FEATURES),
            "af": list(AF_FEATURES),
            "run": list(RUN_FEATURES),
        },
        "split": f"trained on all; folds.npz holds {N_FOLDS} networks for cross-validation by record (sha256 of set/record)",
        "seen": _counted(windows),
    }
    (_KERNEL / "wave_model.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _counted(windows: Sequence[Rows]) -> dict[str, list[str]]:
    """Recordings by set."""
    seen: dict[str, set[str]] = {}
    for row in windows:
        folder, _, record = row.group.partition("/")
        seen.setdefault(folder, set()).add(record)
    return {folder: sorted(records) for folder, records in sorted(seen.items())}


def main() -> None:
    """Reads the recordings, trains, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args()
    windows = list(window_corpus(options.data, np.random.default_rng(0)))
    beats, intervals = [], []
    for shapes, rows in beat_corpus(options.data):
        beats.append(shapes)
        intervals.append(rows)
    models, _ = train(windows, beats, intervals, options.data)
    save(models, windows)


if __name__ == "__main__":
    main()
