"""The wall clock's jumps and its slow corrections."""

from __future__ import annotations

from edge.clock import JumpWatch, SystemClock
from tests.unit.edge.edge_harness import HandClock


def test_steady_time_is_no_jump() -> None:
    watch = JumpWatch(clock := HandClock())
    before = watch.offset_ns
    for _ in range(5):
        clock.pass_s(1.0)
        assert watch.check() == 0
    assert watch.offset_ns == before


def test_jumps_forward_and_back_are_told_once() -> None:
    watch = JumpWatch(clock := HandClock())
    clock.pass_s(1.0, 3_600_000_000_000)
    assert watch.check() == 3_600_000_000_000
    assert watch.check() == 0
    clock.pass_s(1.0, -7_200_000_000_000)
    assert watch.check() == -7_200_000_000_000


def test_corrections_up_to_a_second_are_followed_silently() -> None:
    watch = JumpWatch(clock := HandClock())
    before = watch.offset_ns
    clock.pass_s(1.0, -400_000_000)
    assert watch.check() == 0
    assert watch.offset_ns == before - 400_000_000


def test_the_scatter_of_reading_is_not_followed() -> None:
    watch = JumpWatch(clock := HandClock())
    before = watch.offset_ns
    clock.pass_s(1.0, 3_000_000)
    watch.check()
    assert watch.offset_ns == before


def test_the_system_clock_goes_forward() -> None:
    clock = SystemClock()
    assert clock.monotonic_s() <= clock.monotonic_s()
    assert clock.wall_ns() > 1_700_000_000_000_000_000
