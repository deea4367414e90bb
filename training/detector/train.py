"""Fits the detector's network: collect candidates, fit, collect again with the new network, fit again.

`python -m training.detector.train --data data --out runs/detector` writes detector.npz and its manifest. The rounds
matter: what a network remembers of a patient depends on what it accepted, so it must see its own company.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ecg.beats.detector_features import N_FEATURES
from ecg.beats.detector_model import DetectorModel, bootstrap_model
from training.detector.corpus import Corpus, collect

HIDDEN = (64, 24)
BATCH = 4096
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 1e-3


def fit(corpus: Corpus, seed: int, epochs: int) -> DetectorModel:
    """Fits one network to a corpus by weighted cross-entropy.

    Args:
        corpus: Candidates; features (n, N_FEATURES).
        seed: Of initial weights and batch order.
        epochs: Passes over the corpus, with a cosine learning rate.

    Returns:
        The network with the inputs' mean and scale folded in.
    """
    torch.manual_seed(seed)
    x, y, w = (torch.from_numpy(a) for a in (corpus.features, corpus.label.astype(np.float32), corpus.weight))
    mean, scale = x.mean(0), x.std(0) + 1e-3
    net = nn.Sequential(
        nn.Linear(N_FEATURES, HIDDEN[0]), nn.ReLU(), nn.Linear(HIDDEN[0], HIDDEN[1]), nn.ReLU(), nn.Linear(HIDDEN[1], 1)
    )
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * (len(x) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps + 1, pct_start=0.1)
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for first in range(0, len(x) - BATCH + 1, BATCH):
            pick = order[first : first + BATCH]
            logit = net((x[pick] - mean) / scale).squeeze(1)
            loss = (nn.functional.binary_cross_entropy_with_logits(logit, y[pick], reduction="none") * w[pick]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    parts = [p.detach().numpy() for p in net.parameters()]
    w1 = (parts[0] / scale.numpy()).T
    b1 = parts[1] - mean.numpy() @ w1
    arrays = (w1, b1, parts[2].T, parts[3], parts[4][0], parts[5])
    return DetectorModel(*(np.ascontiguousarray(a, np.float32) for a in arrays))


def main() -> None:
    """Runs the rounds and writes every round's network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("runs/detector"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--noisy-runs", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    model = bootstrap_model()
    for turn in range(options.rounds):
        begun = time.monotonic()
        corpus = collect(options.data, model, options.seed + turn, options.noisy_runs)
        collected = time.monotonic()
        last = turn == options.rounds - 1
        model = fit(corpus, options.seed, options.epochs * (2 if last else 1))
        np.savez(options.out / f"round{turn}.npz", **model._asdict())
        print(
            f"round {turn}: {len(corpus.label)} candidates, {corpus.label.mean():.3f} beats, "
            f"collected in {collected - begun:.0f} s, fitted in {time.monotonic() - collected:.0f} s",
            flush=True,
        )
    np.savez(options.out / "detector.npz", **model._asdict())


if __name__ == "__main__":
    main()
