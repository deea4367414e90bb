"""Packs LUDB for training: one npz with conditioned leads and soft masks. Run: python -m training.delineator.pack.

Must not import torch: it runs where wfdb is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg.delineation.conditioning import FS_HZ, condition
from training.delineator.corpus import WaveMarks, read_marks, read_signal, record_paths


def soft_targets(
    marks: WaveMarks, fs_hz: float, n: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Masks (3, n) with fractional edges, peak heat maps (3, n) and the span (n,) where absence is known."""
    masks, peaks, known = np.zeros((3, n), np.float32), np.zeros((3, n), np.float32), np.zeros(n, bool)
    ratio, at = FS_HZ / fs_hz, np.arange(n)
    first, last = marks.span
    known[max(0, round(first * ratio)) : round(last * ratio) + 1] = True
    for row, wave in enumerate(marks.waves):
        for on, peak, off in wave * ratio:
            peaks[row] = np.maximum(peaks[row], np.exp(-0.5 * ((at - peak) / 2.0) ** 2))
            if on >= 0 and off > on:
                masks[row] = np.maximum(masks[row], np.clip(np.minimum(at - on, off - at) + 0.5, 0.0, 1.0))
            else:  # an end is missing: what lies about the peak is not known
                known[max(0, int(peak - 40)) : int(peak + 40)] = False
    return masks, peaks, known


def main() -> None:
    """Writes the pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("runs/delineator/ludb.npz"))
    args = parser.parse_args()
    rows: list[tuple[NDArray[np.float32], ...]] = []
    numbers = []
    for record in record_paths(args.data):
        signal, fs_hz = read_signal(record)
        leads = condition(signal, fs_hz).leads
        targets = [soft_targets(read_marks(record, lead), fs_hz, leads.shape[1]) for lead in range(len(leads))]
        rows.append((leads, *(np.stack(part) for part in zip(*targets, strict=True))))
        numbers.append(int(record.name))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    leads, masks, peaks, known = (np.stack(part) for part in zip(*rows, strict=True))
    np.savez(args.out, leads=leads, masks=masks, peaks=peaks, known=known, numbers=np.array(numbers))


if __name__ == "__main__":
    main()
