"""Trains the delineation network on a pack. Run: python -m training.delineator.train --out FILE [--half 0|1].

--half trains on one half of the records (even or odd numbers), for honest figures on the other; without it, on all.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from training.delineator.augment import Packed, crop
from training.delineator.network import DelineationNetwork

#: Cross entropy of the masks and of the peaks weigh alike; a peak's few samples count for more than the many without.
_PEAK_POSITIVE = 5.0


def load(path: Path, half: int | None) -> Packed:
    """The pack, of one half (0 even, 1 odd record numbers) or whole."""
    with np.load(path) as pack:
        keep = np.ones(len(pack["numbers"]), bool) if half is None else pack["numbers"] % 2 == half
        return Packed(*(pack[name][keep] for name in ("leads", "masks", "peaks", "known")))


def loss_of(logits: torch.Tensor, targets: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Mean over known samples of mask cross entropy and peak binary cross entropy."""
    masks, peaks = targets[:, :3], targets[:, 3:]
    none = (1 - masks.sum(1, keepdim=True)).clamp(0, 1)
    soft = torch.cat([none, masks], 1)
    mask_loss = -(soft * functional.log_softmax(logits[:, :4], 1)).sum(1)
    peak_loss = functional.binary_cross_entropy_with_logits(logits[:, 4:], peaks, reduction="none")
    peak_loss = (peak_loss * (1 + _PEAK_POSITIVE * peaks)).sum(1)
    return ((mask_loss + peak_loss) * weight).sum() / weight.sum()


def main() -> None:
    """Trains and writes the folded weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, default=Path("runs/delineator/ludb.npz"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=48)
    parser.add_argument("--init", type=Path, help="Go on from these weights, norms frozen.")
    parser.add_argument("--rate", type=float, default=4e-3, help="Highest learning rate.")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    packed, network = load(args.pack, args.half), DelineationNetwork()
    if args.init:
        with np.load(args.init) as folded:
            network.load(dict(folded))
    optimizer = torch.optim.AdamW(network.parameters(), lr=args.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, args.rate, total_steps=args.steps, pct_start=0.1)
    running, start_s = 0.0, time.monotonic()
    for step in range(args.steps):
        inputs, targets, weights = (
            np.stack(part) for part in zip(*(crop(rng, packed) for _ in range(args.batch)), strict=True)
        )
        loss = loss_of(network(torch.from_numpy(inputs)), torch.from_numpy(targets), torch.from_numpy(weights))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        running = 0.98 * running + 0.02 * loss.item() if step else loss.item()
        if step % 100 == 0:
            print(f"step {step} loss {running:.4f} {time.monotonic() - start_s:.0f} s", flush=True)
    network.eval()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(args.out, **network.export())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
