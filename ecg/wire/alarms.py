"""Conditions, alarm events and commands on the wire."""

from __future__ import annotations

from ecg.alarms import AlarmCommand, AlertEvent, AlertKind, CommandKind
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Evidence, Origin, Priority
from ecg.errors import InvalidSignal
from ecg.wire.parse import member, parse
from vigil.v1 import alarm_pb2

PRIORITY = {priority: i + 1 for i, priority in enumerate(Priority)}
_ORIGIN = {origin: i + 1 for i, origin in enumerate(Origin)}
_ALERT_KIND = {kind: i + 1 for i, kind in enumerate(AlertKind)}
_COMMAND_KIND = {kind: i + 1 for i, kind in enumerate(CommandKind)}


def _code(text: str) -> ConditionCode:
    try:
        return ConditionCode(text)
    except ValueError:
        raise InvalidSignal(f"condition code {text!r} is not known") from None


def condition_event_to_proto(event: ConditionEvent) -> alarm_pb2.ConditionEvent:
    """A condition event as a message."""
    condition = event.condition
    return alarm_pb2.ConditionEvent(
        stream_id=event.stream_id,
        epoch=event.epoch,
        agent_id=event.agent_id,
        code=condition.code.value,
        origin=_ORIGIN[event.origin],  # type: ignore[arg-type]
        active=condition.active,
        onset_sample=condition.onset_sample,
        detected_sample=condition.detected_sample,
        ended_sample=condition.ended_sample or 0,
        onset_time_ns=event.onset_time_ns,
        detected_time_ns=event.detected_time_ns,
        ended_time_ns=event.ended_time_ns or 0,
        reason=condition.reason,
        evidence=[alarm_pb2.Evidence(name=e.name, value=e.value, unit=e.unit) for e in condition.evidence],
    )


def condition_event_from_proto(m: alarm_pb2.ConditionEvent) -> ConditionEvent:
    """The condition event a message carries.

    Raises:
        InvalidSignal: Unknown code or origin.
    """
    condition = Condition(
        _code(m.code),
        m.onset_sample,
        m.detected_sample,
        m.reason,
        None if m.active else m.ended_sample,
        tuple(Evidence(e.name, e.value, e.unit) for e in m.evidence),
    )
    return ConditionEvent(
        m.stream_id,
        m.epoch,
        m.agent_id,
        member(_ORIGIN, m.origin, "origin"),
        condition,
        m.onset_time_ns,
        m.detected_time_ns,
        None if m.active else m.ended_time_ns,
    )


def encode_condition_event(event: ConditionEvent) -> bytes:
    """A condition event as bytes."""
    return condition_event_to_proto(event).SerializeToString()


def decode_condition_event(payload: bytes) -> ConditionEvent:
    """The condition event in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    return condition_event_from_proto(parse(alarm_pb2.ConditionEvent, payload))


def encode_alert_event(event: AlertEvent) -> bytes:
    """An alarm's event as bytes."""
    return alarm_pb2.AlertEvent(
        alarm_id=event.alarm_id,
        number=event.number,
        kind=_ALERT_KIND[event.kind],  # type: ignore[arg-type]
        priority=PRIORITY[event.priority],  # type: ignore[arg-type]
        condition=condition_event_to_proto(event.condition),
        time_ns=event.time_ns,
        actor=event.actor,
        detail=event.detail,
        origins=[_ORIGIN[origin] for origin in event.origins],  # type: ignore[misc]
        agent_id=event.condition.agent_id,
    ).SerializeToString()


def decode_alert_event(payload: bytes) -> AlertEvent:
    """The alarm event in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    m = parse(alarm_pb2.AlertEvent, payload)
    return AlertEvent(
        m.alarm_id,
        m.number,
        member(_ALERT_KIND, m.kind, "alert kind"),
        member(PRIORITY, m.priority, "priority"),
        condition_event_from_proto(m.condition),
        m.time_ns,
        m.actor,
        m.detail,
        tuple(member(_ORIGIN, origin, "origin") for origin in m.origins),
    )


def encode_alarm_command(command: AlarmCommand) -> bytes:
    """A person's command as bytes."""
    return alarm_pb2.AlarmCommand(
        command_id=command.command_id,
        alarm_id=command.alarm_id,
        stream_id=command.stream_id,
        agent_id=command.agent_id,
        kind=_COMMAND_KIND[command.kind],  # type: ignore[arg-type]
        user=command.user,
        comment=command.comment,
        time_ns=command.time_ns,
    ).SerializeToString()


def decode_alarm_command(payload: bytes) -> AlarmCommand:
    """The command in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    m = parse(alarm_pb2.AlarmCommand, payload)
    kind = member(_COMMAND_KIND, m.kind, "command kind")
    return AlarmCommand(m.command_id, m.alarm_id, m.stream_id, m.agent_id, kind, m.user, m.time_ns, m.comment)
