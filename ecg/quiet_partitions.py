"""Which partitions are worth asking for in every fetch, and which only now and then.

A fetch names every partition it asks for, whatever comes back, and where few agents run that is most of what a reader costs
itself and the broker. All topics are keyed by agent with the same partitions, so one number is quiet or busy on all of them.
Pure: no Kafka, no clock. Must not import anything above ecg.
"""

from __future__ import annotations

from collections.abc import Iterable

#: A partition number nothing came from for so long, on any topic, rests; live agents send every second.
QUIET_S = 30.0
#: Resting ones are asked for again this often, for so long: longer than any fetch waits for its answer, so that one of them
#: surely names them. The first message of an agent that was away is late by up to PROBE_EVERY_S.
PROBE_EVERY_S, PROBE_FOR_S = 3.0, 0.6


class QuietPartitions:
    """What one reader knows of its partition numbers.

    Args:
        now_s: Monotonic seconds; every number counts as heard now.
    """

    def __init__(self, now_s: float) -> None:
        self._begun_s = now_s
        self._heard_s: dict[int, float] = {}

    def heard(self, numbers: Iterable[int], now_s: float) -> None:
        """Something came from these partition numbers."""
        for number in numbers:
            self._heard_s[number] = now_s

    def resting(self, numbers: Iterable[int], now_s: float) -> frozenset[int]:
        """Those of the numbers that need not be asked for now."""
        if (now_s - self._begun_s) % PROBE_EVERY_S < PROBE_FOR_S:
            return frozenset()
        since = now_s - QUIET_S
        return frozenset(n for n in numbers if self._heard_s.get(n, self._begun_s) < since)
