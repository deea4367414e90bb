"""Jobs: one escalation being interpreted, and everyone who waits for it.

Owns the job's life (waiting, running, ended) and its event log, which later subscribers replay. All methods but `publish`
and `end` run on the event loop; those two are called from worker threads. Must not import grpc.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ecg.conditions import Priority
from ecg.interpretation import Escalation, Failed, InterpretEvent

#: Who goes first.
RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2, Priority.TECHNICAL: 3}


@dataclass(eq=False)
class Job:
    """One escalation on its way.

    Attributes:
        deadline_s: Monotonic seconds after which nobody waits.
        digest: Of the request; a repeated id must carry the same.
        arrival: Counts up; keeps equals in order.
    """

    escalation: Escalation
    digest: bytes
    deadline_s: float
    arrival: int
    loop: asyncio.AbstractEventLoop
    events: list[InterpretEvent] = field(default_factory=list)
    ended: bool = False
    error: Exception | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    _waiters: set[asyncio.Event] = field(default_factory=set)

    def __lt__(self, other: Job) -> bool:
        return self._order() < other._order()

    def _order(self) -> tuple[int, float, int]:
        return RANK[self.escalation.priority], self.deadline_s, self.arrival

    @property
    def replayable(self) -> bool:
        """True when it ended with an answer that a repeated call should get again."""
        return self.ended and self.error is None and not any(isinstance(event, Failed) for event in self.events)

    def publish(self, event: InterpretEvent) -> None:
        """Adds an event. From any thread."""
        self.loop.call_soon_threadsafe(self._add, event)

    def end(self, error: Exception | None = None) -> None:
        """Closes the job. From any thread."""
        self.loop.call_soon_threadsafe(self._close, error)

    async def follow(self) -> AsyncIterator[InterpretEvent]:
        """Every event from the first on, as it comes. Cancels the job when the last follower leaves it unfinished.

        Raises:
            Exception: What ended the job, where it did not end well.
        """
        changed = asyncio.Event()
        self._waiters.add(changed)
        seen = 0
        try:
            while True:
                changed.clear()
                while seen < len(self.events):
                    yield self.events[seen]
                    seen += 1
                if self.ended:
                    break
                await changed.wait()
            if self.error is not None:
                raise self.error
        finally:
            self._waiters.discard(changed)
            if not self._waiters and not self.ended:
                self.cancelled.set()

    def _add(self, event: InterpretEvent) -> None:
        self.events.append(event)
        self._wake()

    def _close(self, error: Exception | None) -> None:
        if not self.ended:
            self.ended, self.error = True, error
            self._wake()

    def _wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()
