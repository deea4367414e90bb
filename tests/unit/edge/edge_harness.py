"""What the tests of the edge hold in hand: a clock set by hand and a network that is a list."""

from __future__ import annotations

from ecg.topics import BACKFILL
from edge.publisher import Fate, Message, Outcome, Publisher


class HandClock:
    """A clock set by hand."""

    def __init__(self) -> None:
        self.mono_s, self.wall = 100.0, 1_700_000_000_000_000_000

    def monotonic_s(self) -> float:
        """As set."""
        return self.mono_s

    def wall_ns(self) -> int:
        """As set."""
        return self.wall

    def pass_s(self, seconds: float, wall_off_ns: int = 0) -> None:
        """Time goes on; the wall clock is off by so much."""
        self.mono_s += seconds
        self.wall += round(seconds * 1e9) + wall_off_ns


class HandNetwork(Publisher):
    """A publisher whose network is a list: the test says when it is there and what becomes of each message."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1", "ward-a")
        self.up = True
        self.on_the_wire: list[Message] = []
        self.arrived: list[Message] = []

    @property
    def connected(self) -> bool:
        """As the test says."""
        return self.up

    def carry(self) -> None:
        """Everything offered goes out, live first."""
        self.on_the_wire += [*self._live, *self._late]
        self._late_in_flight += len(self._late)
        self._live.clear()
        self._late.clear()

    def settle(self, fate: Fate) -> None:
        """What is on the wire meets this fate."""
        self.carry()
        for message in self.on_the_wire:
            self._late_in_flight -= message.topic == BACKFILL.name
            if fate is Fate.DELIVERED:
                self.arrived.append(message)
            if message.name is not None:
                self._outcomes.append(Outcome(message.name, fate))
        self.on_the_wire = []
