"""Recordings as the segments a bed would send, and as windows.

Owns the cutting; reading is edge.sources.wfdb_replay's. Must not run anything.
"""

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


def whole_window(path: Path) -> Window:
    """The ECG of a whole record as one window, in mV whatever the unit of its header.

    Raises:
        InvalidSignal: The record cannot be read.
    """
    recording = read_recording(str(path))
    return window(recording, path.name, 0.0, recording.samples.shape[1] / recording.fs_hz)
