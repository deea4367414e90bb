"""RECORD arguments: WFDB records as the segments a bed would send, and windows of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ecg.errors import InvalidSignal
from ecg.segments import INVALID_SAMPLE, Segment, millivolts
from ecg.windows import Window
from edge.sources.wfdb_replay import Recording, read_recording

#: Any fixed start: a recording has no wall clock of ours.
START_NS = 1_600_000_000 * 1_000_000_000


def resolve(record: str) -> Path:
    """Path of a record without extension.

    Args:
        record: A path with or without .hea, or a bare name that stands somewhere below ./data.

    Raises:
        InvalidSignal: There is no such record, or several.
    """
    path = Path(record)
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


def segments(recording: Recording, stream_id: str, seconds: float = 1.0) -> Iterator[Segment]:
    """The recording as a bed sends it."""
    n = max(1, round(seconds * recording.fs_hz))
    for seq, first in enumerate(range(0, recording.samples.shape[1], n)):
        start_ns = START_NS + round(first * 1e9 / recording.fs_hz)
        part = np.ascontiguousarray(recording.samples[:, first : first + n])
        yield Segment(stream_id, 0, seq, first, recording.fs_hz, start_ns, recording.leads, part)


def nothing_after(recording: Recording, stream_id: str, seconds: float) -> Segment:
    """A segment without samples behind the end of a recording; its seq is above all of `segments`'."""
    n_samples = recording.samples.shape[1]
    start_ns = START_NS + round(n_samples * 1e9 / recording.fs_hz)
    shape = (len(recording.leads), max(1, round(seconds * recording.fs_hz)))
    nothing = np.full(shape, INVALID_SAMPLE, np.int16)
    return Segment(stream_id, 0, n_samples, n_samples, recording.fs_hz, start_ns, recording.leads, nothing)


def window(recording: Recording, name: str, from_s: float, to_s: float) -> Window:
    """[from_s, to_s) of a recording.

    Raises:
        InvalidSignal: The stretch is empty or not in the recording.
    """
    fs, n = recording.fs_hz, recording.samples.shape[1]
    if not (math.isfinite(from_s) and math.isfinite(to_s)):
        raise InvalidSignal(f"record {name}: {from_s:g} s to {to_s:g} s is no stretch of time")
    first, end = round(from_s * fs), min(round(to_s * fs), n)
    if not 0 <= first < end:
        raise InvalidSignal(f"record {name} has {n / fs:.1f} s; {from_s:g} s to {to_s:g} s is not in it")
    parts = []
    step = round(5 * fs)
    for start in range(first, end, step):
        chunk = np.ascontiguousarray(recording.samples[:, start : min(start + step, end)])
        parts.append(millivolts(Segment(name, 0, 0, start, fs, START_NS, recording.leads, chunk)))
    mv = np.concatenate(parts, axis=1)
    mv.flags.writeable = False
    start_ns = START_NS + round(first * 1e9 / fs)
    return Window(name, 0, first, fs, start_ns, tuple(lead.name for lead in recording.leads), mv)
