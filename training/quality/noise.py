"""Fits the two networks of noise: `python -m training.quality.noise --data data`.

One names muscle noise and electrode motion, the other tells noise alone, where no ECG can be read. Owns the fit, the
cross-validation by record, the limits and the file. Torch is imported here alone.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import ecg.quality
from ecg.quality.noise import ENVELOPE_MEAN, FEATURES, FULL_BAND, N_FEATURES
from ecg.rhythm.tiny_net import TinyNet
from ecg.segments import FloatArray
from training.evaluation.laid_problems import NOISES
from training.quality.noise_corpus import N_TARGETS, NAMED, UNKNOWN, Seconds, corpus

FOLDS, N_HIDDEN, DECAY, BATCH = 5, 16, 1e-4, 2048
#: Rounds over the corpus for the names, and for noise alone.
EPOCHS = (60, 40)
#: Rhythms that must not be taken for noise alone: each group counts as if it were so many times as long.
GRAVE = {"vfdb ASYS": 20, "vfdb VF": 40, "vfdb VFIB": 40, "vfdb VFL": 40, "vfdb VT": 8, "cudb VF": 40}
#: ... and for what they must not be named.
GRAVE_NAMED = {"vfdb ASYS": 20}
#: Share of the clean records' lead-seconds that may be called each of NAMED, by networks that did not see the record.
FALSE_SHARE = 0.015
#: Share of vfdb's lead-seconds of fibrillation and flutter that may be called noise alone, likewise.
FALSE_SHARE_VF, _VF = 0.01, ("vfdb VF", "vfdb VFIB", "vfdb VFL")


def fold_of(record: str) -> int:
    """By a hash of the name; 201 and 202 are one subject, and only 201 is in the corpus."""
    return int(hashlib.sha256(record.encode()).hexdigest(), 16) % FOLDS


def named_targets(one: Seconds) -> npt.NDArray[np.int8]:
    """(n, 2): muscle noise and electrode motion."""
    return one.target[:, : len(NAMED)]


def alone_targets(one: Seconds) -> npt.NDArray[np.int8]:
    """(n, 1): noise alone; unknown where the band is not full, for nothing is called there."""
    full = one.features[:, ENVELOPE_MEAN] >= FULL_BAND
    return np.where(full, one.target[:, -1], UNKNOWN)[:, None].astype(np.int8)


def fit(seconds: list[Seconds], alone: bool, seed: int = 0) -> TinyNet:
    """The network of the least cross-entropy over the known targets.

    Each target's two sides have one weight; within the side without it mitdb's groups and the other folders' weigh the same
    in sum, where the grave rhythms weigh more.

    Args:
        seconds: The corpus.
        alone: Whether to learn noise alone, else the names.
        seed: Of the weights and the order.
    """
    targets = [(alone_targets if alone else named_targets)(one) for one in seconds]
    x, target = np.concatenate([one.features for one in seconds]), np.concatenate(targets).astype(np.float32)
    outside = np.repeat([not one.record.startswith("mitdb/") for one in seconds], [len(t) for t in targets])
    grave = GRAVE if alone else GRAVE_NAMED
    graveness = np.repeat([float(grave.get(one.group, 1)) for one in seconds], [len(t) for t in targets])
    weight = np.zeros(target.shape, np.float32)
    for k in range(target.shape[1]):
        sides = (target[:, k] == 1, (target[:, k] == 0) & ~outside, (target[:, k] == 0) & outside)
        for side, share in zip(sides, (0.5, 0.25, 0.25), strict=True):
            weight[side, k] = share * len(x) * graveness[side] / max(1.0, graveness[side].sum())
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
    inputs = torch.from_numpy(np.clip((x - mean) / scale, -5, 5).astype(np.float32))
    wanted, weights = torch.from_numpy(np.maximum(target, 0)), torch.from_numpy(weight)
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(N_FEATURES, N_HIDDEN), torch.nn.Tanh(), torch.nn.Linear(N_HIDDEN, target.shape[1])
    )
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS[alone])
    for _ in range(EPOCHS[alone]):
        for rows in torch.randperm(len(x)).split(BATCH):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(inputs[rows]), wanted[rows], weights[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    w1, b1, w2, b2 = (p.detach().numpy().astype(np.float32) for p in net.parameters())
    return TinyNet(mean.astype(np.float32), scale.astype(np.float32), w1.T.copy(), b1, w2.T.copy(), b2)


def log_odds(net: TinyNet, features: FloatArray) -> FloatArray:
    """(n, n_out), the same as ecg.rhythm.tiny_net.forward."""
    x = np.clip((features - net.mean) / net.scale, -5, 5)
    return np.asarray(np.tanh(x @ net.w1 + net.b1) @ net.w2 + net.b2, np.float32)


def cross_validated(seconds: list[Seconds]) -> list[FloatArray]:
    """(n, N_TARGETS) log odds of each by networks that did not see its record; -inf where the band is not full."""
    fold = [fold_of(one.record) for one in seconds]
    made = [np.zeros((len(one.features), N_TARGETS), np.float32) for one in seconds]
    for k in range(FOLDS):
        known = [one for one, f in zip(seconds, fold, strict=True) if f != k]
        named, alone = fit(known, alone=False), fit(known, alone=True)
        for one, f, odds in zip(seconds, fold, made, strict=True):
            if f == k:
                odds[:, :-1], odds[:, -1:] = log_odds(named, one.features), log_odds(alone, one.features)
                odds[one.features[:, ENVELOPE_MEAN] < FULL_BAND, -1] = -np.inf
    return made


def limits(seconds: list[Seconds], unseen: list[FloatArray]) -> FloatArray:
    """(N_TARGETS,) log odds from which each target is called."""
    clean = np.concatenate([odds for one, odds in zip(seconds, unseen, strict=True) if one.group == "clean"])
    fibrillation = np.concatenate([odds for one, odds in zip(seconds, unseen, strict=True) if one.group in _VF])
    named = np.quantile(clean[:, :-1], 1 - FALSE_SHARE, axis=0)
    # "higher": between a finite and an infinite value there is nothing to interpolate
    return np.append(named, np.quantile(fibrillation[:, -1], 1 - FALSE_SHARE_VF, method="higher")).astype(np.float32)


def main() -> None:
    """Cross-validates, sets the limits, fits on everything and writes the file beside ecg/quality/noise.py."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    seconds = corpus(options.data, print)
    unseen = cross_validated(seconds)
    limit = limits(seconds, unseen)
    called: dict[str, list[float]] = {}
    for group in sorted({one.group for one in seconds}):
        odds = np.concatenate([o for one, o in zip(seconds, unseen, strict=True) if one.group == group])
        called[group] = [round(float(share), 4) for share in (odds > limit).mean(axis=0)]
        shares = "muscle {:.3f}, motion {:.3f}, noise alone {:.3f}".format(*called[group])
        print(f"{group:34s} {len(odds):6d} lead-seconds, called {shares}")
    kept = io.BytesIO()
    named, alone = fit(seconds, alone=False), fit(seconds, alone=True)
    arrays = {f"named_{part}": value for part, value in named._asdict().items()}
    np.savez(kept, limit=limit, **arrays, **{f"alone_{part}": value for part, value in alone._asdict().items()})
    manifest = {
        "name": "quality-noise",
        "sha256": hashlib.sha256(kept.getvalue()).hexdigest(),
        "features": FEATURES,
        "fitted_on": sorted({one.record for one in seconds} | {f"nstdb/{name}, first two thirds" for name in NOISES}),
        "cross_validated_share_called": called,
    }
    folder = Path(str(ecg.quality.__path__[0]))
    (folder / "noise_model.npz").write_bytes(kept.getvalue())
    (folder / "noise_model.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
