"""LUDB as training examples of the delineator: conditioned leads, wave masks and peaks at 250 Hz.

Owns the reading of LUDB's per-lead annotations. Must not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb
from numpy.typing import NDArray

#: LUDB's annotation files, in the order of its leads.
LEAD_EXTENSIONS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")
#: WFDB symbol of a wave's peak, by the order of the network's classes P, QRS, T.
WAVE_SYMBOLS = ("p", "N", "t")


@dataclass(frozen=True, slots=True, eq=False)
class WaveMarks:
    """One lead's annotations: int64 (n, 3) onset, peak, end in samples, by wave (P, QRS, T)."""

    p: NDArray[np.int64]
    qrs: NDArray[np.int64]
    t: NDArray[np.int64]

    @property
    def waves(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """P, QRS, T."""
        return self.p, self.qrs, self.t

    @property
    def span(self) -> tuple[int, int]:
        """First and last annotated sample: only in between does an absent mark mean an absent wave."""
        marks = np.concatenate([wave.ravel() for wave in self.waves])
        marks = marks[marks >= 0]
        return (int(marks.min()), int(marks.max())) if marks.size else (0, -1)


def read_marks(record: Path, lead: int) -> WaveMarks:
    """Reads the marks of one lead; -1 for an onset or end that stands without its bracket."""
    annotation = wfdb.rdann(str(record), LEAD_EXTENSIONS[lead])
    samples, symbols = annotation.sample, annotation.symbol
    found: dict[str, list[tuple[int, int, int]]] = {symbol: [] for symbol in WAVE_SYMBOLS}
    for k, symbol in enumerate(symbols):
        if symbol in found:
            on = int(samples[k - 1]) if k and symbols[k - 1] == "(" else -1
            off = int(samples[k + 1]) if k + 1 < len(symbols) and symbols[k + 1] == ")" else -1
            found[symbol].append((on, int(samples[k]), off))
    return WaveMarks(*(np.array(found[s], dtype=np.int64).reshape(-1, 3) for s in WAVE_SYMBOLS))


def record_paths(data_dir: Path) -> list[Path]:
    """The records in the folder laid out as LUDB's, in numerical order, without suffix."""
    headers = (data_dir / "ludb" / "data").glob("*.hea")
    return sorted((path.with_suffix("") for path in headers), key=number_of)


def half_of(record: Path) -> int:
    """The fixed half a record belongs to: 0 for even numbers, 1 for odd."""
    return number_of(record) % 2


def number_of(record: Path) -> int:
    """A record's number; -1 where its name is none (it is not one of LUDB's)."""
    return int(record.name) if record.name.isdigit() else -1


def read_signal(record: Path) -> tuple[NDArray[np.float32], float]:
    """(12, n) mV and the sampling frequency."""
    header = wfdb.rdrecord(str(record))
    return np.ascontiguousarray(header.p_signal.T, dtype=np.float32), float(header.fs)
