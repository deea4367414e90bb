"""Strips: the last seconds of every stream as the device sent them, for the cloud.

Owns cutting a strip at the device's own rate and gain. Pure.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ecg.segments import INVALID_SAMPLE, Segment

#: Length of what is sent to the cloud; the encoder's window and the reasoner's are the same.
STRIP_S = 10.0
_KEEP_S = 20.0


class Strips:
    """Keeps segments by reference: their samples are views of the messages they came in."""

    def __init__(self) -> None:
        self._streams: dict[str, deque[Segment]] = {}

    def add(self, segment: Segment) -> None:
        """Takes a segment whose turn it is."""
        kept = self._streams.get(segment.stream_id)
        if kept is None:
            kept = self._streams[segment.stream_id] = deque()
        elif kept[-1].epoch != segment.epoch or len(kept[-1].leads) != len(segment.leads):
            kept.clear()
        kept.append(segment)
        oldest = segment.end_sample - _KEEP_S * segment.fs_hz
        while kept[0].end_sample <= oldest:
            kept.popleft()

    def forget(self, stream_id: str) -> None:
        """Drops a stream; unknown ones are no error."""
        self._streams.pop(stream_id, None)

    def cut(self, stream_id: str, epoch: int, end_sample: int) -> Segment | None:
        """The STRIP_S up to end_sample as one segment; INVALID_SAMPLE where nothing was received.

        Args:
            end_sample: Where it ends; beyond what was received it ends with what was.

        Returns:
            The strip; None where nothing of it is kept.
        """
        kept = self._streams.get(stream_id)
        if not kept or kept[-1].epoch != epoch:
            return None
        newest = kept[-1]
        end = min(end_sample, newest.end_sample)
        first = max(0, end - round(STRIP_S * newest.fs_hz))
        parts = [s for s in kept if s.first_sample < end and s.end_sample > first]
        if not parts:
            return None
        samples = np.full((len(newest.leads), end - first), INVALID_SAMPLE, np.int16)  # (n_leads, n_samples)
        for part in parts:
            begin, stop = max(part.first_sample, first), min(part.end_sample, end)
            own = part.samples[:, begin - part.first_sample : stop - part.first_sample]
            samples[:, begin - first : stop - first] = own
        like = parts[-1]
        return Segment(stream_id, epoch, like.seq, first, like.fs_hz, like.time_ns_at(first), like.leads, samples)
