"""Fits the second look at alarms of ventricular tachycardia on CinC 2015: five members, each without one fifth of the records.

    python -m training.rhythm.second_look --data data

Owns the rows, the folds and the fit. Records that stand close to each other in the set are often of one patient (the same
beats, overlapping in time), so a fold takes blocks of neighbouring numbers. Must not import a task of the evaluation.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from ecg.profiles import CONFIRM
from ecg.rhythm.rules import RhythmRules
from ecg.rhythm.second_look import LOOK_FEATURES, Witness
from ecg.rhythm.tiny_net import TinyNet
from ecg.rhythm.wave_model import RhythmModel
from edge.kernel_blocks import blocks
from edge.sources.wfdb_replay import read_recording
from training.rhythm.folds import N_FOLDS
from training.rhythm.reference import labelled_alarms

FloatArray = npt.NDArray[np.float64]
SET, KIND = "cinc2015", "Ventricular_Tachycardia"
#: Neighbouring record numbers in one block.
BLOCK = 20
#: Networks of a member, each on a bootstrap sample; hidden units of each; weight of the squared weights in the loss.
_BAGS, _HIDDEN, _DECAY = 8, 6, 4.0
_KERNEL = Path("ecg/rhythm")


class LookRow(NamedTuple):
    """One alarm: "set/record", its fold, features float32 (n,), whether it was true."""

    group: str
    fold: int
    features: npt.NDArray[np.float32]
    true: bool


def dealt(alarms: Iterable[tuple[str, bool]]) -> dict[int, int]:
    """Fold of each block of record numbers: the blocks with most true alarms first, each to the fold with fewest so far.

    Args:
        alarms: Records of CinC 2015, "v123l", and whether their alarm is true.
    """
    count: dict[int, list[int]] = {}
    for record, true in alarms:
        counted = count.setdefault(int(record[1:4]) // BLOCK, [0, 0])
        counted[0] += int(true)
        counted[1] += 1
    folds: dict[int, int] = {}
    held = [[0, 0] for _ in range(N_FOLDS)]
    for block, (n_true, total) in sorted(count.items(), key=lambda item: (-item[1][0], -item[1][1], item[0])):
        fold = min(range(N_FOLDS), key=lambda k: (held[k], k))
        folds[block] = fold
        held[fold] = [held[fold][0] + n_true, held[fold][1] + total]
    return folds


def look_features(record: Path, model: RhythmModel) -> npt.NDArray[np.float32] | None:
    """LOOK_FEATURES at the end of a record, by the confirming profile's runs of beats."""
    rules = RhythmRules(model=model, witness=Witness())
    for beats, block in blocks(read_recording(str(record))):
        if block.signal_mv.shape[1]:
            rules.step(beats, block, CONFIRM, lethal_only=True)
    assert rules.witness is not None
    return rules.witness.features(rules.timeline)


def look_rows(data: Path, model_of: Callable[[str, str], RhythmModel]) -> list[LookRow]:
    """Rows of every alarm of ventricular tachycardia that stands in `data`.

    Args:
        data: Folder of data sets.
        model_of: Networks for a set and record; those that did not see it.
    """
    alarms = [alarm for alarm in labelled_alarms(data / SET) if alarm.kind == KIND]
    fold = dealt((alarm.record, alarm.true) for alarm in alarms)
    rows = []
    for alarm in alarms:
        features = look_features(data / SET / alarm.record, model_of(SET, alarm.record))
        if features is not None:
            rows.append(LookRow(f"{SET}/{alarm.record}", fold[int(alarm.record[1:4]) // BLOCK], features, alarm.true))
    return rows


def fit(rows: Sequence[LookRow], seed: int = 0) -> TinyNet:
    """A member: the mean of _BAGS small networks, side by side in one."""
    x = np.stack([row.features for row in rows]).astype(np.float64)
    y = np.array([row.true for row in rows], np.float64)
    mean, scale = x.mean(0), x.std(0) + 1e-6
    z = np.clip((x - mean) / scale, -5, 5)
    rng = np.random.default_rng(seed)
    bags = []
    for _ in range(_BAGS):
        pick = rng.integers(0, len(y), len(y))
        bags.append(_fit_one(z[pick], y[pick], rng))
    w1 = np.concatenate([bag[0] for bag in bags], axis=1)
    b1 = np.concatenate([bag[1] for bag in bags])
    w2 = np.concatenate([bag[2] for bag in bags])[:, None] / _BAGS
    b2 = np.array([np.mean([bag[3] for bag in bags])])
    return TinyNet(*(np.ascontiguousarray(a, np.float32) for a in (mean, scale, w1, b1, w2, b2)))


def _fit_one(
    z: FloatArray, y: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    n_in, h = z.shape[1], _HIDDEN
    bound = (6.0 / (n_in + h)) ** 0.5

    def parts(p: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, float]:
        return p[: n_in * h].reshape(n_in, h), p[n_in * h : -h - 1], p[-h - 1 : -1], float(p[-1])

    def loss(p: FloatArray) -> tuple[float, FloatArray]:
        w1, b1, w2, b2 = parts(p)
        hidden = np.tanh(z @ w1 + b1)
        odds = hidden @ w2 + b2
        total = np.mean(np.logaddexp(0.0, odds) - y * odds)
        delta = (1.0 / (1.0 + np.exp(-odds)) - y) / len(y)
        into = np.outer(delta, w2) * (1 - hidden**2)
        decay = _DECAY / len(y)
        gradient = [
            (z.T @ into + decay * w1).ravel(),
            into.sum(0),
            hidden.T @ delta + decay * w2,
            np.array([delta.sum()]),
        ]
        return float(total + 0.5 * decay * ((w1**2).sum() + (w2**2).sum())), np.concatenate(gradient)

    start = np.concatenate([rng.uniform(-bound, bound, n_in * h), np.zeros(h), rng.uniform(-bound, bound, h), [0.0]])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return parts(found.x)


def save(members: Sequence[TinyNet], rows: Sequence[LookRow]) -> None:
    """Writes weights and manifest."""
    weights = _KERNEL / "second_look.npz"
    arrays = {f"fold{i}_{part}": array for i, net in enumerate(members) for part, array in net._asdict().items()}
    np.savez_compressed(weights, **arrays)
    manifest = {
        "name": "second-look-at-ventricular-tachycardia",
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "features": list(LOOK_FEATURES),
        "members": len(members),
        "split": f"each member without one fold of {N_FOLDS}; a fold holds blocks of {BLOCK} neighbouring record numbers",
        "fold": {row.group: row.fold for row in rows},
    }
    (_KERNEL / "second_look.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Reads the recordings, fits, writes."""
    from training.evaluation.replay import unseen_model  # the networks of the fold that did not see a record

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    rows = look_rows(parser.parse_args().data, unseen_model)
    save([fit([row for row in rows if row.fold != fold], fold) for fold in range(N_FOLDS)], rows)


if __name__ == "__main__":
    main()
