"""What the alarm cycle remembers of one alarm: the alarm, what each origin last said, and what of that was published.

Everything here can be read back from the alarm's events. Must not import the cycle.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, replace

from ecg.alarms import Alarm, AlertEvent, AlertKind
from ecg.conditions import ConditionEvent, Origin

#: Kinds of event that carry a report.
SUBSTANCE = frozenset({AlertKind.RAISED, AlertKind.UPDATED, AlertKind.CONDITION_ENDED})
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:vigil:alarm:v1")
_TIMES = re.compile(r"^(\d+) times")


def alarm_id_of(event: ConditionEvent, ordinal: int = 0) -> str:
    """Id of the alarm a first report raises: the same on every machine and every replay."""
    text = f"{event.stream_id}/{event.epoch}/{event.condition.code.value}/{event.condition.onset_sample}"
    return str(uuid.uuid5(_NAMESPACE, text if ordinal == 0 else f"{text}/{ordinal}"))


def order(event: ConditionEvent) -> tuple[int, int, bool, int]:
    """Reports of one origin only move forward in this order; ended stands above active for the same onset."""
    condition = event.condition
    return (event.epoch, condition.onset_sample, not condition.active, condition.detected_sample)


@dataclass(slots=True, eq=False)
class Tracked:
    """An alarm with what each origin last said of its condition (exact), and what of that was published."""

    alarm: Alarm
    reports: dict[Origin, ConditionEvent]
    published: dict[Origin, ConditionEvent]
    times: int = 1
    published_times: int = 1
    last_substance_ns: int = 0
    ended_ns: int | None = None
    first_onset_ns: int = 0

    @property
    def active(self) -> bool:
        return any(report.condition.active for report in self.reports.values())

    @property
    def last_ns(self) -> int:
        """Latest moment its reports speak of, on the device's clock."""
        return max(max(r.ended_time_ns or 0, r.detected_time_ns) for r in self.reports.values())

    def differs(self, origin: Origin, aged: bool) -> bool:
        """True where the origin's report says what was not published; a changed reason counts only after a while."""
        new, old = self.reports[origin], self.published.get(origin)
        if old is None or new.condition.active != old.condition.active:
            return True
        if new.condition.onset_sample != old.condition.onset_sample or new.epoch != old.epoch:
            return True
        return aged and new.condition.active and new.condition.reason != old.condition.reason

    def note(self, event: AlertEvent) -> None:
        """Takes up what an event of the alarm says of the reports behind it."""
        if event.kind not in SUBSTANCE:
            return
        origin = event.condition.origin
        known = self.reports.get(origin)
        if known is None or order(event.condition) > order(known):
            self.reports[origin] = event.condition
        self.published[origin] = event.condition
        self.first_onset_ns = min(self.first_onset_ns, event.condition.onset_time_ns)
        self.last_substance_ns = event.time_ns
        if not event.condition.condition.active:
            self.ended_ns = event.time_ns
        if said := _TIMES.match(event.detail):
            self.times = max(self.times, int(said[1]))
            self.published_times = max(self.published_times, int(said[1]))


def ended(report: ConditionEvent, sample: int, time_ns: int) -> ConditionEvent:
    """The report as ended at a sample, for a condition whose end nobody can report any more."""
    return replace(report, condition=replace(report.condition, ended_sample=sample), ended_time_ns=time_ns)


def is_new_episode(known: ConditionEvent, event: ConditionEvent) -> bool:
    """True where event tells of a later onset than known."""
    return (event.epoch, event.condition.onset_sample) > (known.epoch, known.condition.onset_sample)
