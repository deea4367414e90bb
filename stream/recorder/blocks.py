"""Block building: segments gathered into waveform blocks of contiguous sequence numbers, about 10 s each.

Pure: no database, no Kafka, no clock. A block ends where the sequence or the sample index jumps, where fs, gain or leads
change, and when it is flushed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ecg.blocks import CODEC, encode_block
from ecg.segments import Lead, LeadState, Segment

#: Longest block: the recorder flushes earlier; a source at many times real time may not.
MAX_BLOCK_S = 60.0


@dataclass(frozen=True, slots=True)
class WaveformBlock:
    """One row of waveform_block: sequence numbers [first_seq, end_seq) of one stream and epoch."""

    stream_id: str
    epoch: int
    first_seq: int
    end_seq: int
    start_time_ns: int
    first_sample: int
    n_samples: int
    fs_hz: float
    leads: tuple[Lead, ...]
    packed: bytes
    codec: int = CODEC


@dataclass(slots=True)
class _Open:
    segments: list[Segment] = field(default_factory=list)

    def continues(self, segment: Segment) -> bool:
        last = self.segments[-1]
        return (
            segment.epoch == last.epoch
            and segment.seq == last.seq + 1
            and segment.first_sample == last.end_sample
            and segment.fs_hz == last.fs_hz
            and segment.leads == last.leads
            and segment.end_sample - self.segments[0].first_sample <= MAX_BLOCK_S * segment.fs_hz
        )

    def close(self) -> WaveformBlock:
        first, last = self.segments[0], self.segments[-1]
        samples = np.concatenate([segment.samples for segment in self.segments], axis=1)
        return WaveformBlock(
            first.stream_id,
            first.epoch,
            first.seq,
            last.seq + 1,
            first.start_time_ns,
            first.first_sample,
            samples.shape[1],
            first.fs_hz,
            first.leads,
            encode_block(samples),
        )


class BlockBuilder:
    """Gathers segments per stream. A repeated segment is dropped; one out of order starts a block of its own."""

    def __init__(self) -> None:
        self._open: dict[str, _Open] = {}
        self._closed: list[WaveformBlock] = []
        self.repeated = 0

    def add(self, segment: Segment) -> None:
        """Takes one segment."""
        block = self._open.get(segment.stream_id)
        if block is not None:
            last = block.segments[-1]
            if segment.epoch == last.epoch and block.segments[0].seq <= segment.seq <= last.seq:
                self.repeated += 1
                return
            if block.continues(segment):
                block.segments.append(segment)
                return
            self._closed.append(block.close())
        self._open[segment.stream_id] = _Open([segment])

    def flush(self) -> list[WaveformBlock]:
        """Every block so far, open ones included; the builder is empty afterwards."""
        done = self._closed + [block.close() for block in self._open.values()]
        self._closed, self._open = [], {}
        return done

    def __len__(self) -> int:
        return len(self._closed) + len(self._open)


def leads_off(leads: tuple[Lead, ...]) -> list[bool]:
    """Per lead, whether the device said it was off."""
    return [lead.state is LeadState.OFF for lead in leads]
