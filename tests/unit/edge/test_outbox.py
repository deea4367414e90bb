"""The outbox: store, publish, delete on acknowledgement, whatever the network and the disk do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ecg.gaps import GapReason, GapRecord
from ecg.segments import Lead, Segment
from ecg.topics import BACKFILL, EDGE_CONDITIONS, GAPS, SEGMENTS
from ecg.wire import decode_gap_record, decode_segment_batch
from edge.batches import as_backfill, pack
from edge.metrics import EdgeMetrics
from edge.outbox import Outbox, Packed, Tick
from edge.publisher import Fate, Message
from edge.spool import Spool
from edge.spool_rows import Acked, Encoded, Note, SpoolFull, Stored
from tests.unit.edge.edge_harness import HandNetwork
from vigil.v1 import signal_pb2

UTC = 1_700_000_000_000_000_000
Number = tuple[str, int, int]


class HandDisk(Spool):
    """A spool whose disk can be said to be full."""

    full = False

    def commit(
        self,
        batches: Sequence[Encoded],
        gaps: Sequence[GapRecord],
        notes: Sequence[Note],
        acked: object,
        next_seq: object,
        now_ns: int,
        ended: Sequence[str] = (),
    ) -> Stored:
        """Refuses while full."""
        if self.full:
            raise SpoolFull("no space left")
        assert isinstance(acked, list) and isinstance(next_seq, dict)
        kept: list[Acked] = acked
        return super().commit(batches, gaps, notes, kept, next_seq, now_ns, ended)


class Bench:
    """An outbox with its network and disk in hand, and the books of what was made and what arrived."""

    def __init__(self, path: Path, max_bytes: int = 1_000_000) -> None:
        self.path, self.max_bytes = path, max_bytes
        self.network = HandNetwork()
        self.made: set[Number] = set()
        self.seq = 0
        self.now_ns = UTC
        self.arrived: list[Message] = []
        self.open()

    def open(self) -> None:
        """Opens the spool and all on it, as a start of the agent does."""
        self.disk = HandDisk(self.path, self.max_bytes)
        self.outbox = Outbox(self.disk, self.network, EdgeMetrics(), 1_000_000)

    def crash(self) -> None:
        """Ends without a word, and starts again."""
        self.arrived += self.network.arrived
        up = self.network.up
        self.disk.close()
        self.network = HandNetwork()
        self.network.up = up
        self.open()

    def tick(self, n_streams: int = 2, notes: Sequence[Note] = (), health: Sequence[bytes] = ()) -> None:
        """A second of signal."""
        segments = [
            Segment(f"bed-{i}", 1, self.seq, self.seq * 250, 250.0, UTC, (Lead("II"),), np.ones((1, 250), np.int16))
            for i in range(n_streams)
        ]
        self.seq += 1
        self.now_ns += 10**9
        self.made |= {(s.stream_id, s.epoch, s.seq) for s in segments}
        batches = [Packed(payload, part) for part, payload in pack("ward-a", "0", self.now_ns, segments)]
        self.outbox.send(Tick(self.now_ns, 1.0, batches, (), notes, health))

    def rest(self) -> None:
        """A tick without signal."""
        self.now_ns += 10**9
        self.outbox.send(Tick(self.now_ns, 1.0))

    def numbers(self, *topics: str) -> list[Number]:
        """Numbers of the segments that arrived on these topics."""
        return [
            (s.stream_id, s.epoch, s.seq)
            for m in self.arrived + self.network.arrived
            if m.topic in topics
            for s in decode_segment_batch(m.payload).batch.segments
        ]

    def declared(self) -> set[Number]:
        """Numbers of the gap records that arrived."""
        gaps = [decode_gap_record(m.payload) for m in self.arrived + self.network.arrived if m.topic == GAPS.name]
        return {(g.stream_id, g.epoch, n) for g in gaps for n in range(g.first_seq, g.end_seq)}

    def settle_all(self) -> None:
        """Disk and network are well until nothing moves."""
        self.disk.full, self.network.up = False, True
        for _ in range(200):
            self.network.settle(Fate.DELIVERED)
            self.rest()
            if not (self.disk.waiting_segments or self.disk.gaps() or self.disk.notes() or self.network.queued):
                break


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A connected one."""
    made = Bench(tmp_path / "a.spool")
    yield made
    made.disk.close()


def test_live_goes_out_at_once_and_is_deleted_when_acknowledged(bench: Bench) -> None:
    bench.tick()
    assert bench.disk.waiting_segments == 2, "stored before it is published"
    bench.network.settle(Fate.DELIVERED)
    bench.tick()
    assert bench.numbers(SEGMENTS.name) == [("bed-0", 1, 0), ("bed-1", 1, 0)]
    assert bench.disk.waiting_segments == 2, "only the second tick"


def test_after_an_outage_live_goes_first_and_the_spool_as_backfill(bench: Bench) -> None:
    bench.network.up = False
    for _ in range(5):
        bench.tick()
    assert bench.outbox.waiting["bed-0"] == 5
    bench.network.up = True
    bench.tick()
    bench.network.carry()
    topics = [m.topic for m in bench.network.on_the_wire]
    assert topics[0] == SEGMENTS.name and set(topics[1:]) == {BACKFILL.name}
    assert len(topics) == 6
    bench.settle_all()
    assert bench.numbers(SEGMENTS.name) == [("bed-0", 1, 5), ("bed-1", 1, 5)]
    assert bench.numbers(BACKFILL.name) == [(f"bed-{i}", 1, seq) for seq in range(5) for i in range(2)]
    assert all(
        signal_pb2.SegmentBatch.FromString(m.payload).backfill
        for m in bench.network.arrived
        if m.topic == BACKFILL.name
    )
    assert bench.outbox.waiting["bed-0"] == 0


def test_backfill_is_bounded_per_second(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "a.spool")
    bench.outbox = Outbox(bench.disk, bench.network, EdgeMetrics(), 1_200)  # about one of these batches a second
    bench.network.up = False
    for _ in range(10):
        bench.tick()
    bench.network.up = True
    per_tick = []
    for _ in range(10):
        bench.rest()
        before = len(bench.network.arrived)
        bench.network.settle(Fate.DELIVERED)
        per_tick.append(len(bench.network.arrived) - before)
    assert max(per_tick) <= 2 and sum(per_tick) >= 8
    bench.disk.close()


def test_what_failed_in_flight_comes_again_as_backfill(bench: Bench) -> None:
    bench.tick()
    bench.network.settle(Fate.RETURNED)
    bench.tick()
    bench.settle_all()
    assert set(bench.numbers(SEGMENTS.name, BACKFILL.name)) == bench.made
    assert ("bed-0", 1, 0) in bench.numbers(BACKFILL.name)


def test_a_batch_the_broker_refuses_for_good_is_a_gap(bench: Bench) -> None:
    bench.tick()
    bench.network.settle(Fate.REFUSED)
    bench.settle_all()
    assert bench.declared() == {("bed-0", 1, 0), ("bed-1", 1, 0)}
    assert bench.disk.waiting_segments == 0


def test_a_full_disk_keeps_live_going_and_declares_only_what_the_network_lost(bench: Bench) -> None:
    bench.disk.full = True
    bench.tick()
    bench.network.settle(Fate.DELIVERED)
    bench.tick()
    bench.network.settle(Fate.RETURNED)
    bench.network.up = False
    bench.tick()
    bench.settle_all()
    assert bench.numbers(SEGMENTS.name, BACKFILL.name) == [("bed-0", 1, 0), ("bed-1", 1, 0)]
    assert bench.declared() == {(f"bed-{i}", 1, seq) for i in range(2) for seq in (1, 2)}


def test_alarms_and_gaps_wait_for_the_network_and_for_the_disk(bench: Bench) -> None:
    bench.network.up = False
    bench.tick(notes=[Note(EDGE_CONDITIONS.name, b"first")])
    bench.disk.full = True
    bench.tick(notes=[Note(EDGE_CONDITIONS.name, b"second")])
    gap = GapRecord("bed-0", 1, 90, 91, GapReason.SOURCE_SILENT, "", UTC)
    bench.outbox.send(Tick(bench.now_ns, 1.0, (), [gap]))
    bench.settle_all()
    notes = [m.payload for m in bench.network.arrived if m.topic == EDGE_CONDITIONS.name]
    assert sorted(notes) == [b"first", b"second"]
    assert ("bed-0", 1, 90) in bench.declared()


def test_health_is_for_now_and_never_waits(bench: Bench) -> None:
    bench.network.up = False
    bench.tick(health=[b"old"])
    bench.network.up = True
    bench.tick(health=[b"new"])
    bench.settle_all()
    assert [m.payload for m in bench.network.arrived if m.name is None] == [b"new"]


def test_the_backfill_mark_leaves_everything_else_as_it_was(bench: Bench) -> None:
    bench.tick()
    bench.network.carry()
    (message,) = bench.network.on_the_wire
    live, late = decode_segment_batch(message.payload).batch, decode_segment_batch(as_backfill(message.payload)).batch
    assert (live.backfill, late.backfill) == (False, True)
    assert [s.seq for s in late.segments] == [s.seq for s in live.segments]
    assert np.array_equal(late.segments[0].samples, live.segments[0].samples)


class LifeOfAnOutbox(RuleBasedStateMachine):
    """Outages, losses in flight, full disks, crashes: in the end every number has arrived or is declared."""

    folder: Path

    def __init__(self) -> None:
        super().__init__()
        LifeOfAnOutbox.runs += 1
        self.bench = Bench(self.folder / f"{LifeOfAnOutbox.runs}.spool", 12_000)

    runs = 0

    @rule(n=st.integers(1, 4))
    def signal(self, n: int) -> None:
        """Seconds pass."""
        for _ in range(n):
            self.bench.tick()

    @rule(up=st.booleans())
    def network(self, up: bool) -> None:
        """The network comes or goes; what is on the wire is returned when it goes."""
        if not up:
            self.bench.network.settle(Fate.RETURNED)
        self.bench.network.up = up

    @rule()
    def acknowledge(self) -> None:
        """What is on the wire arrives."""
        if self.bench.network.up:
            self.bench.network.settle(Fate.DELIVERED)

    @rule()
    def arrive_unheard(self) -> None:
        """It arrives but the acknowledgement is lost."""
        self.bench.network.carry()
        self.bench.network.arrived += self.bench.network.on_the_wire
        self.bench.network.settle(Fate.RETURNED)

    @rule(full=st.booleans())
    def disk(self, full: bool) -> None:
        """The disk fills up or is freed."""
        self.bench.disk.full = full

    @rule()
    def crash(self) -> None:
        """Killed and started again; not while a batch the disk refused is only in memory and on the wire."""
        self.bench.network.carry()
        loose = any(not isinstance(m.name, tuple | type(None)) for m in self.bench.network.on_the_wire)
        if not self.bench.disk.full and not loose:
            self.bench.rest()
            self.bench.crash()

    @invariant()
    def bounded(self) -> None:
        """The disk never holds more than it may."""
        assert self.bench.disk.waiting_bytes <= 12_000 + 1_300
        assert sum(self.bench.outbox.waiting.values()) <= self.bench.disk.waiting_segments

    def teardown(self) -> None:
        """All is well in the end, and nothing was lost in silence."""
        self.bench.settle_all()
        assert set(self.bench.numbers(SEGMENTS.name, BACKFILL.name)) | self.bench.declared() == self.bench.made
        self.bench.disk.close()


@pytest.fixture(autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    LifeOfAnOutbox.folder = tmp_path_factory.mktemp("life")


class TestLifeOfAnOutbox(LifeOfAnOutbox.TestCase):  # type: ignore[misc, name-defined]
    """Run by hypothesis."""

    settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
