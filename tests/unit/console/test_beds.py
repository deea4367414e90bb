"""The bed board: what batches, vitals and health make of a bed; the sequence count and the trend."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.console.bed_board import BedBoard
from cloud.console.frames import HISTORY, pack_frame, read_frame
from cloud.console.sequence import SequenceCount
from cloud.console.trend import POINTS, SPACING_S, HeartRateTrend
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceHealth, DeviceState
from tests.unit.console.wire_samples import T0_NS, S, batch, segment, vitals
from vigil.v1 import signal_pb2


@given(st.sets(st.integers(0, 60), min_size=1), st.randoms(use_true_random=False))
def test_missing_numbers_are_those_that_did_not_come(seen: set[int], shuffler: random.Random) -> None:
    order = sorted(seen)
    first, rest = order[0], order[1:]
    shuffler.shuffle(rest)
    count = SequenceCount(1, 0, 0)
    for seq in [first, *rest, first]:
        count.see(1, seq)
    missing = {seq for start, end in count.missing for seq in range(start, end)}
    assert missing == set(range(first, max(seen) + 1)) - seen
    assert count.missing_count == len(missing)
    assert count.received == len(seen)
    assert count.duplicates == 1


def test_a_new_epoch_begins_the_count_again_and_an_old_one_is_a_duplicate() -> None:
    count = SequenceCount(1, 0, 0)
    for epoch, seq in ((1, 0), (1, 5), (2, 0), (1, 6), (2, 1)):
        count.see(epoch, seq)
    assert (count.epoch, count.next_seq, count.missing_count, count.duplicates) == (2, 2, 0, 1)


def test_segments_make_a_bed_and_tell_the_age_of_the_batch() -> None:
    board = BedBoard()
    arrival = board.on_segments(batch(segment(), segment("bed-2")), T0_NS + S // 2, 5.0)
    assert [bed.stream_id for bed in arrival.new_beds] == ["bed-1", "bed-2"]
    assert arrival.age_s == pytest.approx(0.5)
    assert board.beds["bed-1"].lead_names == ("V1", "II")
    assert board.on_segments(batch(segment(seq=1)), T0_NS, 6.0).new_beds == ()


def test_backfill_duplicates_and_late_segments_are_counted_but_not_drawn() -> None:
    board = BedBoard()
    board.on_segments(batch(segment(seq=0), segment(seq=2)), T0_NS, 0.0)
    late = board.on_segments(batch(segment(seq=1), segment(seq=2)), T0_NS, 0.0)
    filled = board.on_segments(batch(segment(seq=1), backfill=True), T0_NS, 0.0)
    bed = board.beds["bed-1"]
    assert late.segments == filled.segments == ()
    assert filled.age_s is None
    assert [m.seq for m in bed.recent] == [0, 2]
    assert (bed.sequence.missing_count, bed.sequence.duplicates) == (0, 2)


def test_a_new_epoch_is_drawn_from_its_first_segment_on() -> None:
    board = BedBoard()
    board.on_segments(batch(segment(seq=7)), T0_NS, 0.0)
    arrival = board.on_segments(batch(segment(seq=0, epoch=2, leads=("II",))), T0_NS, 0.0)
    assert [m.epoch for _, m in arrival.segments] == [2]
    assert board.beds["bed-1"].lead_names == ("II",)
    assert len(board.pack_recent(board.beds["bed-1"], None)) == 1


def test_the_last_seconds_are_packed_with_the_leads_wanted() -> None:
    board = BedBoard(buffer_segments=20)
    for seq in range(30):
        board.on_segments(batch(segment(seq=seq)), T0_NS, 0.0)
    bed = board.beds["bed-1"]
    strips = list(read_frame(pack_frame(board.pack_recent(bed, 1, seconds=10))))
    assert [strip.first_sample // 250 for strip in strips] == list(range(20, 30))
    assert {strip.leads[0].name for strip in strips} == {"II"}
    assert {strip.flags for strip in strips} == {HISTORY}
    assert strips[-1].samples[0, 0] == 1029
    assert len(board.segments_between("bed-1", 1, 25 * 250, 27 * 250)) == 2


def test_a_damaged_segment_is_not_drawn_and_says_why() -> None:
    message = signal_pb2.SegmentBatch.FromString(batch(segment()))
    message.segments[0].samples_crc32 = zlib.crc32(b"else")
    board = BedBoard()
    (taken,) = board.on_segments(message.SerializeToString(), T0_NS, 0.0).segments
    assert board.pack(*taken, n_leads=None) is None
    assert "CRC-32" in board.beds["bed-1"].rejected
    assert board.segments_between("bed-1", 1, 0, 250) == []


@pytest.mark.parametrize("payload", [b"", b"\xff\xff\xff", b"x" * (5 * 1024 * 1024)])
def test_an_unreadable_batch_is_refused(payload: bytes) -> None:
    with pytest.raises(InvalidSignal, match="SegmentBatch"):
        BedBoard().on_segments(payload, T0_NS, 0.0)


def test_vitals_go_forward_only_and_fill_the_trend() -> None:
    board = BedBoard()
    assert board.on_vitals(vitals(0, 70.0)) == ()
    board.on_segments(batch(segment()), T0_NS, 0.0)
    assert len(board.on_vitals(vitals(8, None))) == 1
    assert board.on_vitals(vitals(7, 99.0)) == ()
    assert len(board.on_vitals(vitals(20, 80.0))) == 1
    assert board.beds["bed-1"].trend.points()[1] == [None, 80.0]


def test_a_bed_may_be_known_by_its_health_before_its_signal() -> None:
    board = BedBoard()
    board.on_health(DeviceHealth("agent-1", "bed-9", 1, DeviceState.SILENT, 12, T0_NS))
    board.on_segments(batch(segment("bed-9", seq=11)), T0_NS, 0.0)
    bed = board.beds["bed-9"]
    assert (bed.sequence.received, bed.sequence.missing_count, bed.sequence.duplicates) == (1, 0, 0)


def test_the_trend_keeps_the_youngest_points_in_order() -> None:
    trend = HeartRateTrend()
    for i in range(POINTS + 10):
        trend.add(i * SPACING_S, float(i))
        trend.add(i * SPACING_S + 1, -1.0)
    times, rates = trend.points()
    assert len(times) == POINTS
    assert times == sorted(times)
    assert rates[0] == 10.0
    assert rates[-1] == POINTS + 9
