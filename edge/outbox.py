"""The outbox: everything an agent sends, in the order store, publish, delete on acknowledgement.

Owns the tie between the spool (disk) and the publisher (network): which rows are under way, which wait for backfill, and
what is declared when neither disk nor network takes a batch. Must not import devices nor sources.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from ecg.gaps import GapReason, GapRecord
from ecg.segments import Segment
from ecg.topics import BACKFILL, DEVICE_HEALTH, GAPS, SEGMENTS
from ecg.wire import encode_gap_record
from edge.batches import as_backfill
from edge.metrics import EdgeMetrics
from edge.publisher import Fate, Message, Outcome, Publisher
from edge.spool import Spool
from edge.spool_rows import Acked, Encoded, Kind, Note, SpoolFull, gaps_of, merge_gaps
from vigil.v1 import signal_pb2

_log = structlog.get_logger("vigil.edge.outbox")

_REMIND_NS = 30_000_000_000
#: Condition events kept in memory while the disk takes nothing and there is no network.
_MAX_LOOSE_NOTES = 5_000

Numbers = tuple[tuple[str, int, int], ...]  # (stream_id, epoch, seq) of each segment of a batch


@dataclass(frozen=True, slots=True)
class Packed:
    """A batch of this tick: its bytes and the segments in it."""

    payload: bytes
    segments: tuple[Segment, ...]


@dataclass(slots=True)
class Tick:
    """What one tick wants sent."""

    now_ns: int
    tick_s: float
    batches: Sequence[Packed] = ()
    gaps: Sequence[GapRecord] = ()
    notes: Sequence[Note] = ()
    health: Sequence[bytes] = ()
    next_seq: Mapping[str, int] = field(default_factory=dict)
    ended: Sequence[str] = ()  # streams that ended in good order


@dataclass(frozen=True, slots=True)
class _Loose:
    """A batch, gap or note the disk did not take: it lives in memory until the broker has it."""

    numbers: Numbers = ()
    gap: GapRecord | None = None
    note: Note | None = None


class Outbox:
    """Of one agent; used by the tick's thread alone.

    Args:
        spool: The disk.
        publisher: The network.
        metrics: Counters.
        backfill_bytes_s: Most that goes out of the spool per second.
    """

    def __init__(self, spool: Spool, publisher: Publisher, metrics: EdgeMetrics, backfill_bytes_s: int) -> None:
        self._spool, self._publisher, self._metrics = spool, publisher, metrics
        self._backfill_bytes_s, self._allowance = backfill_bytes_s, 0.0
        self._backlog: dict[int, tuple[str, ...]] = {}  # row: streams, in the order they will go
        self._late_under_way: dict[int, tuple[str, ...]] = {}
        self._streams_of: dict[int, tuple[str, ...]] = {}  # rows under way as live
        self._under_way: set[tuple[Kind, int]] = set()
        self._acked: list[Acked] = []
        self._loose_gaps: list[GapRecord] = []
        self._loose_notes: list[Note] = []
        self._now_ns = self._full_since_ns = self._full_said_ns = 0
        self.waiting: Counter[str] = Counter()
        for row in spool.batch_ids():
            payload = spool.batch(row) or b""
            segments = signal_pb2.SegmentBatch.FromString(payload).segments
            self._wait(row, tuple(segment.stream_id for segment in segments))
        if self._backlog:
            _log.info("spool_found", batches=len(self._backlog), segments=spool.waiting_segments)

    @property
    def waiting_batches(self) -> int:
        """Batches that wait for backfill."""
        return len(self._backlog) + len(self._late_under_way)

    def send(self, tick: Tick) -> None:
        """Stores, publishes, and learns what arrived. Never blocks on the network."""
        self._now_ns = tick.now_ns
        for outcome in self._publisher.outcomes():
            self._learn(outcome, tick.now_ns)
        gaps = [*self._loose_gaps, *tick.gaps]
        notes = [*self._loose_notes, *tick.notes]
        for gap in tick.gaps:
            self._metrics.gaps.labels(gap.reason.value).inc(gap.end_seq - gap.first_seq)
        stored = self._store(tick, gaps, notes)
        if stored is None:
            self._send_loose(gaps, notes)
        else:
            self._send_small()
        for i, batch in enumerate(tick.batches):
            self._send_live(batch, None if stored is None else stored[i], tick.now_ns)
        for payload in tick.health:
            self._publisher.offer(Message(DEVICE_HEALTH.name, payload))
        self._backfill(tick.tick_s)
        self._measure()

    def close(self) -> None:
        """Lets the network finish what is under way, and deletes from the disk what arrived."""
        self._publisher.close()
        for outcome in self._publisher.outcomes():
            self._learn(outcome, self._now_ns)
        with contextlib.suppress(SpoolFull):
            self._spool.commit([], self._loose_gaps, self._loose_notes, self._acked, {}, self._now_ns)

    # Disk

    def _store(self, tick: Tick, gaps: list[GapRecord], notes: list[Note]) -> tuple[int, ...] | None:
        """Row ids of the batches; None where the disk took nothing."""
        encoded = [Encoded(b.payload, len(b.segments), tick.now_ns) for b in tick.batches]
        try:
            stored = self._spool.commit(encoded, gaps, notes, self._acked, tick.next_seq, tick.now_ns, tick.ended)
        except SpoolFull as error:
            self._metrics.spool_failures.inc()
            self._say_full(str(error), tick.now_ns)
            return None
        finally:
            for row in self._spool.take_dropped():
                self._forget(row)
        if self._full_since_ns:
            _log.info("spool_writes_again", after_s=round((tick.now_ns - self._full_since_ns) / 1e9, 1))
            self._full_since_ns = 0
        self._acked, self._loose_gaps, self._loose_notes = [], [], []
        return stored.batches

    def _say_full(self, error: str, now_ns: int) -> None:
        if not self._full_since_ns:
            self._full_since_ns = now_ns
        elif now_ns - self._full_said_ns < _REMIND_NS:
            return
        self._full_said_ns = now_ns
        _log.error(
            "spool_takes_nothing", error=error, consequence="live only: what the network loses is declared a gap"
        )

    # Network

    def _send_live(self, batch: Packed, row: int | None, now_ns: int) -> None:
        if row is None:
            numbers = tuple((s.stream_id, s.epoch, s.seq) for s in batch.segments)
            if not self._publisher.offer(Message(SEGMENTS.name, batch.payload, _Loose(numbers))):
                self._lose(numbers, "neither disk nor network took it", now_ns)
            return
        streams = tuple(s.stream_id for s in batch.segments)
        if self._publisher.offer(Message(SEGMENTS.name, batch.payload, (Kind.BATCH, row, 0))):
            self._streams_of[row] = streams
        else:
            self._wait(row, streams)

    def _send_small(self) -> None:
        """Condition events and gaps that wait on disk, condition events first."""
        if not self._publisher.connected:
            return
        for row, note in self._spool.notes():
            self._send_row(Kind.NOTE, row, 0, note.topic, note.payload)
        for row, gap in self._spool.gaps():
            self._send_row(Kind.GAP, row, gap.end_seq, GAPS.name, encode_gap_record(gap))

    def _send_row(self, kind: Kind, row: int, end_seq: int, topic: str, payload: bytes) -> None:
        if (kind, row) not in self._under_way and self._publisher.offer(Message(topic, payload, (kind, row, end_seq))):
            self._under_way.add((kind, row))

    def _send_loose(self, gaps: list[GapRecord], notes: list[Note]) -> None:
        """While the disk takes nothing: straight to the network, what it does not take stays in memory."""
        self._loose_gaps = [
            gap for gap in gaps
            if not self._publisher.offer(Message(GAPS.name, encode_gap_record(gap), _Loose(gap=gap)))
        ]  # fmt: skip
        kept = [n for n in notes if not self._publisher.offer(Message(n.topic, n.payload, _Loose(note=n)))]
        self._loose_notes = kept[-_MAX_LOOSE_NOTES:]

    def _backfill(self, tick_s: float) -> None:
        most = self._backfill_bytes_s * max(tick_s, 1.0)
        self._allowance = min(most, self._allowance + self._backfill_bytes_s * tick_s)
        while self._backlog and self._allowance > 0 and self._publisher.room_for_late:
            row = next(iter(self._backlog))
            payload = self._spool.batch(row)
            if payload is None:
                self._forget(row)
                continue
            if not self._publisher.offer_late(Message(BACKFILL.name, as_backfill(payload), (Kind.BATCH, row, 0))):
                return
            self._late_under_way[row] = self._backlog.pop(row)
            self._allowance -= len(payload)

    # Outcomes

    def _learn(self, outcome: Outcome, now_ns: int) -> None:
        name = outcome.name
        if isinstance(name, _Loose):
            self._learn_loose(name, outcome.fate, now_ns)
            return
        assert isinstance(name, tuple)
        kind, row, end_seq = name
        self._under_way.discard((kind, row))
        if kind is Kind.BATCH:
            self._metrics.batches.labels(outcome.fate.value).inc()
            self._learn_batch(row, outcome.fate, now_ns)
        elif outcome.fate is not Fate.RETURNED:
            self._acked.append(Acked(kind, row, end_seq))

    def _learn_batch(self, row: int, fate: Fate, now_ns: int) -> None:
        live = self._streams_of.pop(row, None)
        late = self._late_under_way.pop(row, None)
        if fate is Fate.RETURNED:
            if live is not None:
                self._wait(row, live)
            elif late is not None:  # back where it was: at the front
                self._backlog = {row: late, **self._backlog}
            return
        if fate is Fate.REFUSED:
            segments = signal_pb2.SegmentBatch.FromString(self._spool.batch(row) or b"").segments
            numbers = tuple((s.stream_id, s.epoch, s.seq) for s in segments)
            self._lose(numbers, "the broker refused the message", now_ns)
        if late is not None:
            self.waiting.subtract(late)
        self._acked.append(Acked(Kind.BATCH, row))

    def _learn_loose(self, loose: _Loose, fate: Fate, now_ns: int) -> None:
        if fate is Fate.DELIVERED:
            return
        if loose.gap is not None:
            self._loose_gaps.append(loose.gap)
        elif loose.note is not None:
            self._loose_notes.append(loose.note)
        else:
            self._lose(loose.numbers, "the disk was full and the network failed", now_ns)

    def _lose(self, numbers: Numbers, why: str, now_ns: int) -> None:
        seqs: dict[tuple[str, int], list[int]] = {}
        for stream_id, epoch, seq in numbers:
            seqs.setdefault((stream_id, epoch), []).append(seq)
        lost = gaps_of(seqs, GapReason.SPOOL_DROPPED, why, now_ns)
        self._loose_gaps = merge_gaps([*self._loose_gaps, *lost])
        self._metrics.gaps.labels(GapReason.SPOOL_DROPPED.value).inc(len(numbers))
        self._metrics.batches.labels("lost").inc()

    # Backlog

    def _wait(self, row: int, streams: tuple[str, ...]) -> None:
        self._backlog[row] = streams
        self.waiting.update(streams)

    def _forget(self, row: int) -> None:
        """A row that is no longer on disk."""
        self._streams_of.pop(row, None)
        for rows in (self._backlog, self._late_under_way):
            streams = rows.pop(row, None)
            if streams is not None:
                self.waiting.subtract(streams)

    def _measure(self) -> None:
        self._metrics.connected.set(self._publisher.connected)
        self._metrics.spool_bytes.set(self._spool.waiting_bytes)
        self._metrics.spool_segments.set(self._spool.waiting_segments)
