"""Fits the record class on CinC 2017: five members, each without one fifth of the recordings, and writes them.

    python -m training.rhythm.record_classes --data data

Owns the forests' form and their way out of scikit-learn. Needs the training extra; 25 min on one core, nearly all for the
networks. Must not import a task of the evaluation.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier

from ecg.beats.classifier_model import Forest
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.record_class import RECORD_FEATURES, RecordClass
from ecg.rhythm.record_model import RecordMember, forest_arrays
from ecg.rhythm.record_net import net_input, to_arrays
from training.rhythm.folds import N_FOLDS, fold_of
from training.rhythm.record_corpus import SET, record_corpus
from training.rhythm.record_network import fit_network

#: Of two settings tried, the smaller (docs/experiments.md).
_FOREST = {
    "max_iter": 120,
    "learning_rate": 0.06,
    "max_leaf_nodes": 8,
    "l2_regularization": 5.0,
    "max_features": 0.2,
    "min_samples_leaf": 15,
}
_CLASSES = [kind.value for kind in RecordClass]
_KERNEL = Path("ecg/rhythm")
FloatArray = npt.NDArray[np.float32]


def fit_forests(features: FloatArray, label: npt.NDArray[np.int64]) -> tuple[Forest, ...]:
    """One forest per class of boosted trees with a softmax over the classes."""
    model = HistGradientBoostingClassifier(random_state=0, early_stopping=False, **_FOREST).fit(features, label)
    bases = np.asarray(model._baseline_prediction, np.float64).ravel()
    rounds = model._predictors
    return tuple(_forest([trees[i].nodes for trees in rounds], float(bases[i])) for i in range(len(_CLASSES)))


def _forest(trees: list[Any], base: float) -> Forest:
    """Nodes of scikit-learn's trees in one row; no feature is ever missing (MISSING stands in its place)."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    roots: list[int] = []
    for nodes in trees:
        first = len(feature)
        roots.append(first)
        for node in nodes:
            leaf = bool(node["is_leaf"])
            feature.append(-1 if leaf else int(node["feature_idx"]))
            threshold.append(float(node["value"] if leaf else node["num_threshold"]))
            left.append(first + int(node["left"]))
            right.append(first + int(node["right"]))
    return Forest(
        np.array(feature, np.int32),
        np.array(threshold, np.float32),
        np.array(left, np.int32),
        np.array(right, np.int32),
        np.array(roots, np.int32),
        np.array([base], np.float32),
    )


def main() -> None:
    """Reads the recordings, fits, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args()
    records, labels, features, inputs = [], [], [], []
    for record, truth, look in record_corpus(options.data / SET):
        records.append(record)
        labels.append(_CLASSES.index(truth))
        features.append(look.features(look.lead()))
        inputs.append(net_input(look.signal_of(look.lead())))
    label, rows = np.array(labels, np.int64), np.stack(features)
    fold = np.array([fold_of(f"{SET}/{record}") for record in records])
    members = []
    for k in range(N_FOLDS):
        kept = np.flatnonzero(fold != k)
        net = fit_network([inputs[i] for i in kept], label[kept])
        members.append(RecordMember(fit_forests(rows[kept], label[kept]), net))
        print(f"member {k}: fitted on {kept.size} recordings", flush=True)
    save(members, records)


def save(members: list[RecordMember], records: list[str]) -> None:
    """Writes weights and manifest."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for i, member in enumerate(members):
        arrays |= {f"member{i}_net_{name}": array for name, array in to_arrays(member.net).items()}
        for j, forest in enumerate(member.forests):
            arrays |= {f"member{i}_class{j}_{name}": array for name, array in forest_arrays(forest).items()}
    weights = _KERNEL / "record_model.npz"
    np.savez_compressed(weights, **arrays)  # type: ignore[arg-type]
    manifest = {
        "name": "record-class",
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "fs_hz": KERNEL_FS_HZ,
        "classes": _CLASSES,
        "features": list(RECORD_FEATURES),
        "members": len(members),
        "split": f"member k was fitted without fold k of {len(members)} (sha256 of set/record)",
        "seen": {SET: sorted(records)},
    }
    (_KERNEL / "record_model.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
