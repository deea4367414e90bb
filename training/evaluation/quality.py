"""Figures of signal quality: CinC 2011, accept or not, by cross-validation and with the shipped model.

Owns the reading of the challenge's table, the fit and the folds. `python -m training.evaluation.quality --data data`
fits the shipped model on everything and writes it beside ecg/quality/window.py.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ecg.quality
from ecg.quality.window import WindowModel, default_window_model, window_features
from edge.recordings import window
from edge.sources.wfdb_replay import read_recording
from training.evaluation.figures import Figure, fraction
from training.evaluation.recordings import readable

DoubleArray = npt.NDArray[np.float64]

FOLDS = 10
#: The challenge's recordings are of this length; of a longer one its beginning is judged.
WINDOW_S = 10.0
#: Strength of the ridge, on standardised features; chosen among 5 to 200 (docs/experiments.md), the choice matters little.
RIDGE = 15.0
#: Share of acceptable recordings in the challenge's own training set (773 of 998), which the subset here evens out.
CHALLENGE_ACCEPTABLE = 0.775


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Figures of the recordings listed in data_dir/cinc2011/acceptable.csv.

    Args:
        data_dir: Folder of data sets.
        split: Not used: every recording is tested by a model that did not see it.
        progress: Told of each 50 recordings.

    Returns:
        Accuracy, sensitivity to unacceptable recordings and specificity, cross-validated; accuracy reweighted to the
        challenge's class mix; and the same of the shipped model, which saw the public recordings.
    """
    names, features, label = read(data_dir / "cinc2011", progress or (lambda line: None))
    if not names:
        return []
    found: list[Figure] = []
    if min(label.sum(), (~label).sum()) >= FOLDS:
        probability = cross_validated(names, features, label)
        found += figures("cinc2011.cross_validated", probability, label)
    return found + figures("cinc2011.shipped", default_window_model().probability(features), label)


def read(folder: Path, say: Callable[[str], None]) -> tuple[list[str], DoubleArray, npt.NDArray[np.bool_]]:
    """Names, features (n, N_FEATURES) and labels (n,), True for acceptable."""
    table = folder / "acceptable.csv"
    if not table.exists():
        return [], np.zeros((0, 0)), np.zeros(0, bool)
    with table.open(newline="") as lines:
        listed = {row["record"]: row for row in csv.DictReader(lines) if (folder / f"{row['record']}.hea").exists()}
    rows = [listed[path.name] for path in readable((folder / name for name in listed), say)]
    features = []
    for i, row in enumerate(rows):
        recording = read_recording(str(folder / row["record"]))
        first = window(recording, row["record"], 0.0, WINDOW_S)
        features.append(window_features(first.signal_mv, first.fs_hz))
        if i % 50 == 49:
            say(f"quality: {i + 1} of {len(rows)} recordings")
    return [row["record"] for row in rows], np.array(features), np.array([row["acceptable"] == "1" for row in rows])


def fit(features: DoubleArray, label: npt.NDArray[np.bool_]) -> WindowModel:
    """Ridge logistic regression by Newton's method (iteratively reweighted least squares)."""
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    x = np.column_stack([(features - mean) / scale, np.ones(len(features))])
    ridge = np.diag(np.r_[np.full(features.shape[1], RIDGE), 1e-6])
    weight = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-x @ weight))
        gradient = x.T @ (label - p) - ridge @ weight
        weight += np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + ridge, gradient)
    return WindowModel(mean, scale, weight[:-1], float(weight[-1]))


def fold_of(name: str) -> int:
    """Fold of a recording: by a hash of its name, so that no order or seed decides."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % FOLDS


def cross_validated(names: list[str], features: DoubleArray, label: npt.NDArray[np.bool_]) -> DoubleArray:
    """Probability of each recording by a model that did not see its fold."""
    fold = np.array([fold_of(name) for name in names])
    probability = np.zeros(len(names))
    for k in range(FOLDS):
        if (fold == k).any():
            probability[fold == k] = fit(features[fold != k], label[fold != k]).probability(features[fold == k])
    return probability


def figures(name: str, probability: DoubleArray, label: npt.NDArray[np.bool_]) -> list[Figure]:
    """Accuracy and its parts at one half, and at the challenge's class mix."""
    called = probability > 0.5
    good, bad = int(label.sum()), int((~label).sum())
    found = [
        fraction(f"{name}.accuracy", int((called == label).sum()), len(label)),
        fraction(f"{name}.acceptable_accepted", int((called & label).sum()), good),
        fraction(f"{name}.unacceptable_refused", int((~called & ~label).sum()), bad),
    ]
    if good and bad:
        mixed = probability > 1 - CHALLENGE_ACCEPTABLE  # the prior moves the odds, and so the threshold
        share = CHALLENGE_ACCEPTABLE * mixed[label].mean() + (1 - CHALLENGE_ACCEPTABLE) * (~mixed[~label]).mean()
        half = 1.96 * np.sqrt(share * (1 - share) / len(label))
        mix = (float(share), float(share - half), float(min(1.0, share + half)))
        found.append(Figure(f"{name}.accuracy_at_challenge_mix", *mix, len(label), "fraction"))
    return found


def main() -> None:
    """Fits the shipped model on every recording and writes it with its manifest."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    folder = parser.parse_args().data / "cinc2011"
    names, features, label = read(folder, print)
    model = fit(features, label)
    numbers = {
        "mean": model.mean.round(6).tolist(),
        "scale": model.scale.round(6).tolist(),
        "weight": model.weight.round(6).tolist(),
        "bias": round(model.bias, 6),
    }
    checksum = hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()
    records = {n: hashlib.sha256((folder / f"{n}.dat").read_bytes()).hexdigest()[:16] for n in names}
    stored = {"manifest": {"name": "window-quality", "sha256": checksum, "cinc2011": records}, "model": numbers}
    path = Path(str(ecg.quality.__path__[0])) / "window_model.json"
    path.write_text(json.dumps(stored) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
