"""Alarm book: every alarm the console knows, as the fold of its events, with its interpretations.

Built again at each start from the database and from Kafka: an event may come from both, any number of times. The book
never changes an alarm by itself, it only folds what the stream wrote. Must not import Kafka, HTTP or the database.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg.alarms import Alarm, AlertEvent, apply
from ecg.conditions import ConditionCode, Priority
from ecg.interpretation import InterpretationRecord

#: Cleared alarms kept in memory; older ones are in the database.
KEEP_CLEARED = 2000
#: Among high alarms: what kills first, first.
_LETHAL_ORDER = (ConditionCode.VFB, ConditionCode.ASY, ConditionCode.VTA, ConditionCode.EBR, ConditionCode.ETC)
_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2, Priority.TECHNICAL: 3}


@dataclass(slots=True, eq=False)
class Entry:
    """One alarm: its state, its events by number, and what the reasoner said, by escalation and number."""

    alarm: Alarm
    events: dict[int, AlertEvent] = field(default_factory=dict)
    interpretations: dict[str, dict[int, InterpretationRecord]] = field(default_factory=dict)

    def latest_interpretation(self) -> list[InterpretationRecord]:
        """Events of the youngest escalation, in order; empty where there is none."""
        if not self.interpretations:
            return []
        youngest = max(self.interpretations.values(), key=lambda records: max(r.time_ns for r in records.values()))
        return [youngest[number] for number in sorted(youngest)]


class AlarmBook:
    """Alarms by id.

    Attributes:
        orphans: Events of alarms whose beginning has left Kafka, by alarm, until the database brings it.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.orphans: dict[str, list[AlertEvent]] = {}
        self._early: dict[str, dict[str, dict[int, InterpretationRecord]]] = {}

    def on_event(self, event: AlertEvent) -> Entry | None:
        """Takes an event; returns the entry it changed, None where it was known already or has no beginning."""
        entry = self.entries.get(event.alarm_id)
        try:
            alarm = apply(entry.alarm if entry else None, event)
        except ValueError:
            self.orphans.setdefault(event.alarm_id, []).append(event)
            while len(self.orphans) > KEEP_CLEARED:
                del self.orphans[next(iter(self.orphans))]
            return None
        if entry is None:
            entry = self.entries[event.alarm_id] = Entry(alarm)
            entry.interpretations = self._early.pop(event.alarm_id, {})
        elif event.number in entry.events:
            return None
        entry.alarm = alarm
        entry.events[event.number] = event
        for later in sorted(self.orphans.pop(event.alarm_id, ()), key=lambda orphan: orphan.number):
            self.on_event(later)
        if entry.alarm.cleared:
            self._forget_old()
        return entry

    def on_interpretation(self, record: InterpretationRecord) -> Entry | None:
        """Takes an event of an interpretation; returns the alarm it belongs to where it is known and the event new."""
        entry = self.entries.get(record.alarm_id)
        by_escalation = entry.interpretations if entry else self._early.setdefault(record.alarm_id, {})
        while len(self._early) > KEEP_CLEARED:
            del self._early[next(iter(self._early))]
        records = by_escalation.setdefault(record.escalation_id, {})
        if record.number in records:
            return None
        records[record.number] = record
        return entry

    def listed(self) -> list[Entry]:
        """Every entry, most urgent first: not cleared, by priority, not acknowledged, going on, what kills first, youngest."""
        return sorted(self.entries.values(), key=lambda entry: urgency(entry.alarm))

    def standing(self) -> list[Entry]:
        """Entries not cleared, most urgent first."""
        return [entry for entry in self.listed() if not entry.alarm.cleared]

    def _forget_old(self) -> None:
        cleared = [entry.alarm for entry in self.entries.values() if entry.alarm.cleared]
        if len(cleared) > KEEP_CLEARED * 1.1:
            for alarm in sorted(cleared, key=lambda alarm: alarm.raised_time_ns)[:-KEEP_CLEARED]:
                del self.entries[alarm.alarm_id]


def urgency(alarm: Alarm) -> tuple[bool, int, bool, bool, int, int]:
    """Sort key: the first is what a nurse should look at first: what goes on now before what is latched."""
    code = alarm.condition.condition.code
    order = _LETHAL_ORDER.index(code) if code in _LETHAL_ORDER else len(_LETHAL_ORDER)
    answered, over = bool(alarm.acknowledged_by), not alarm.condition_active
    return alarm.cleared, _RANK[alarm.priority], answered, over, order, -alarm.raised_time_ns
