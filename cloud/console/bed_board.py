"""Bed board: what the console knows of every bed from segments, vitals and device health.

Owns the beds' state and the ring of their latest segments. Batches are parsed once and their samples stay packed: only
beds that somebody looks at are unpacked (DESIGN.md §5: 0.05 ms of CPU per bed and second). Must not import Kafka, HTTP
or the database, and has no clock: the caller says what time it is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from cloud.console.frames import HISTORY, pack_strip, tile_rows
from cloud.console.sequence import SequenceCount
from cloud.console.trend import HeartRateTrend
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceHealth
from ecg.segments import Segment
from ecg.wire import segment_from_proto
from ecg.wire.parse import parse
from vigil.v1 import screening_pb2, signal_pb2

#: After this many seconds without signal a strip is greyed: data arrive each second and may take 2 s (CLINICAL.md §3).
STALE_S = 5.0
#: Nobody watches more beds on one screen (CLINICAL.md §4).
MAX_BEDS_IN_VIEW = 48
MAX_TILE_LEADS = 12


@dataclass(slots=True, eq=False)
class Bed:
    """One bed. `recent` holds messages with packed samples, newest last."""

    stream_id: str
    handle: int
    agent_id: str
    sequence: SequenceCount
    recent: deque[signal_pb2.Segment]
    received_s: float = 0.0
    signal_time_ns: int = 0
    vitals: screening_pb2.Vitals | None = None
    health: DeviceHealth | None = None
    lead_names: tuple[str, ...] = ()
    fs_hz: float = 0.0
    rejected: str = ""
    trend: HeartRateTrend = field(default_factory=HeartRateTrend)


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """What one message changed: segments by bed, and how old the batch was (None for backfill)."""

    segments: tuple[tuple[Bed, signal_pb2.Segment], ...]
    age_s: float | None
    new_beds: tuple[Bed, ...]


class BedBoard:
    """Every bed seen since the console started.

    Args:
        buffer_segments: Segments kept per bed.
    """

    def __init__(self, buffer_segments: int = 40) -> None:
        self.beds: dict[str, Bed] = {}
        self.by_handle: list[Bed] = []
        self._buffer_segments = buffer_segments

    def _bed(self, stream_id: str, agent_id: str, epoch: int, seq: int) -> Bed:
        bed = self.beds.get(stream_id)
        if bed is None:
            recent: deque[signal_pb2.Segment] = deque(maxlen=self._buffer_segments)
            bed = Bed(stream_id, len(self.by_handle), agent_id, SequenceCount(epoch, seq, seq), recent)
            self.beds[stream_id] = bed
            self.by_handle.append(bed)
        return bed

    def on_segments(self, payload: bytes, now_ns: int, now_s: float) -> Arrival:
        """Takes a SegmentBatch.

        Args:
            payload: The message.
            now_ns: UTC ns.
            now_s: Monotonic seconds.

        Raises:
            InvalidSignal: Where the envelope cannot be read; a bad segment inside shows when it is unpacked.
        """
        batch = parse(signal_pb2.SegmentBatch, payload)
        taken: list[tuple[Bed, signal_pb2.Segment]] = []
        known = len(self.by_handle)
        for segment in batch.segments:
            stream_id = segment.stream_id
            if not 1 <= len(stream_id) <= 64:
                continue  # the stream dead-letters it
            bed = self.beds.get(stream_id) or self._bed(stream_id, batch.agent_id, segment.epoch, segment.seq)
            newest = (bed.sequence.epoch, bed.sequence.next_seq)
            older = bool(bed.recent) and (segment.epoch, segment.seq) < newest
            bed.sequence.see(segment.epoch, segment.seq)
            if batch.backfill or older:
                continue
            if not bed.recent or len(segment.leads) != len(bed.lead_names) or segment.epoch != bed.recent[-1].epoch:
                bed.lead_names = tuple(lead.name for lead in segment.leads)
                bed.fs_hz = segment.fs_hz
            bed.recent.append(segment)
            bed.received_s, bed.signal_time_ns, bed.agent_id = now_s, segment.start_time_ns, batch.agent_id
            taken.append((bed, segment))
        age_s = None if batch.backfill or not batch.sent_time_ns else (now_ns - batch.sent_time_ns) / 1e9
        return Arrival(tuple(taken), age_s, tuple(self.by_handle[known:]))

    def on_vitals(self, payload: bytes) -> tuple[Bed, ...]:
        """Takes a VitalsBatch; returns the beds it speaks of that are known.

        Raises:
            InvalidSignal: Where it cannot be read.
        """
        changed: list[Bed] = []
        for vitals in parse(screening_pb2.VitalsBatch, payload).vitals:
            bed = self.beds.get(vitals.stream_id)
            if bed is None or (bed.vitals is not None and _order(vitals) <= _order(bed.vitals)):
                continue
            bed.vitals = vitals
            rate = vitals.heart_rate_bpm if vitals.HasField("heart_rate_bpm") else None
            bed.trend.add(vitals.time_ns / 1e9, rate)
            changed.append(bed)
        return tuple(changed)

    def expect(self, stream_id: str, agent_id: str) -> Bed | None:
        """A bed that must be there though it has sent nothing to this console; None where it is known."""
        return None if stream_id in self.beds else self._bed(stream_id, agent_id, 0, 0)

    def on_health(self, health: DeviceHealth) -> Bed:
        """Takes what an agent says of a device; a bed may be known by its health alone."""
        bed = self._bed(health.stream_id, health.agent_id, health.epoch, health.next_seq)
        bed.health = health
        return bed

    def pack(self, bed: Bed, message: signal_pb2.Segment, n_leads: int | None, flags: int = 0) -> bytes | None:
        """One segment as a strip of a frame; None where it is not fit to be drawn (bed.rejected says why).

        Args:
            bed: Its bed.
            message: The segment.
            n_leads: Leads to send, None for all.
            flags: HISTORY or 0.
        """
        try:
            segment = segment_from_proto(message)
        except InvalidSignal as error:
            bed.rejected = str(error)
            return None
        rows = None if n_leads is None else tile_rows(segment.leads, n_leads)
        return pack_strip(segment, bed.handle, flags, rows)

    def pack_recent(self, bed: Bed, n_leads: int | None, seconds: float = 10.0) -> list[bytes]:
        """The last seconds of a bed as strips marked HISTORY, oldest first."""
        packed = (self.pack(bed, m, n_leads, HISTORY) for m in _last(bed.recent, seconds))
        return [strip for strip in packed if strip is not None]

    def segments_between(self, stream_id: str, epoch: int, first_sample: int, end_sample: int) -> list[Segment]:
        """Good segments in memory that overlap [first_sample, end_sample), oldest first."""
        bed = self.beds.get(stream_id)
        found: list[Segment] = []
        for message in bed.recent if bed else ():
            last = message.first_sample + message.n_samples
            if message.epoch == epoch and message.first_sample < end_sample and last > first_sample:
                try:
                    found.append(segment_from_proto(message))
                except InvalidSignal:
                    continue  # the strip shows a hole there
        return found


def _order(vitals: screening_pb2.Vitals) -> tuple[int, int]:
    return vitals.epoch, vitals.seq


def _last(recent: deque[signal_pb2.Segment], seconds: float) -> list[signal_pb2.Segment]:
    chosen: list[signal_pb2.Segment] = []
    for message in reversed(recent):
        if chosen and (message.epoch != chosen[-1].epoch or seconds <= 0):
            break
        seconds -= message.n_samples / max(message.fs_hz, 1.0)
        chosen.append(message)
    return chosen[::-1]
