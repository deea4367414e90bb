"""Alarms: the events of an alarm's life and the state they fold into. An alarm is its events; nothing else is kept.

The life cycle that decides which event comes next is ecg.alarm_cycle's; this module only says what events mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from ecg.conditions import LETHAL, TECHNICAL, ConditionCode, ConditionEvent, Origin, Priority


class AlertKind(Enum):
    """What happened to the alarm."""

    RAISED = "raised"
    UPDATED = "updated"
    DOWNGRADED = "downgraded"
    AUDIO_PAUSED = "audio_paused"
    ACKNOWLEDGED = "acknowledged"
    CONDITION_ENDED = "condition_ended"
    CLEARED = "cleared"
    ESCALATED = "escalated"
    INTERPRETATION_PENDING = "interpretation_pending"
    INTERPRETED = "interpreted"
    JUDGED = "judged"


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One event in an alarm's life; (alarm_id, number) is unique and orders the events.

    Attributes:
        condition: The condition as last reported.
        time_ns: UTC ns, when it happened.
        actor: User or part of the system that caused it.
        detail: Text for people: the downgrade's reason, the comment, the judgement ("true" or "false").
        origins: Who has reported the condition so far.
    """

    alarm_id: str
    number: int
    kind: AlertKind
    priority: Priority
    condition: ConditionEvent
    time_ns: int
    actor: str
    detail: str = ""
    origins: tuple[Origin, ...] = ()


class CommandKind(Enum):
    """What a person asks of an alarm."""

    ACKNOWLEDGE = "acknowledge"
    AUDIO_PAUSE = "audio_pause"
    JUDGE_TRUE = "judge_true"
    JUDGE_FALSE = "judge_false"


@dataclass(frozen=True, slots=True)
class AlarmCommand:
    """A person's request, idempotent by command_id."""

    command_id: str
    alarm_id: str
    stream_id: str
    agent_id: str
    kind: CommandKind
    user: str
    time_ns: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """The fold of an alarm's events.

    Attributes:
        latched: The condition ended but nobody has acknowledged it (lethal alarms only): it stays up.
        next_number: Number of the next event.
    """

    alarm_id: str
    priority: Priority
    condition: ConditionEvent
    raised_time_ns: int
    origins: tuple[Origin, ...]
    next_number: int
    condition_active: bool = True
    acknowledged_by: str = ""
    acknowledged_time_ns: int | None = None
    audio_paused_until_ns: int | None = None
    cleared: bool = False
    downgraded: str = ""
    judged: str = ""
    interpretation: str = ""

    @property
    def latched(self) -> bool:
        """True while a lethal alarm outlives its condition for want of an acknowledgement."""
        lethal = self.condition.condition.code in LETHAL
        return lethal and not self.condition_active and not self.acknowledged_by and not self.cleared


def apply(alarm: Alarm | None, event: AlertEvent) -> Alarm:
    """The alarm after event; events at or below the last number change nothing (at-least-once delivery).

    Raises:
        ValueError: Where the first event is not RAISED.
    """
    if alarm is None:
        if event.kind is not AlertKind.RAISED:
            raise ValueError(f"alarm {event.alarm_id} begins with {event.kind.value} event {event.number}, not raised")
        return Alarm(event.alarm_id, event.priority, event.condition, event.time_ns, event.origins, event.number + 1)
    if event.number < alarm.next_number:
        return alarm
    known = replace(
        alarm,
        priority=event.priority,
        condition=event.condition,
        origins=event.origins or alarm.origins,
        next_number=event.number + 1,
    )
    match event.kind:
        case AlertKind.ACKNOWLEDGED:
            return replace(known, acknowledged_by=event.actor, acknowledged_time_ns=event.time_ns)
        case AlertKind.AUDIO_PAUSED:
            return replace(known, audio_paused_until_ns=int(event.detail or 0))
        case AlertKind.UPDATED:
            # One origin may report an end while the other's condition lasts: only an active report says anything here.
            again = event.condition.condition.active and not known.cleared
            return replace(known, condition_active=known.condition_active or again)
        case AlertKind.CONDITION_ENDED:
            return replace(known, condition_active=False)
        case AlertKind.CLEARED:
            return replace(known, cleared=True, condition_active=False)
        case AlertKind.DOWNGRADED:
            return replace(known, downgraded=event.detail)
        case AlertKind.JUDGED:
            return replace(known, judged=event.detail)
        case AlertKind.INTERPRETATION_PENDING | AlertKind.INTERPRETED:
            return replace(known, interpretation=event.detail)
        case _:
            return known


def fold(events: Iterable[AlertEvent]) -> Alarm | None:
    """The alarm its events make, in order of number; None for no events."""
    alarm: Alarm | None = None
    for event in events:
        alarm = apply(alarm, event)
    return alarm


def default_priority(code: ConditionCode) -> Priority:
    """Priority of a condition (IEC 60601-1-8 priorities; lethal are high: CLINICAL.md §2)."""
    if code in LETHAL:
        return Priority.HIGH
    if code in TECHNICAL:
        return Priority.TECHNICAL
    medium = {ConditionCode.AFIB, ConditionCode.AFLT, ConditionCode.SVT, ConditionCode.PAUSE, ConditionCode.RUN}
    medium |= {ConditionCode.AVB2, ConditionCode.AIVR, ConditionCode.BRADY, ConditionCode.TACHY}
    return Priority.MEDIUM if code in medium else Priority.LOW
