"""The order of segments: what waits, what is late, what is twice, and what cannot be."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.errors import InvalidSignal
from stream.ordering import Fate, SegmentOrder
from tests.unit.stream.segments import FS, T0, S, segment


def seqs(ordered: object) -> list[int]:
    return [s.seq for s in ordered.ready]  # type: ignore[attr-defined]


def test_in_order_goes_straight_through() -> None:
    order = SegmentOrder()
    assert [seqs(order.take(segment(i), 0)) for i in range(3)] == [[0], [1], [2]]


def test_a_swapped_pair_is_put_right() -> None:
    order = SegmentOrder()
    order.take(segment(0), 0)
    held = order.take(segment(2), 0)
    assert held.fate is Fate.HELD and held.ready == ()
    assert seqs(order.take(segment(1), 0)) == [1, 2]


def test_a_missing_one_is_given_up_when_three_wait_and_is_late_then() -> None:
    order = SegmentOrder()
    order.take(segment(0), 0)
    order.take(segment(2), 0)
    order.take(segment(3), 0)
    ordered = order.take(segment(4), 0)
    assert seqs(ordered) == [2, 3, 4] and ordered.gaps == ((1, 2),)
    assert order.take(segment(1), 0).fate is Fate.LATE
    assert order.take(segment(3), 0).fate is Fate.DUPLICATE


def test_a_missing_one_is_given_up_after_two_seconds() -> None:
    order = SegmentOrder()
    order.take(segment(0), 0)
    order.take(segment(2), 5 * S)
    assert order.expire(7 * S - 1).ready == ()
    ordered = order.expire(7 * S)
    assert seqs(ordered) == [2] and ordered.gaps == ((1, 2),)


def test_a_new_epoch_begins_anew_and_an_old_one_is_late() -> None:
    order = SegmentOrder()
    order.take(segment(5), 0)
    order.take(segment(7), 0)
    assert seqs(order.take(segment(0, epoch=1), 0)) == [7, 0]
    assert order.take(segment(8), 0).fate is Fate.LATE


def test_a_clock_that_jumps_is_told_and_the_samples_go_on() -> None:
    order = SegmentOrder()
    order.take(segment(0), 0)
    jumped = order.take(segment(1, start_time_ns=T0 + 3601 * S), 0)
    assert seqs(jumped) == [1] and jumped.clock_jump_s == pytest.approx(3600)
    after = order.take(segment(2, start_time_ns=T0 + 3602 * S), 0)
    assert after.clock_jump_s == 0, "told once"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"first_sample": 10 * 365 * 86_400 * FS, "start_time_ns": T0 + S}, "first_sample jumped"),
        ({"first_sample": 100}, "samples from 100 on, but 250 is next"),
        ({"seq": 1_000_000_000}, "seq jumped"),
    ],
)
def test_numbers_that_cannot_be_true_together_are_refused_and_wedge_nothing(changes: dict, text: str) -> None:
    order = SegmentOrder()
    order.take(segment(0), 0)
    first_sample = changes.pop("first_sample", FS)
    with pytest.raises(InvalidSignal, match=text):
        order.take(segment(changes.pop("seq", 1), first_sample=first_sample, **changes), 0)
    assert seqs(order.take(segment(1), 0)) == [1]


def test_an_agent_that_restarts_without_a_new_epoch_is_refused() -> None:
    order = SegmentOrder()
    order.take(segment(100), 0)
    with pytest.raises(InvalidSignal, match="new epoch"):
        order.take(segment(0, start_time_ns=T0 + 200 * S), 0)


def test_nobody_waits_for_a_number_that_was_refused() -> None:
    order = SegmentOrder()
    order.take(segment(0), 0)
    assert order.refuse(0, 1) == ()
    assert seqs(order.take(segment(2), 0)) == [2]
    order.take(segment(4), 0)
    assert [s.seq for s in order.refuse(0, 3)] == [4]
    order.refuse(0, 5)
    assert seqs(order.take(segment(5), 0)) == [5], "sent again, and good"


@settings(max_examples=100, deadline=None)
@given(st.integers(3, 40), st.randoms(use_true_random=False))
def test_whatever_comes_what_is_ready_is_in_order_and_once(n: int, rng: random.Random) -> None:
    arrivals = [segment(i) for i in range(n)]
    arrivals += rng.sample(arrivals, k=n // 3)
    arrivals.sort(key=lambda s: s.seq + rng.uniform(0, 4))
    order, ready, gaps = SegmentOrder(), [], set()
    for i, one in enumerate(arrivals):
        ordered = order.take(one, i * S // 10)
        ready += seqs(ordered)
        gaps |= {seq for first, end in ordered.gaps for seq in range(first, end)}
    last = order.expire(10_000 * S)
    ready += seqs(last)
    while order.held:
        ready += seqs(order.expire(10_000 * S))
    assert ready == sorted(set(ready))
    assert set(ready) | gaps | set(range(ready[0])) >= set(range(ready[-1] + 1)) - gaps
