"""The spool: whatever happens, every sequence number is stored, acknowledged or declared a gap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.errors import VigilError
from ecg.gaps import GapReason, GapRecord
from ecg.segments import Lead, Segment
from edge.batches import pack
from edge.spool import EPOCH_ZERO_S, Spool
from edge.spool_rows import Acked, Encoded, Kind, Note, gaps_of, merge_gaps
from vigil.v1 import signal_pb2

UTC = 1_700_000_000_000_000_000
LEADS = (Lead("II"),)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """An empty one of 1 MB."""
    opened = Spool(tmp_path / "a.spool", 1_000_000)
    yield opened
    opened.close()


def batch_of(seq: int, streams: int = 2, n_samples: int = 50, now_ns: int = UTC) -> Encoded:
    """One batch: segment `seq` of each stream, epoch 1."""
    segments = [
        Segment(f"bed-{i}", 1, seq, seq * n_samples, 4000.0, now_ns, LEADS, np.zeros((1, n_samples), np.int16))
        for i in range(streams)
    ]
    ((part, payload),) = pack("a", "0", now_ns, segments)
    return Encoded(payload, len(part), now_ns)


def numbers_in(payload: bytes) -> set[tuple[str, int]]:
    """(stream, seq) in a batch."""
    return {(s.stream_id, s.seq) for s in signal_pb2.SegmentBatch.FromString(payload).segments}


def numbers_of(gaps: list[GapRecord]) -> set[tuple[str, int]]:
    """(stream, seq) in gap records."""
    return {(gap.stream_id, seq) for gap in gaps for seq in range(gap.first_seq, gap.end_seq)}


def put(spool: Spool, *batches: Encoded, acked: tuple[Acked, ...] = (), now_ns: int = UTC) -> tuple[int, ...]:
    """Stores batches."""
    return spool.commit(list(batches), [], [], acked, {}, now_ns).batches


def test_what_is_stored_is_read_back_after_reopening(tmp_path: Path) -> None:
    first = Spool(tmp_path / "a.spool", 1_000_000)
    batch = batch_of(0)
    (row,) = put(first, batch)
    first.commit([], [], [Note("topic", b"note")], [], {}, UTC)
    first.close()
    again = Spool(tmp_path / "a.spool", 1_000_000)
    assert again.batch_ids() == [row]
    assert again.batch(row) == batch.payload
    assert [note for _, note in again.notes()] == [Note("topic", b"note")]
    assert (again.waiting_bytes, again.waiting_segments) == (len(batch.payload), 2)
    again.close()


def test_an_acknowledged_batch_is_gone(spool: Spool) -> None:
    rows = put(spool, batch_of(0), batch_of(1))
    put(spool, acked=(Acked(Kind.BATCH, rows[0]), Acked(Kind.BATCH, rows[0])))
    assert spool.batch_ids() == [rows[1]]
    assert spool.waiting_segments == 2


def test_the_oldest_goes_first_and_is_declared(spool: Spool) -> None:
    for seq in range(40):
        put(spool, batch_of(seq, n_samples=10_000))
    assert spool.waiting_bytes <= 1_000_000
    kept = {n for row in spool.batch_ids() for n in numbers_in(spool.batch(row) or b"")}
    gaps = [gap for _, gap in spool.gaps()]
    assert {gap.reason for gap in gaps} == {GapReason.SPOOL_DROPPED}
    assert len(gaps) == 2, "one growing range per stream"
    assert kept | numbers_of(gaps) == {(f"bed-{i}", seq) for i in range(2) for seq in range(40)}
    assert min(seq for _, seq in kept) == gaps[0].end_seq


def test_what_is_too_old_goes_and_is_declared(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.spool", 10_000_000, max_age_s=60.0)
    put(spool, batch_of(0))
    put(spool, batch_of(1, now_ns=UTC + 50 * 10**9), now_ns=UTC + 50 * 10**9)
    put(spool, now_ns=UTC + 70 * 10**9)
    assert numbers_of([gap for _, gap in spool.gaps()]) == {("bed-0", 0), ("bed-1", 0)}
    assert len(spool.batch_ids()) == 1
    spool.close()


def test_a_gap_that_grew_while_under_way_stays(spool: Spool) -> None:
    def gap(first: int, end: int) -> GapRecord:
        return GapRecord("bed-0", 1, first, end, GapReason.SOURCE_SILENT, "", UTC)

    spool.commit([], [gap(0, 3)], [], [], {}, UTC)
    ((row, sent),) = spool.gaps()
    spool.commit([], [gap(3, 5)], [], [], {}, UTC)
    spool.commit([], [], [], [Acked(Kind.GAP, row, sent.end_seq)], {}, UTC)
    assert [(g.first_seq, g.end_seq) for _, g in spool.gaps()] == [(0, 5)]
    spool.commit([], [], [], [Acked(Kind.GAP, row, 5)], {}, UTC)
    assert spool.gaps() == []


def test_epochs_only_rise_whatever_the_clock_says(tmp_path: Path) -> None:
    now_ns = (EPOCH_ZERO_S + 5_000) * 10**9
    seen = []
    for wall_ns in (now_ns, now_ns, now_ns - 3600 * 10**9, 0, now_ns + 10 * 10**9):
        spool = Spool(tmp_path / "a.spool", 1_000_000)
        seen.append(spool.begin_epoch(["bed-01"], wall_ns)["bed-01"])
        spool.close()
    assert seen == [5_000, 5_001, 5_002, 5_003, 5_010]


def test_the_edge_of_the_numbers_is_kept(spool: Spool) -> None:
    spool.begin_epoch(["bed-01"], UTC)
    spool.commit([], [], [], [], {"bed-01": 17}, UTC)
    assert spool.streams()["bed-01"][1] == 17


def test_notes_are_bounded(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "a.spool", 1_000_000, max_notes=3)
    for i in range(6):
        spool.commit([], [], [Note("t", b"%d" % i)], [], {}, UTC)
    assert [note.payload for _, note in spool.notes()][-3:] == [b"3", b"4", b"5"]
    assert len(spool.notes()) <= 4
    spool.close()


def test_a_second_agent_on_one_spool_is_told_so(spool: Spool, tmp_path: Path) -> None:
    put(spool, batch_of(0))
    with pytest.raises(VigilError, match=r"a\.spool.*Another agent"):
        Spool(tmp_path / "a.spool", 1_000_000)


def test_a_damaged_file_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "a.spool").write_bytes(b"not a database, not at all" * 1000)
    with pytest.raises(VigilError, match=r"a\.spool.*move it away"):
        Spool(tmp_path / "a.spool", 1_000_000)


def test_gaps_are_unbroken_ranges_and_merge() -> None:
    gaps = gaps_of({("a", 1): [5, 3, 4, 9], ("b", 1): [0]}, GapReason.SPOOL_DROPPED, "", UTC)
    assert [(g.stream_id, g.first_seq, g.end_seq) for g in gaps] == [("a", 3, 6), ("a", 9, 10), ("b", 0, 1)]
    more = gaps_of({("a", 1): [6, 7, 8]}, GapReason.SPOOL_DROPPED, "", UTC)
    merged = merge_gaps([gaps[0], gaps[2], *more])
    assert [(g.stream_id, g.first_seq, g.end_seq) for g in merged] == [("a", 3, 9), ("b", 0, 1)]


# Every operation an agent's life can hold: store batches of some size, acknowledge any of them, age, crash and reopen.
_operations = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.integers(1, 3), st.sampled_from([50, 2_000, 20_000])),
        st.tuples(st.just("ack"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 40), st.just(0)),
        st.tuples(st.just("reopen"), st.just(0), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=15, deadline=None)
@given(operations=_operations)
def test_nothing_is_lost_or_doubled_in_silence(
    tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[str, int, int]]
) -> None:
    path = tmp_path_factory.mktemp("spool") / "a.spool"
    spool = Spool(path, 150_000, max_age_s=60.0)
    now_ns, seq = UTC, 0
    rows: list[int] = []
    acked: set[tuple[str, int]] = set()
    made: set[tuple[str, int]] = set()
    for what, n, size in operations:
        if what == "store":
            batches = [batch_of(seq + i, n_samples=size, now_ns=now_ns) for i in range(n)]
            seq += n
            rows += put(spool, *batches, now_ns=now_ns)
            made |= {number for batch in batches for number in numbers_in(batch.payload)}
        elif what == "ack" and rows:
            row = rows[n % len(rows)]
            payload = spool.batch(row)
            if payload is not None:
                acked |= numbers_in(payload)
            put(spool, acked=(Acked(Kind.BATCH, row),), now_ns=now_ns)
        elif what == "wait":
            now_ns += n * 10**9
        elif what == "reopen":
            spool.close()
            spool = Spool(path, 150_000, max_age_s=60.0)
    kept = [number for row in spool.batch_ids() for number in numbers_in(spool.batch(row) or b"")]
    gaps = numbers_of([gap for _, gap in spool.gaps(10_000)])
    total = sum(len(spool.batch(row) or b"") for row in spool.batch_ids())
    spool.close()
    assert len(kept) == len(set(kept))
    assert set(kept) | gaps | acked == made
    assert not set(kept) & gaps and not set(kept) & acked and not gaps & acked
    assert total == spool.waiting_bytes and spool.waiting_segments == len(kept)
    assert total <= 150_000 or len({seq for _, seq in kept}) <= 3  # one commit above the bound is still taken whole
