"""Trains the model of final classes: DS1 and changed copies of it, a boosted forest, export with its manifest.

`python -m training.beats.final --data data --seed 0` writes ecg/beats/model/final.npz and final.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lightgbm import LGBMClassifier

from ecg.beats.classifier_final import FINAL_NAMES, N_FINAL, FinalModel, new_past, observe_stream
from ecg.beats.classifier_learning import new_context
from ecg.beats.classifier_model import Forest
from ecg.beats.model_file import as_arrays
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import FloatArray
from training.beats.changed import (
    Rhythm,
    block_comes_and_goes,
    device,
    dropped,
    ectopic_atrial,
    fewer_normal,
    fibrillating,
    junctional,
    samples_of,
)
from training.beats.corpus import RECORDS, Beats, find_beats
from training.beats.fitting import EARLY, VENTRICULAR, export_lightgbm

OUT = Path("ecg/beats/model")
#: What the forests see besides the short-term features, and the direction in which it can only speak for S, for V.
EARLY_MEMORY = {
    "rr_late": -1, "p_late": -1, "p_late_shifted": -1, "p_late_visible": 0, "p_apart": 0, "p_early": 0,
    "p_late_minus_early": -1, "late_share": 0, "before_late": 0, "rr_mass": 0, "late_rr_q50": 0, "rr_q90": -1, "late_p": 0,
    "irregular12": 0, "irregular32": 0, "alike32": 0, "lag_one32": 0, "rr_apart": -1, "rr_rank": -1, "p_steady": 0,
    "any_p": -1, "shape_p": -1, "kept_p": -1, "kept_p_size": -1, "kept_recent": -1, "kept_usual": 0,
}  # fmt: skip
VENTRICULAR_MEMORY = {
    "rr_q50": 0, "rr_q90": 0, "rr_late": 0, "rr_mass": 0, "q90_q10": 0, "p_late": -1, "p_late_shifted": -1,
    "p_late_visible": 0, "qrs_late": -1, "qrs_late_size": 0, "p_late_rest": 1, "late_p": 0, "irregular32": 0, "p_steady": 0,
    "any_p": -1, "any_p_size": 0, "rr_any_p": 0, "shape_p": -1, "shape_p_size": 0, "shape_rr_spread": 0, "shape_together": 0,
}  # fmt: skip
#: Records of DS1 with block or an unusual QRS, whose QRS is lent to others.
BLOCKED = ("109", "118", "124", "207")
#: Weight of the changed copies, by the letter behind the leads, for each forest; copies that are not named are not seen.
EARLY_WEIGHTS = {"": 1.0, "d": 0.7, "e": 0.3, "f": 0.3, "p": 0.3, "j": 0.1, "b": 0.1}
VENTRICULAR_WEIGHTS = {"": 1.0, "d": 0.7, "b": 0.5, "e": 0.1, "f": 0.1, "p": 0.1, "j": 0.1}
#: Weight of the forest in the log odds of V; the log odds from which a beat is V, S; and those of V below which it is no
#: fusion: a part of a fusion beat is ventricular.
MIX, LIMITS = (0.7,), (-0.25, 0.0, -3.0)
_LIKE = FINAL_NAMES.index("like_normal")
_EARLY_BY = {"rr_normal": -0.1, "rr_median8": -0.1, "rr_late": -0.15}
#: Most beats of one class kept of one stream: easy and hard ones.
_MOST = (80, 150)


def observe(name: str, tag: str, k: npt.NDArray[np.int64], r: Rhythm) -> Beats:
    """A stream's beats with their features (n, N_FINAL)."""
    n_leads = r.waves.shape[1]
    out = np.empty((k.size, N_FINAL), np.float32)
    waves = np.ascontiguousarray(r.waves, np.float32)
    observe_stream(*new_context(n_leads), *new_past(n_leads), k.astype(np.int64), waves, out)
    return Beats(name, tag, k, r.label, out)


def collect(mitdb: Path, rng: np.random.Generator) -> list[Beats]:
    """Both leads and each alone of every DS1 record, plain and changed; the letter behind the leads says how."""
    found = []
    for leads, rows in (("01", [0, 1]), ("0", [0]), ("1", [1])):
        plain = {}
        for name in RECORDS:
            k, waves, label = find_beats(mitdb / name, rows)
            plain[name] = Rhythm(np.diff(k, prepend=k[0] - 200), waves, label)
            found.append(observe(name, leads, k, plain[name]))
        for name, r in plain.items():
            lender = plain[BLOCKED[int(rng.integers(len(BLOCKED)))]]
            for letter, copy in changed(r, None if name in BLOCKED else lender, rng):
                copy = device(copy, rng)
                found.append(observe(name, leads + letter, samples_of(copy.rr), copy))
    return found


def changed(r: Rhythm, lender: Rhythm | None, rng: np.random.Generator) -> list[tuple[str, Rhythm]]:
    """Changed copies of one stream, each with its letter of EARLY_WEIGHTS."""
    rich = int(((r.label == 1) | (r.label == 2)).sum()) > 20
    copies = [("d", fewer_normal(r, rng, int(rng.choice([0, 10, 30]))) if rich else r) for _ in range(1 + rich)]
    copies += [("e", ectopic_atrial(r, rng)) for _ in range(3)] + [("f", fibrillating(r, rng)) for _ in range(2)]
    copies += [("p", dropped(r, rng)), ("j", junctional(r, rng))]
    return copies if lender is None else [*copies, ("b", block_comes_and_goes(r, lender, rng))]


def thin(
    beats: list[Beats], weights: dict[str, float], rng: np.random.Generator
) -> tuple[FloatArray, npt.NDArray[np.int64], FloatArray]:
    """Features, classes and weights in which no patient and no easy beat drowns the others."""
    xs, ys, ws = [], [], []
    for b in beats:
        tag = b.leads.lstrip("01")
        if tag not in weights:
            continue
        used = np.flatnonzero((b.label >= 0) & (b.label < 4))
        x, y = b.features[used], b.label[used].astype(np.int64)
        weight = np.maximum(np.bincount(y, minlength=4), 30.0)[y] ** -0.5 * weights[tag]
        hard = x[:, _LIKE] < 0.85
        for column, below in _EARLY_BY.items():
            hard |= x[:, FINAL_NAMES.index(column)] < below
        share = np.ones(y.size)
        for c in range(3):
            for level, most in enumerate(_MOST):
                those = (y == c) & (hard == level)
                share[those] = min(1.0, most / max(int(those.sum()), 1))
        kept = rng.random(y.size) < share
        xs.append(x[kept])
        ys.append(y[kept])
        ws.append((weight / share)[kept])
    each = np.concatenate(ws).astype(np.float32)
    return np.concatenate(xs), np.concatenate(ys), each / each.mean()


def fit(beats: list[Beats], rng: np.random.Generator) -> FinalModel:
    """Both forests; F is told by the class the rules take, and neither right nor wrong as V (EC57)."""
    x, y, weight = thin(beats, VENTRICULAR_WEIGHTS, rng)
    known = y != 3
    ventricular = _forest(x[known], y[known] == 2, weight[known], VENTRICULAR | VENTRICULAR_MEMORY, 250, 0.05, 20)
    x, y, weight = thin(beats, EARLY_WEIGHTS, rng)
    narrow = y < 2
    early = _forest(x[narrow], y[narrow] == 1, weight[narrow], EARLY | EARLY_MEMORY, 120, 0.08, 12)
    return FinalModel(ventricular, early, np.array(MIX, np.float32), np.array(LIMITS, np.float32))


def _forest(
    x: FloatArray,
    y: npt.NDArray[np.bool_],
    weight: FloatArray,
    inputs: dict[str, int],
    trees: int,
    rate: float,
    leaves: int,
) -> Forest:
    columns = np.array([FINAL_NAMES.index(name) for name in inputs])
    made = LGBMClassifier(
        n_estimators=trees, learning_rate=rate, num_leaves=leaves, min_child_samples=100, reg_lambda=10.0,
        colsample_bynode=0.25, max_bin=127, monotone_constraints=list(inputs.values()), random_state=0, n_jobs=1,
        deterministic=True, force_row_wise=True, verbose=-1,
    ).fit(x[:, columns], y, sample_weight=weight)  # fmt: skip
    return export_lightgbm(made.booster_, columns)


def main() -> None:
    """Collects, fits and writes the weights with a manifest that says what they are made of."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    model = fit(collect(options.data / "mitdb", rng), rng)
    options.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(options.out / "final.npz", **as_arrays(model))  # type: ignore[arg-type]
    seen = [f"mitdb/{r}.{ext}" for r in RECORDS for ext in ("dat", "atr")]
    manifest = {
        "name": "beat-classifier-final",
        "sha256": hashlib.sha256((options.out / "final.npz").read_bytes()).hexdigest(),
        "fs_hz": KERNEL_FS_HZ,
        "split": "MIT-BIH DS1 (de Chazal 2004); 201 is the patient of 202 in DS2",
        "command": f"python -m training.beats.final --data {options.data.name} --seed {options.seed}",
        "records": list(RECORDS),
        "files": {name: hashlib.sha256((options.data / name).read_bytes()).hexdigest() for name in seen},
        "features": list(FINAL_NAMES),
    }
    (options.out / "final.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
