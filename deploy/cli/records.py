"""RECORD arguments: where a WFDB record stands, and which of its leads are meant."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ecg.errors import InvalidSignal
from edge.sources.wfdb_replay import Recording, read_recording


def resolve(record: str) -> Path:
    """Path of a record without extension.

    Args:
        record: A path with or without .hea, or a bare name that stands somewhere below ./data.

    Raises:
        InvalidSignal: There is no such record, or several.
    """
    path = Path(record)
    if not path.name:
        raise InvalidSignal(f"{record!r} names no record")
    if path.suffix in (".hea", ".dat", ".mat"):
        path = path.with_suffix("")
    if Path(f"{path}.hea").exists():
        return path
    found = sorted(Path("data").rglob(f"{path.name}.hea")) if len(path.parts) == 1 else []
    if not found:
        raise InvalidSignal(f"record {record}: no header {path}.hea")
    if len(found) > 1:
        names = ", ".join(str(p.with_suffix("")) for p in found[:4])
        raise InvalidSignal(f"record {record} stands in several places: {names}; give the path")
    return found[0].with_suffix("")


def read(path: Path, leads: str | None = None) -> Recording:
    """The ECG of a record; leads as "0,1" (numbers among its ECG leads) or "II,V1" (names).

    Raises:
        InvalidSignal: The record or a lead is missing.
    """
    if not leads:
        return read_recording(str(path))
    wanted = [part.strip() for part in leads.split(",")]
    if not all(part.isdigit() for part in wanted):
        return read_recording(str(path), tuple(wanted))
    whole = read_recording(str(path))
    picked = [int(part) for part in wanted]
    if max(picked) >= len(whole.leads):
        raise InvalidSignal(f"record {path.name} has {len(whole.leads)} ECG leads, numbers 0 to {len(whole.leads) - 1}")
    return Recording(whole.fs_hz, tuple(whole.leads[i] for i in picked), np.ascontiguousarray(whole.samples[picked]))
