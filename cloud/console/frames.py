"""Frames: strips as the page receives them over the WebSocket and from `?format=frame`. Version 1, little-endian.

Owns the binary format; `web/js/frames.js` reads it. Must not import Kafka, HTTP or the database.

    frame   "VS"  u8 version  u8 0  u16 n_strips  u16 0                                              8 bytes
    strip   u32 bed handle  u16 flags  u16 n_leads  u32 n_samples  u32 epoch
            f64 first_sample  f64 start_time_ms (UTC)  f64 fs_hz                                    40 bytes
    lead    f32 gain adu/mV  f32 baseline adu  u8 state  u8 name_len  14 bytes name, UTF-8          24 bytes, n_leads times
    samples int16, lead after lead, n_leads * n_samples; -32768 is "no sample"; zeros up to a multiple of 8

flags: bit 0 HISTORY, the strip was received before the page asked for this bed. state: 0 connected, 1 off.
f64 holds sample indices exactly up to 2**53. Every strip starts on a multiple of 8, so that a browser can look at the
samples in place. A bed's handle comes with its state message; it is good for one run of the console.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ecg.errors import InvalidSignal
from ecg.segments import Int16Array, Lead, LeadState

VERSION = 1
HISTORY = 1
#: Handle of a strip whose bed this run of the console has not seen.
NO_HANDLE = 0xFFFFFFFF
_FRAME = struct.Struct("<2sBBHH")
_STRIP = struct.Struct("<IHHIIddd")
_LEAD = struct.Struct("<ffBB14s")
_NAME_BYTES = 14
MAX_STRIPS = 0xFFFF

#: Which leads a small tile shows first: II shows P best, V5 and V1 come next in telemetry.
TILE_ORDER = ("II", "MLII", "V5", "V1", "I", "V2", "V4", "V", "MCL1")


class Stretch(Protocol):
    """Signal with its place in time: a segment, or a longer stretch out of the database."""

    @property
    def epoch(self) -> int: ...
    @property
    def first_sample(self) -> int: ...
    @property
    def start_time_ns(self) -> int: ...
    @property
    def fs_hz(self) -> float: ...
    @property
    def leads(self) -> tuple[Lead, ...]: ...
    @property
    def samples(self) -> Int16Array: ...


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """One strip of a frame as read back; samples int16 (n_leads, n_samples)."""

    handle: int
    flags: int
    epoch: int
    first_sample: int
    start_time_ms: float
    fs_hz: float
    leads: tuple[Lead, ...]
    samples: Int16Array


def tile_rows(leads: Sequence[Lead], n_leads: int) -> tuple[int, ...]:
    """Rows of the leads a tile with room for n_leads shows, in TILE_ORDER and then as the device orders them."""
    rank = {name: i for i, name in enumerate(TILE_ORDER)}
    rows = sorted(range(len(leads)), key=lambda row: (rank.get(leads[row].name, len(rank)), row))
    return tuple(rows[:n_leads])


def pack_strip(segment: Stretch, handle: int, flags: int = 0, rows: Sequence[int] | None = None) -> bytes:
    """One strip.

    Args:
        segment: What the bed sent.
        handle: The bed's number in this run of the console.
        flags: HISTORY or 0.
        rows: Leads to send, in this order; None sends all.

    Returns:
        Bytes to join into a frame.
    """
    chosen = range(len(segment.leads)) if rows is None else rows
    samples = segment.samples if rows is None else segment.samples[list(rows)]  # (n_leads, n_samples)
    parts = [
        _STRIP.pack(
            handle,
            flags,
            samples.shape[0],
            samples.shape[1],
            segment.epoch,
            float(segment.first_sample),
            segment.start_time_ns / 1e6,
            segment.fs_hz,
        )
    ]
    for row in chosen:
        lead = segment.leads[row]
        name = lead.name.encode()[:_NAME_BYTES]
        state = 1 if lead.state is LeadState.OFF else 0
        parts.append(_LEAD.pack(lead.gain_adu_per_mv, float(lead.baseline_adu), state, len(name), name))
    body = samples.astype("<i2", copy=False).tobytes()
    parts += [body, bytes(-len(body) % 8)]
    return b"".join(parts)


def pack_frame(strips: Sequence[bytes]) -> bytes:
    """A frame of at most MAX_STRIPS packed strips."""
    return _FRAME.pack(b"VS", VERSION, 0, len(strips), 0) + b"".join(strips)


def read_frame(frame: bytes) -> Iterable[Strip]:
    """The strips of a frame.

    Raises:
        InvalidSignal: Not a frame of this version, or cut short.
    """
    if len(frame) < _FRAME.size or frame[:2] != b"VS" or frame[2] != VERSION:
        raise InvalidSignal(f"{len(frame)} bytes are not a strip frame of version {VERSION}")
    n_strips = _FRAME.unpack_from(frame)[3]
    at = _FRAME.size
    for _ in range(n_strips):
        if at + _STRIP.size > len(frame):
            raise InvalidSignal(f"strip frame of {len(frame)} bytes is cut short at {at}")
        handle, flags, n_leads, n_samples, epoch, first_sample, start_ms, fs_hz = _STRIP.unpack_from(frame, at)
        at += _STRIP.size
        size = n_leads * n_samples * 2
        if at + n_leads * _LEAD.size + size > len(frame):
            raise InvalidSignal(f"strip frame of {len(frame)} bytes is cut short at {at}")
        leads = []
        for _row in range(n_leads):
            gain, baseline, state, length, name = _LEAD.unpack_from(frame, at)
            at += _LEAD.size
            leads.append(
                Lead(name[:length].decode(), gain, int(baseline), LeadState.OFF if state else LeadState.CONNECTED)
            )
        samples = np.frombuffer(frame, "<i2", n_leads * n_samples, at).reshape(n_leads, n_samples)
        at += size + (-size % 8)
        yield Strip(handle, flags, epoch, int(first_sample), start_ms, fs_hz, tuple(leads), samples)
