"""Windows: the analysis unit, half-open sample ranges cut from a stream of segments.

Owns the Window type and the windower. Must not import anything above ecg.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from ecg.errors import InvalidSignal
from ecg.segments import INVALID_SAMPLE, FloatArray, Segment, millivolts, to_millivolts


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """[first_sample, end_sample) of one stream, in mV.

    Attributes:
        lead_names: One per row.
        signal_mv: float32 (n_leads, n_samples), read-only, NaN where nothing was received (a gap, a lead off).
        start_time_ns: UTC ns of first_sample.
    """

    stream_id: str
    epoch: int
    first_sample: int
    fs_hz: float
    start_time_ns: int
    lead_names: tuple[str, ...]
    signal_mv: FloatArray

    @property
    def end_sample(self) -> int:
        """Index after the last sample."""
        return self.first_sample + int(self.signal_mv.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.signal_mv.shape[1] / self.fs_hz)


@dataclass(slots=True)
class _Tail:
    """Segments of one stream that windows may still need, as they came."""

    epoch: int
    fs_hz: float
    lead_names: tuple[str, ...]
    end_sample: int
    next_window: int  # first_sample of the next window
    segments: deque[Segment] = field(default_factory=deque)


class Windower:
    """Cuts overlapping windows from streams, whatever the chunking.

    Windows start at multiples of the hop on the stream's own sample index (index 0 is the epoch's start), the first one
    at or after the first sample received. A window is due when a sample at or past its end has arrived; what was not
    received is NaN. A window of which nothing was received is not made.

        samples    0    .    10   .    20   .    30
        windows    [0 ------ 10)
                     [2 ------ 12)          length 10, hop 2
    """

    def __init__(self, length_s: float = 10.0, hop_s: float = 2.0) -> None:
        """Args: length and hop in seconds; both are rounded to samples at each stream's rate, the hop at least one."""
        if not 0 < hop_s <= length_s < math.inf:
            raise InvalidSignal(f"hop {hop_s} s must be positive and not above the window of {length_s} s")
        self.length_s, self.hop_s = length_s, hop_s
        self._tails: dict[str, _Tail] = {}

    def step(self, segment: Segment) -> list[Window]:
        """Takes a segment; returns the windows it completes, oldest first.

        Raises:
            InvalidSignal: It overlaps what was received, belongs to an older epoch, or changes rate or leads within one.
        """
        tail = self._admit(segment)
        length, hop = round(self.length_s * tail.fs_hz), max(1, round(self.hop_s * tail.fs_hz))
        tail.segments.append(segment)
        tail.end_sample = segment.end_sample
        windows = []
        while tail.next_window + length <= tail.end_sample:
            first = tail.next_window
            while tail.segments and tail.segments[0].end_sample <= first:
                tail.segments.popleft()
            if tail.segments[0].first_sample >= first + length:
                # nothing of it was received: go on with the first window that holds a sample
                ahead = tail.segments[0].first_sample - length + 1
                tail.next_window = max(first + hop, -(-ahead // hop) * hop)
                continue
            windows.append(self._cut(segment.stream_id, tail, first, length))
            tail.next_window += hop
        return windows

    def forget(self, stream_id: str) -> None:
        """Drops a stream; unknown ones are no error."""
        self._tails.pop(stream_id, None)

    def snapshot(self, stream_id: str) -> tuple[int, tuple[Segment, ...]]:
        """What a new windower needs to go on with a stream: its next window's first sample, and the segments kept.

        Raises:
            KeyError: The stream is unknown.
        """
        tail = self._tails[stream_id]
        return tail.next_window, tuple(tail.segments)

    def restore(self, next_window: int, segments: tuple[Segment, ...]) -> None:
        """Puts back what `snapshot` returned; windows already cut are not cut again.

        Raises:
            InvalidSignal: No segments, or they do not fit together.
        """
        if not segments:
            raise InvalidSignal("a windower's snapshot without segments")
        self.forget(segments[0].stream_id)
        for segment in segments:
            tail = self._admit(segment)
            tail.segments.append(segment)
            tail.end_sample = segment.end_sample
        tail.next_window = next_window

    def _admit(self, segment: Segment) -> _Tail:
        names = tuple(lead.name for lead in segment.leads)
        tail = self._tails.get(segment.stream_id)
        where = f"stream {segment.stream_id!r} epoch {segment.epoch} seq {segment.seq}"
        if tail is not None and segment.epoch < tail.epoch:
            raise InvalidSignal(f"{where}: epoch {tail.epoch} has begun")
        if tail is None or segment.epoch > tail.epoch:
            hop = max(1, round(self.hop_s * segment.fs_hz))
            first = -(-segment.first_sample // hop) * hop
            tail = _Tail(segment.epoch, segment.fs_hz, names, segment.first_sample, first)
            self._tails[segment.stream_id] = tail
        if segment.fs_hz != tail.fs_hz or names != tail.lead_names:
            raise InvalidSignal(
                f"{where}: {segment.fs_hz:g} Hz {names} within an epoch of {tail.fs_hz:g} Hz {tail.lead_names}"
            )
        if segment.first_sample < tail.end_sample:
            raise InvalidSignal(f"{where}: samples from {segment.first_sample} on, but {tail.end_sample} is next")
        return tail

    @staticmethod
    def _cut(stream_id: str, tail: _Tail, first: int, length: int) -> Window:
        inside = [s for s in tail.segments if s.end_sample > first and s.first_sample < first + length]
        leads = inside[0].leads  # the caller saw a segment inside
        if all(s.leads == leads for s in inside):  # one conversion for all of them
            adu = np.full((len(leads), length), INVALID_SAMPLE, np.int16)
            for s in inside:
                at, n = s.first_sample - first, s.samples.shape[1]
                part = s.samples if 0 <= at <= length - n else s.samples[:, max(0, -at) : length - at]
                adu[:, max(0, at) : at + n] = part
            signal_mv = to_millivolts(adu, leads)
        else:
            signal_mv = np.full((len(leads), length), np.nan, np.float32)
            for s in inside:
                begin, end = max(s.first_sample, first), min(s.end_sample, first + length)
                signal_mv[:, begin - first : end - first] = millivolts(s)[
                    :, begin - s.first_sample : end - s.first_sample
                ]
        signal_mv.flags.writeable = False
        start_time_ns = inside[0].time_ns_at(first)
        return Window(stream_id, tail.epoch, first, tail.fs_hz, start_time_ns, tail.lead_names, signal_mv)
