"""The alarms a cycle holds: those that stand, those closed of late, and which of them a report belongs to.

Owned by the alarm cycle, which decides; must not import it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from ecg.alarm_tracking import Tracked, alarm_id_of, order
from ecg.alarms import Alarm
from ecg.conditions import ConditionCode, ConditionEvent

#: Reports of one code that overlap or lie within this of each other are one alarm.
MERGE_NS = 15_000_000_000
#: Closed alarms kept per stream, for late reports and judgements.
KEEP_CLOSED = 50


class Shelf:
    """Alarms by id, by stream and code while they stand, and by stream when they are closed."""

    def __init__(self) -> None:
        self._standing: dict[tuple[str, ConditionCode], Tracked] = {}
        self._closed: dict[str, deque[Tracked]] = {}
        self._by_id: dict[str, Tracked] = {}

    def get(self, alarm_id: str) -> Tracked | None:
        """The alarm, None where it is not known (any more)."""
        return self._by_id.get(alarm_id)

    def all(self) -> Iterable[Tracked]:
        """Every alarm, standing or closed of late."""
        return self._by_id.values()

    def standing(self, stream_id: str | None = None, code: ConditionCode | None = None) -> list[Tracked]:
        """Alarms that are not cleared; None stands for any."""
        found = self._standing.items()
        return [t for key, t in found if stream_id in (None, key[0]) and code in (None, key[1])]

    def stands(self, stream_id: str, code: ConditionCode) -> Tracked | None:
        """The alarm of this code that is not cleared."""
        return self._standing.get((stream_id, code))

    def admit(self, alarm: Alarm, first_onset_ns: int) -> Tracked:
        """Takes up a new alarm."""
        tracked = Tracked(alarm, {}, {}, first_onset_ns=first_onset_ns)
        self._by_id[alarm.alarm_id] = tracked
        self._standing[_key(tracked)] = tracked
        return tracked

    def close(self, tracked: Tracked) -> None:
        """The alarm is cleared; the oldest closed one of a full shelf is forgotten."""
        key = _key(tracked)
        if self._standing.get(key) is tracked:
            del self._standing[key]
        closed = self._closed.setdefault(key[0], deque())
        if tracked not in closed:
            closed.append(tracked)
        while len(closed) > KEEP_CLOSED:
            self._by_id.pop(closed.popleft().alarm.alarm_id, None)

    def new_id(self, event: ConditionEvent) -> str:
        """An id for the alarm that this report raises."""
        ordinal = 0
        while alarm_id_of(event, ordinal) in self._by_id:
            ordinal += 1
        return alarm_id_of(event, ordinal)

    def home_of(self, event: ConditionEvent) -> Tracked | None:
        """The alarm a report belongs to; None where it begins a new one."""
        code = event.condition.code
        current = self.stands(event.stream_id, code)
        if current is not None and event.onset_time_ns >= current.first_onset_ns - MERGE_NS:
            return current
        for past in reversed(self._closed.get(event.stream_id, ())):
            if past.alarm.condition.condition.code is not code:
                continue
            known = past.reports.get(event.origin)
            if known is not None and order(event) <= order(known):
                return past  # told before
            near = past.first_onset_ns - MERGE_NS <= event.onset_time_ns <= past.last_ns + MERGE_NS
            same_origin_goes_on = known is not None and known.condition.active
            if near and event.detected_time_ns <= past.last_ns + MERGE_NS and (known is None or same_origin_goes_on):
                return past  # the other origin's view of what is over
        return current


def _key(tracked: Tracked) -> tuple[str, ConditionCode]:
    about = tracked.alarm.condition
    return about.stream_id, about.condition.code
