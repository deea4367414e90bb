"""Trains the beat classifier: beats of DS1, cross-validation by patients, final fit, export with its manifest.

`python -m training.beats.train --data data` writes ecg/beats/model/classifier.npz and classifier.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch

from ecg.beats.classifier_features import NAMES
from ecg.beats.classifier_model import ClassifierModel, decide, from_arrays, score_into
from ecg.beats.model_file import as_arrays
from ecg.ec57.pairing import F, N, S, V
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import FloatArray
from training.beats.corpus import FOLDS, LEARNING_PERIOD_K, RECORDS, Beats, collect, thin
from training.beats.fitting import fit

OUT = Path("ecg/beats/model")


@numba.njit(cache=True)
def _classes(model: Any, features: Any, scores: Any, found: Any) -> None:
    for i in range(features.shape[0]):
        score_into(model, features[i], scores[i])
        found[i] = decide(model, scores[i])


def classes_of(model: ClassifierModel, features: FloatArray) -> tuple[np.ndarray, FloatArray]:
    """Classes (n,) and scores (n, 3) as the kernel gives them."""
    found, scores = np.empty(len(features), np.int64), np.empty((len(features), 3), np.float32)
    _classes(model, features, scores, found)
    return found, scores


def cross_validate(beats: list[Beats], seed: int) -> dict[str, np.ndarray]:
    """Counts (5, 4) of reference by found class per choice of leads, every patient judged by a model without it."""
    counts = {leads: np.zeros((5, 4), np.int64) for leads in ("01", "0", "1")}
    for fold in FOLDS:
        rng = np.random.default_rng(seed)
        model = fit(*thin([b for b in beats if b.record not in fold], rng), seed)
        for b in beats:
            if b.record in fold and b.leads in counts:
                found, _ = classes_of(model, b.features)
                scored = (b.label >= 0) & (b.k >= LEARNING_PERIOD_K)
                np.add.at(counts[b.leads], (b.label[scored], found[scored]), 1)
    return counts


def figures(counts: np.ndarray) -> dict[str, float]:
    """VEB and SVEB Se and +P in percent by EC57's definitions, of the beats that were found."""
    veb, sveb = counts[V, 2], counts[S, 1]
    made = {
        "veb_se": veb / counts[V].sum(),
        "veb_p": veb / counts[[N, S, V], 2].sum(),
        "sveb_se": sveb / counts[S].sum(),
        "sveb_p": sveb / counts[[N, S, V, F], 1].sum(),
    }
    return {name: round(100 * float(value), 2) for name, value in made.items()}


def write(model: ClassifierModel, out: Path, data: Path, metrics: dict[str, Any], command: str) -> None:
    """Writes the weights and a manifest that says what they are made of."""
    out.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = dict(as_arrays(model))
    np.savez_compressed(out / "classifier.npz", **arrays)
    seen = [f"mitdb/{r}.{ext}" for r in RECORDS for ext in ("dat", "atr")]
    manifest = {
        "name": "beat-classifier",
        "sha256": hashlib.sha256((out / "classifier.npz").read_bytes()).hexdigest(),
        "fs_hz": KERNEL_FS_HZ,
        "split": "MIT-BIH DS1 (de Chazal 2004); 201 is the patient of 202 in DS2; metrics by cross-validation over patients",
        "command": command,
        "metrics": metrics,
        "records": list(RECORDS),
        "files": {name: hashlib.sha256((data / name).read_bytes()).hexdigest() for name in seen},
        "features": list(NAMES),
    }
    (out / "classifier.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Collects, cross-validates, fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.monotonic()
    beats = collect(options.data / "mitdb", np.random.default_rng(options.seed))
    print(f"{sum(b.k.size for b in beats)} beats in {time.monotonic() - begun:.0f} s", flush=True)
    metrics = {leads: figures(counts) for leads, counts in cross_validate(beats, options.seed).items()}
    for leads, values in metrics.items():
        print(f"cross-validated, leads {leads}: {values}", flush=True)
    model = fit(*thin(beats, np.random.default_rng(options.seed)), options.seed)
    command = f"python -m training.beats.train --data {options.data.name} --seed {options.seed}"
    write(from_arrays(as_arrays(model)), options.out, options.data, metrics, command)
    print(f"{time.monotonic() - begun:.0f} s in all", flush=True)


if __name__ == "__main__":
    main()
