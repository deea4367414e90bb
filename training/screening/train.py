"""Trains the screening encoder: read windows, train with lead dropout, calibrate, choose thresholds, measure, export.

    python -m training.screening.train --data data --out deploy/models/screening

Smoke run of every stage: add --epochs 1 --limit 40.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ecg.intervals import bootstrap
from training.screening.export import export, write_manifest
from training.screening.labels import FLAGGING, LABELS
from training.screening.network import ScreeningNetwork
from training.screening.readers import READERS, Example

console = Console(stderr=True)
_MAX_LEADS = 4  # in training; fewer leads teach that any lead must do, and cost less


def read(data: Path, limit: int | None) -> list[Example]:
    """Every window of every data set that is there."""
    found: list[Example] = []
    for name, reader in READERS.items():
        if not (data / name).is_dir():
            console.print(f"[yellow]{name}: not in {data}, left out[/]")
            continue
        its = []
        for example in reader(data):
            its.append(example)
            if limit and len(its) >= 40 * limit:
                break
        if limit:
            its = its[:: max(1, len(its) // limit)]
        console.print(f"{name}: {len(its)} windows of {len({e.record for e in its})} records")
        found += its
    if not found:
        raise click.ClickException(f"no data sets in {data}")
    return found


def batch_of(examples: Sequence[Example], rng: np.random.Generator | None) -> tuple[torch.Tensor, ...]:
    """(signal, lead_index, lead_mask, target, quality); with rng augmented: lead dropout, gain, noise, polarity stays."""
    n_leads = [min(len(e.lead_index), _MAX_LEADS) if rng is not None else len(e.lead_index) for e in examples]
    if rng is not None:
        n_leads = [int(rng.integers(1, n + 1)) for n in n_leads]
    widest = max(n_leads)
    signal = np.zeros((len(examples), widest, examples[0].signal.shape[1]), np.float32)
    index = np.full((len(examples), widest), 12, np.int64)
    mask = np.zeros((len(examples), widest), np.float32)
    for row, (e, n) in enumerate(zip(examples, n_leads, strict=True)):
        chosen = np.arange(n) if rng is None else rng.choice(len(e.lead_index), n, replace=False)
        x = e.signal[chosen].astype(np.float32)
        if rng is not None:
            x = _augment(x, rng)
        signal[row, :n], index[row, :n], mask[row, :n] = x, e.lead_index[chosen], 1
    if rng is not None:
        index[rng.random(index.shape) < 0.1] = 12  # a name nobody knows must do too
    target = np.stack([e.target for e in examples])
    quality = np.array([e.quality for e in examples], np.float32)
    return tuple(map(torch.from_numpy, (signal, index, mask, target, quality)))


def _augment(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 2500): gain, shift in time, a little noise."""
    x = np.roll(x * rng.uniform(0.7, 1.4), int(rng.integers(-400, 400)), axis=1)
    if rng.random() < 0.3:
        x = x + rng.normal(0, rng.uniform(0.005, 0.05), x.shape)
    return x.astype(np.float32)


def masked_loss(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy over what is known; weight (n_labels,) of positives."""
    known = ~torch.isnan(target)
    raw = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.nan_to_num(target), pos_weight=weight, reduction="none"
    )
    return (raw * known).sum() / known.sum().clamp(min=1)


def fit(network: ScreeningNetwork, train: list[Example], epochs: int, per_epoch: int, rng: np.random.Generator) -> None:
    """Adam with one-cycle learning rate; windows drawn so that rare labels and small data sets are seen."""
    targets = np.stack([e.target for e in train])
    positive = np.nansum(targets, 0)
    rarity = np.nan_to_num(np.where(targets == 1, 1 / np.sqrt(np.maximum(positive, 1)), 0)).max(1)
    sets = np.array([e.record.split("/")[0] for e in train])
    size = {name: (sets == name).sum() for name in set(sets)}
    draw = rarity / rarity.mean() + np.array([1 / np.sqrt(size[s]) for s in sets]) * np.sqrt(len(train))
    draw /= draw.sum()
    steps = max(1, per_epoch // 64)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, epochs * steps + 1)
    weight = torch.full((len(LABELS),), 1.5)
    for epoch in range(epochs):
        network.train()
        losses = []
        for _ in track(range(steps), f"epoch {epoch + 1}/{epochs}", console=console, transient=True):
            rows = rng.choice(len(train), 64, p=draw)
            signal, index, mask, target, quality = batch_of([train[i] for i in rows], rng)
            logits, q, _ = network(signal, index, mask)
            loss = masked_loss(logits, target, weight) + 0.3 * masked_loss(q[:, None], quality[:, None], torch.ones(1))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss))
        console.print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")


@torch.no_grad()
def predict(network: ScreeningNetwork, examples: list[Example]) -> tuple[np.ndarray, np.ndarray]:
    """(logits (n, n_labels), quality logits (n,)), all leads, no augmentation."""
    network.eval()
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].lead_index))
    logits, quality = np.zeros((len(examples), len(LABELS))), np.zeros(len(examples))
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        signal, index, mask, _, _ = batch_of([examples[i] for i in rows], None)
        out, q, _ = network(signal, index, mask)
        logits[rows], quality[rows] = out.numpy(), q.numpy()
    return logits, quality


def calibrate(network: ScreeningNetwork, tune: list[Example]) -> dict[str, float]:
    """Platt scaling per label on the tuning split; thresholds of best F1 there."""
    logits, _ = predict(network, tune)
    target = np.stack([e.target for e in tune])
    thresholds = {}
    for column, label in enumerate(LABELS):
        known = ~np.isnan(target[:, column])
        x, y = logits[known, column], target[known, column]
        if y.sum() < 5 or (1 - y).sum() < 5:
            thresholds[label] = 0.5
            continue
        platt = LogisticRegression(C=10).fit(x[:, None], y)
        network.scale[column], network.shift[column] = float(platt.coef_[0, 0]), float(platt.intercept_[0])
        p = platt.predict_proba(x[:, None])[:, 1]
        grid = np.linspace(0.2, 0.95, 76)
        f1 = [2 * (y * (p >= t)).sum() / max((p >= t).sum() + y.sum(), 1) for t in grid]
        thresholds[label] = round(float(grid[int(np.argmax(f1))]), 3)
    return {label: thresholds[label] for label in FLAGGING}


def measure(network: ScreeningNetwork, test: list[Example]) -> dict[str, float]:
    """AUROC per label on the test split, with a 95 % interval by bootstrap over records; all data sets together."""
    logits, quality = predict(network, test)
    target = np.stack([e.target for e in test])
    columns = [(label, logits[:, i], target[:, i]) for i, label in enumerate(LABELS)]
    columns.append(("quality", quality, np.array([e.quality for e in test])))
    figures: dict[str, float] = {}
    for label, score, truth in columns:
        known = ~np.isnan(truth)
        if len(set(truth[known])) < 2:
            continue
        groups: dict[str, list[int]] = {}
        for i in np.flatnonzero(known):
            groups.setdefault(test[int(i)].record, []).append(int(i))
        figures[f"auroc_{label}"] = round(float(roc_auc_score(truth[known], score[known])), 4)
        interval = bootstrap(list(groups.values()), functools.partial(_auroc, score=score, truth=truth))
        low, high = interval.low, interval.high
        if low is not None and high is not None:
            figures[f"auroc_{label}_low"], figures[f"auroc_{label}_high"] = round(low, 4), round(high, 4)
        figures[f"n_{label}"] = int(known.sum())
        console.print(
            f"{label:8} AUROC {figures[f'auroc_{label}']:.3f} ({low}, {high}) n={known.sum()} records={len(groups)}"
        )
    return figures


def _auroc(groups: Sequence[Sequence[int]], score: np.ndarray, truth: np.ndarray) -> float | None:
    """AUROC of some records; None where they are all of one class."""
    rows = np.concatenate([np.asarray(g) for g in groups])
    return float(roc_auc_score(truth[rows], score[rows])) if len(set(truth[rows])) == 2 else None


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=Path("data"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("deploy/models/screening"), show_default=True)
@click.option("--epochs", default=16, show_default=True)
@click.option("--per-epoch", default=9600, show_default=True, help="Windows drawn in an epoch.")
@click.option("--limit", type=int, help="At most this many windows of each data set (smoke runs).")
@click.option("--seed", default=7, show_default=True)
def main(data: Path, out: Path, epochs: int, per_epoch: int, limit: int | None, seed: int) -> None:
    """Train the screening encoder on the recordings in DATA and write model.onnx and manifest.json to OUT."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    rng = np.random.default_rng(seed)
    examples = read(data, limit)
    by_split = {split: [e for e in examples if e.split == split] for split in ("train", "tune", "test")}
    network = ScreeningNetwork()
    console.print(
        f"{sum(p.numel() for p in network.parameters())} parameters, " + str({k: len(v) for k, v in by_split.items()})
    )
    fit(network, by_split["train"], epochs, per_epoch if not limit else 128, rng)
    thresholds = calibrate(network, by_split["tune"])
    metrics = measure(network, by_split["test"])
    records = sorted({e.record for e in by_split["train"] + by_split["tune"]})
    revision = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    export(network, out)
    write_manifest(
        out,
        thresholds=thresholds,
        metrics=metrics,
        records=records,
        data_sha256=hashlib.sha256("\n".join(records).encode()).hexdigest(),
        git_revision=revision,
    )
    console.print(f"wrote {out}: " + json.dumps(thresholds))


if __name__ == "__main__":
    main()
