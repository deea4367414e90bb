"""The supervisor: starts parts in order, restarts what dies with growing patience, stops all in reverse order.

What a part's death means for the others is said once, in Watched.with_it: parts that hold state of the dead one (the
memory-only broker's topics) start over with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from deploy.stack.parts import Runnable
from ecg.errors import VigilError

#: Seconds before the first restart; doubled at each failure up to the last, forgotten after a quiet minute.
FIRST_PATIENCE_S, LAST_PATIENCE_S, QUIET_S = 0.5, 30.0, 60.0


@dataclass(slots=True)
class Watched:
    """A part under supervision.

    Attributes:
        after_start: Run after each start (create topics, migrate) and before the parts that follow.
        with_it: Names of the parts that are restarted when this one was.
        too_big: True when the part must be recycled (the memory-only broker's memory only grows).
        may_finish: Said once it has ended with status 0, which is then no fault (records played once); "" where it is.
        finished: It has, and is not started again.
    """

    name: str
    part: Runnable
    after_start: Callable[[], None] | None = None
    with_it: Sequence[str] = ()
    too_big: Callable[[], bool] | None = None
    may_finish: str = ""
    finished: bool = False
    restarts: int = 0
    failures: int = field(default=0)
    started_s: float = field(default=0.0)
    retry_at_s: float = field(default=0.0)


class Supervisor:
    """Watches parts over.

    Args:
        say: Takes one line for people.
        clock: Monotonic seconds.
    """

    def __init__(
        self, watched: Sequence[Watched], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.watched = list(watched)
        self._say = say
        self._clock = clock

    def start(self, progress: Callable[[str], None] = lambda name: None) -> None:
        """Starts all in order; stops all again where one does not come up.

        Raises:
            VigilError: A part did not start.
        """
        for one in self.watched:
            progress(one.name)
            try:
                self._start(one)
            except BaseException:
                self.stop()
                raise

    def _start(self, one: Watched) -> None:
        one.part.start()
        one.started_s = self._clock()
        if one.after_start is not None:
            one.after_start()

    def turn(self) -> None:
        """One look at every part; restarts what died and what must go with it."""
        for one in self.watched:
            if one.finished:
                continue
            if one.part.pid is not None:
                if one.failures and self._clock() - one.started_s > QUIET_S:
                    one.failures = 0
                if one.too_big is not None and one.too_big():
                    self._say(f"{one.name} has grown past its limit: starting it over")
                    one.part.stop()
                else:
                    continue
            if one.may_finish and one.part.finished:
                one.finished = True
                self._say(one.may_finish)
                continue
            self._restart(one)

    def _restart(self, one: Watched) -> None:
        now = self._clock()
        if not one.retry_at_s:
            patience = min(FIRST_PATIENCE_S * 2**one.failures, LAST_PATIENCE_S)
            one.failures += 1
            one.retry_at_s = now + patience
            self._say(f"{one.name} ended: starting it again in {patience:g} s")
            one.part.stop()
        if now < one.retry_at_s:
            return
        one.retry_at_s = 0.0
        try:
            self._start(one)
        except VigilError as error:
            self._say(f"{one.name} did not start: {error}")
            one.part.stop()
            return
        one.restarts += 1
        self._say(f"{one.name} is back")
        for other in self.watched:
            if other.name in one.with_it and not other.finished:
                other.part.stop()
                self._say(f"{other.name} starts over with {one.name}")

    def stop(self) -> None:
        """Stops all, last first."""
        for one in reversed(self.watched):
            one.part.stop()
