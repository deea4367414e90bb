"""Devices: numbering, silence, gaps, drift, ends; drawn as time lines above the asserts (one character a second)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from ecg.errors import InvalidSignal
from ecg.gaps import DeviceState, GapReason, GapRecord
from ecg.segments import Lead, Segment
from edge.device import Device, TickTime
from edge.sources.source import Chunk

FS = 250.0
UTC = 1_700_000_000_000_000_000
LEADS = (Lead("II"),)


class Scripted:
    """A source that says each second what it is told to: samples, None for silence, an error to raise."""

    def __init__(self, *seconds: int | InvalidSignal | None, leads: tuple[Lead, ...] = LEADS) -> None:
        self.seconds = list(seconds)
        self.leads = leads
        self.ended = False

    def read(self, until_s: float) -> Chunk | None:
        """What the script has for this second; then nothing."""
        said = self.seconds.pop(0) if self.seconds else None
        if isinstance(said, InvalidSignal):
            raise said
        if said is None:
            return None
        return Chunk(FS, self.leads, np.zeros((len(self.leads), said), np.int16))


def device_of(source: Scripted) -> Device:
    """A device in epoch 7 whose next epochs count up."""
    return Device("bed-01", source, 7, _counter(8))


def _counter(first: int) -> Callable[[str], int]:
    numbers = iter(range(first, first + 100))
    return lambda _: next(numbers)


def run(device: Device, n: int, begin: int = 1) -> tuple[list[Segment], list[GapRecord]]:
    """n ticks of a second."""
    segments: list[Segment] = []
    gaps: list[GapRecord] = []
    for k in range(begin, begin + n):
        device.tick(TickTime(float(k), UTC), segments, gaps)
    return segments, gaps


def assert_accounted(segments: list[Segment], gaps: list[GapRecord], next_seq: int) -> None:
    """Every number below next_seq is a segment or a gap, none is both."""
    numbers = [s.seq for s in segments] + [n for gap in gaps for n in range(gap.first_seq, gap.end_seq)]
    assert sorted(numbers) == list(range(next_seq))


def test_segments_join_and_carry_the_time_of_their_first_sample() -> None:
    segments, gaps = run(device_of(Scripted(250, 250, 250)), 3)
    assert [(s.seq, s.first_sample, s.n_samples) for s in segments] == [(0, 0, 250), (1, 250, 250), (2, 500, 250)]
    assert [s.start_time_ns for s in segments] == [UTC, UTC + 10**9, UTC + 2 * 10**9]
    assert not gaps


def test_a_short_silence_becomes_a_gap_when_the_device_speaks_again() -> None:
    # ticks    1 2 3 4 5 6
    # samples  # # . . # #     . nothing
    # seq      0 1 [2 4) 4 5
    segments, gaps = run(device := device_of(Scripted(250, 250, None, None, 250, 250)), 6)
    assert [(s.seq, s.first_sample) for s in segments] == [(0, 0), (1, 250), (4, 1000), (5, 1250)]
    assert [(g.first_seq, g.end_seq, g.reason) for g in gaps] == [(2, 4, GapReason.SOURCE_SILENT)]
    assert segments[2].start_time_ns == UTC + 4 * 10**9
    assert_accounted(segments, gaps, device.next_seq)


def test_late_packets_are_no_gap() -> None:
    # ticks    1 2 3 4
    # samples  # . ## #        the second packet came a tick late, with the third
    segments, gaps = run(device_of(Scripted(250, None, 500, 250)), 4)
    assert not gaps
    assert [(s.seq, s.first_sample) for s in segments] == [(0, 0), (1, 250), (2, 750)]


def test_silence_is_told_after_30_s_and_declared_while_it_lasts() -> None:
    device = device_of(Scripted(250, *[None] * 70, 250))
    segments, gaps = run(device, 30)
    assert device.state is DeviceState.STREAMING and not gaps
    more, later = run(device, 41, begin=31)
    assert device.state is DeviceState.SILENT
    assert sum(g.end_seq - g.first_seq for g in later) >= 60  # the ledger need not wait for the end of it
    last, rest = run(device, 1, begin=72)
    assert device.state is DeviceState.STREAMING and device.detail == ""
    assert last[0].first_sample == 71 * 250
    assert_accounted(segments + more + last, gaps + later + rest, device.next_seq)


def test_a_source_that_fails_is_a_fault_and_is_tried_again() -> None:
    device = device_of(Scripted(250, InvalidSignal("record x: signal file x.dat is missing"), 250))
    run(device, 2)
    assert device.state is DeviceState.FAULT and "x.dat" in device.detail
    segments, gaps = run(device, 5, begin=3)
    assert device.state is DeviceState.STREAMING
    assert [g.reason for g in gaps] == [GapReason.SOURCE_SILENT]
    assert segments[0].seq == gaps[0].end_seq


def test_a_changed_set_of_leads_begins_an_epoch() -> None:
    source = Scripted(250, 250)
    device = device_of(source)
    before, _ = run(device, 1)
    source.leads = (Lead("II"), Lead("V1"))
    after, _ = run(device, 1, begin=2)
    assert [(s.epoch, s.seq, s.first_sample) for s in before + after] == [(7, 0, 0), (8, 0, 0)]
    assert after[0].start_time_ns == UTC + 10**9


def test_a_fast_device_clock_is_followed_without_a_gap() -> None:
    device = device_of(Scripted(*[275] * 10))  # 10 % fast: a second ahead after ten
    segments, gaps = run(device, 10)
    assert not gaps
    assert [s.first_sample for s in segments] == [275 * k for k in range(10)]
    assert abs(segments[-1].time_ns_at(segments[-1].end_sample) - (UTC + 10 * 10**9)) <= 0.5e9


def test_a_new_epoch_starts_all_numbers_over() -> None:
    device = device_of(Scripted(250, 250))
    run(device, 1)
    device.begin_epoch(9, 1.0)
    segments, _ = run(device, 1, begin=2)
    assert [(s.epoch, s.seq, s.first_sample, s.start_time_ns) for s in segments] == [(9, 0, 0, UTC + 10**9)]


def test_the_end_of_a_recording_is_no_gap() -> None:
    source = Scripted(250)
    device = device_of(source)
    run(device, 1)
    source.ended = True
    _, gaps = run(device, 60, begin=2)
    assert device.state is DeviceState.ENDED and not gaps


@pytest.mark.parametrize("n", [400, 1250, 2499])
def test_a_long_chunk_is_cut_into_segments_without_loss(n: int) -> None:
    segments, _ = run(device_of(Scripted(n)), 1)
    assert sum(s.n_samples for s in segments) == n
    assert all(a.end_sample == b.first_sample for a, b in pairwise(segments))
    assert max(s.n_samples for s in segments) <= 500


def test_an_absurd_sampling_frequency_is_a_fault_that_names_it() -> None:
    class Absurd(Scripted):
        def read(self, until_s: float) -> Chunk | None:
            """1 MHz."""
            return Chunk(1e6, LEADS, np.zeros((1, 250), np.int16))

    device = device_of(Absurd())
    segments, _ = run(device, 3)
    assert not segments
    assert (device.state is DeviceState.FAULT and "1e+06" in device.detail) or "1000000" in device.detail
