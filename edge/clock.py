"""Clocks: the only place where the edge reads the time. Everything else is handed a time.

Owns the wall clock, its scaling for replay at another speed, and the watch for clocks that jump. Must not import sources.
"""

from __future__ import annotations

import time
from typing import Protocol

#: A wall clock that moves by more than this against the monotonic clock has jumped; less is NTP slewing and is followed.
JUMP_NS = 1_000_000_000
#: Smaller movements are the scatter of reading two clocks one after the other; following them would jitter start times.
FOLLOW_NS = 5_000_000


class Clock(Protocol):
    """What the agent asks of time. `monotonic_s` never jumps; `wall_ns` may."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that only goes forward."""
        ...

    def wall_ns(self) -> int:
        """UTC, ns since 1970."""
        ...


class SystemClock:
    """The machine's clocks."""

    def monotonic_s(self) -> float:
        """Seconds since some start."""
        return time.monotonic()

    def wall_ns(self) -> int:
        """UTC, ns since 1970."""
        return time.time_ns()


class JumpWatch:
    """Tells a jump of the wall clock from its slow correction.

    Args:
        clock: Whose wall clock is watched.

    Attributes:
        offset_ns: Wall minus monotonic, as last accepted.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ns = self._read()

    def _read(self) -> int:
        return self._clock.wall_ns() - round(self._clock.monotonic_s() * 1e9)

    def check(self) -> int:
        """Follows the wall clock.

        Returns:
            How far it jumped since the last call, ns; 0 where it did not (corrections up to JUMP_NS are followed).
        """
        offset_ns = self._read()
        moved_ns = offset_ns - self.offset_ns
        if abs(moved_ns) < FOLLOW_NS:
            return 0
        self.offset_ns = offset_ns
        return moved_ns if abs(moved_ns) > JUMP_NS else 0
