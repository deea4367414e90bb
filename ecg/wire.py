"""Wire: the one place where domain types become vigil.v1 messages and back.

Decoding maps every fault onto InvalidSignal at the border. A batch is only an envelope: one bad segment is rejected
alone (ecg.wire.Rejected) and the others go on. Samples go from the wire to NumPy with no copy.
Unknown fields are ignored, as protobuf does: a newer agent may say more.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from google.protobuf.message import DecodeError, Message

from ecg.alarms import AlarmCommand, AlertEvent, AlertKind, CommandKind
from ecg.beats.beat import Beat, BeatClass
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Evidence, Origin, Priority
from ecg.dead_letters import MAX_PAYLOAD_BYTES, DeadLetter
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceHealth, DeviceState, GapReason, GapRecord
from ecg.screening import LabelScore, Screening, ScreeningStatus
from ecg.segments import Lead, LeadState, Segment, SegmentBatch
from ecg.vitals import LeadReport, Vitals
from vigil.v1 import alarm_pb2, screening_pb2, signal_pb2

M = TypeVar("M", bound=Message)
T = TypeVar("T")

#: Above this nothing of ours can be: refused before it is parsed (topics take 256 KiB; a cluster may allow more).
MAX_PARSE_BYTES = 4 * 1024 * 1024

_LEAD_STATE = {LeadState.CONNECTED: 1, LeadState.OFF: 2}
_LEAD_STATE_BACK = {0: LeadState.CONNECTED, 1: LeadState.CONNECTED, 2: LeadState.OFF}
_GAP_REASON = {reason: i + 1 for i, reason in enumerate(GapReason)}
_DEVICE_STATE = {state: i + 1 for i, state in enumerate(DeviceState)}
_PRIORITY = {priority: i + 1 for i, priority in enumerate(Priority)}
_ORIGIN = {origin: i + 1 for i, origin in enumerate(Origin)}
_ALERT_KIND = {kind: i + 1 for i, kind in enumerate(AlertKind)}
_COMMAND_KIND = {kind: i + 1 for i, kind in enumerate(CommandKind)}
_STATUS = {status: i + 1 for i, status in enumerate(ScreeningStatus)}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A segment of a batch that could not be used, and why."""

    stream_id: str
    epoch: int
    seq: int
    reason: str
    payload: bytes


@dataclass(frozen=True, slots=True, eq=False)
class DecodedBatch:
    """A batch with its good segments, and the bad ones beside it."""

    batch: SegmentBatch
    rejected: tuple[Rejected, ...]


def _parse(kind: type[M], payload: bytes) -> M:
    if not payload:
        raise InvalidSignal(f"{kind.DESCRIPTOR.name}: the message is empty (0 bytes)")
    if len(payload) > MAX_PARSE_BYTES:
        raise InvalidSignal(f"{kind.DESCRIPTOR.name}: {len(payload)} bytes, at most {MAX_PARSE_BYTES} are read")
    message = kind()
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        raise InvalidSignal(f"{kind.DESCRIPTOR.name}: {len(payload)} bytes do not parse: {error}") from error
    return message


def _enum(table: dict[T, int], number: int, what: str) -> T:
    for member, value in table.items():
        if value == number:
            return member
    raise InvalidSignal(f"{what} {number} is not known")


def _code(text: str) -> ConditionCode:
    try:
        return ConditionCode(text)
    except ValueError:
        raise InvalidSignal(f"condition code {text!r} is not known") from None


# Signals


def segment_to_proto(segment: Segment) -> signal_pb2.Segment:
    """A segment as a message; samples lead after lead, int16 little-endian, with their CRC-32."""
    samples = segment.samples.astype("<i2", copy=False).tobytes()
    return signal_pb2.Segment(
        stream_id=segment.stream_id,
        epoch=segment.epoch,
        seq=segment.seq,
        first_sample=segment.first_sample,
        fs_hz=segment.fs_hz,
        start_time_ns=segment.start_time_ns,
        leads=[
            signal_pb2.Lead(
                name=lead.name,
                gain_adu_per_mv=lead.gain_adu_per_mv,
                baseline_adu=lead.baseline_adu,
                state=_LEAD_STATE[lead.state],  # type: ignore[arg-type]
            )
            for lead in segment.leads
        ],
        n_samples=segment.n_samples,
        samples=samples,
        samples_crc32=zlib.crc32(samples),
    )


def segment_from_proto(message: signal_pb2.Segment) -> Segment:
    """The segment a message carries; its samples are a read-only view of the message's bytes.

    Raises:
        InvalidSignal: Truncated or corrupt samples, or a field outside its limits.
    """
    n_leads = len(message.leads)
    where = f"segment {message.stream_id!r} epoch {message.epoch} seq {message.seq}"
    wanted = n_leads * message.n_samples * 2
    if len(message.samples) != wanted:
        raise InvalidSignal(
            f"{where}: {len(message.samples)} bytes of samples, "
            f"{wanted} wanted for {n_leads} leads of {message.n_samples} samples"
        )
    if zlib.crc32(message.samples) != message.samples_crc32:
        raise InvalidSignal(f"{where}: samples do not match their CRC-32, they were changed on the way")
    if n_leads == 0:
        raise InvalidSignal(f"{where}: no leads")
    return Segment(
        message.stream_id,
        message.epoch,
        message.seq,
        message.first_sample,
        message.fs_hz,
        message.start_time_ns,
        tuple(
            Lead(lead.name, lead.gain_adu_per_mv, lead.baseline_adu, _LEAD_STATE_BACK.get(lead.state, LeadState.OFF))
            for lead in message.leads
        ),
        np.frombuffer(message.samples, "<i2").reshape(n_leads, message.n_samples),  # (n_leads, n_samples)
    )


def encode_segment_batch(batch: SegmentBatch) -> bytes:
    """A batch as bytes for Kafka."""
    return signal_pb2.SegmentBatch(
        agent_id=batch.agent_id,
        agent_version=batch.agent_version,
        sent_time_ns=batch.sent_time_ns,
        segments=[segment_to_proto(segment) for segment in batch.segments],
        backfill=batch.backfill,
    ).SerializeToString()


def decode_segment_batch(payload: bytes) -> DecodedBatch:
    """The batch in a message, its bad segments set apart.

    Raises:
        InvalidSignal: Where the envelope itself cannot be read.
    """
    message = _parse(signal_pb2.SegmentBatch, payload)
    good: list[Segment] = []
    rejected: list[Rejected] = []
    for part in message.segments:
        try:
            good.append(segment_from_proto(part))
        except InvalidSignal as error:
            rejected.append(
                Rejected(part.stream_id, part.epoch, part.seq, str(error), part.SerializeToString()[:MAX_PAYLOAD_BYTES])
            )
    batch = SegmentBatch(message.agent_id, message.agent_version, message.sent_time_ns, tuple(good), message.backfill)
    return DecodedBatch(batch, tuple(rejected))


def encode_gap_record(gap: GapRecord) -> bytes:
    """A gap record as bytes."""
    return signal_pb2.GapRecord(
        stream_id=gap.stream_id,
        epoch=gap.epoch,
        first_seq=gap.first_seq,
        end_seq=gap.end_seq,
        reason=_GAP_REASON[gap.reason],  # type: ignore[arg-type]
        detail=gap.detail,
        time_ns=gap.time_ns,
    ).SerializeToString()


def decode_gap_record(payload: bytes) -> GapRecord:
    """The gap record in a message.

    Raises:
        InvalidSignal: Where it cannot be read or the range is empty.
    """
    m = _parse(signal_pb2.GapRecord, payload)
    reason = _enum(_GAP_REASON, m.reason, "gap reason")
    try:
        return GapRecord(m.stream_id, m.epoch, m.first_seq, m.end_seq, reason, m.detail, m.time_ns)
    except ValueError as error:
        raise InvalidSignal(str(error)) from error


def encode_device_health(health: DeviceHealth) -> bytes:
    """A device's health as bytes."""
    return signal_pb2.DeviceHealth(
        agent_id=health.agent_id,
        stream_id=health.stream_id,
        epoch=health.epoch,
        state=_DEVICE_STATE[health.state],  # type: ignore[arg-type]
        detail=health.detail,
        next_seq=health.next_seq,
        spooled_segments=health.spooled_segments,
        time_ns=health.time_ns,
    ).SerializeToString()


def decode_device_health(payload: bytes) -> DeviceHealth:
    """The device health in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    m = _parse(signal_pb2.DeviceHealth, payload)
    state = _enum(_DEVICE_STATE, m.state, "device state")
    return DeviceHealth(m.agent_id, m.stream_id, m.epoch, state, m.next_seq, m.time_ns, m.spooled_segments, m.detail)


# Conditions and alarms


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
        _enum(_ORIGIN, m.origin, "origin"),
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
    return condition_event_from_proto(_parse(alarm_pb2.ConditionEvent, payload))


def encode_alert_event(event: AlertEvent) -> bytes:
    """An alarm's event as bytes."""
    return alarm_pb2.AlertEvent(
        alarm_id=event.alarm_id,
        number=event.number,
        kind=_ALERT_KIND[event.kind],  # type: ignore[arg-type]
        priority=_PRIORITY[event.priority],  # type: ignore[arg-type]
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
    m = _parse(alarm_pb2.AlertEvent, payload)
    return AlertEvent(
        m.alarm_id,
        m.number,
        _enum(_ALERT_KIND, m.kind, "alert kind"),
        _enum(_PRIORITY, m.priority, "priority"),
        condition_event_from_proto(m.condition),
        m.time_ns,
        m.actor,
        m.detail,
        tuple(_enum(_ORIGIN, origin, "origin") for origin in m.origins),
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
    m = _parse(alarm_pb2.AlarmCommand, payload)
    kind = _enum(_COMMAND_KIND, m.kind, "command kind")
    return AlarmCommand(m.command_id, m.alarm_id, m.stream_id, m.agent_id, kind, m.user, m.time_ns, m.comment)


# Vitals, screenings, dead letters


def encode_vitals(agent_id: str, vitals: Iterable[Vitals]) -> bytes:
    """All beds of one agent and tick as bytes."""
    batch = screening_pb2.VitalsBatch(agent_id=agent_id)
    for v in vitals:
        m = batch.vitals.add(
            stream_id=v.stream_id,
            epoch=v.epoch,
            seq=v.seq,
            first_sample=v.first_sample,
            end_sample=v.end_sample,
            fs_hz=v.fs_hz,
            time_ns=v.time_ns,
            rhythm=v.rhythm,
        )
        if v.heart_rate_bpm is not None:
            m.heart_rate_bpm = v.heart_rate_bpm
        for report in v.quality:
            m.quality.add(lead=report.lead, index=report.index, problems=report.problems)
        for beat in v.beats:
            m.beats.add(sample=beat.sample, symbol=beat.label.value)
    return batch.SerializeToString()


def decode_vitals(payload: bytes) -> tuple[str, tuple[Vitals, ...]]:
    """(agent_id, vitals) in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    batch = _parse(screening_pb2.VitalsBatch, payload)
    return batch.agent_id, tuple(
        Vitals(
            m.stream_id,
            m.epoch,
            m.seq,
            m.first_sample,
            m.end_sample,
            m.fs_hz,
            m.time_ns,
            m.heart_rate_bpm if m.HasField("heart_rate_bpm") else None,
            m.rhythm,
            tuple(LeadReport(q.lead, q.index, tuple(q.problems)) for q in m.quality),
            tuple(Beat(b.sample, BeatClass(b.symbol)) for b in m.beats),
        )
        for m in batch.vitals
    )


def encode_screenings(agent_id: str, screenings: Iterable[Screening]) -> bytes:
    """All windows of one encoder batch that belong to one agent, as bytes."""
    batch = screening_pb2.ScreeningBatch(agent_id=agent_id)
    for s in screenings:
        batch.screenings.add(
            stream_id=s.stream_id,
            epoch=s.epoch,
            first_sample=s.first_sample,
            end_sample=s.end_sample,
            fs_hz=s.fs_hz,
            start_time_ns=s.start_time_ns,
            status=_STATUS[s.status],  # type: ignore[arg-type]
            detail=s.detail,
            model_id=s.model_id,
            provider=s.provider,
            scores=[screening_pb2.LabelScore(label=x.label, score=x.score) for x in s.scores],
            flagged=s.flagged,
            flags=s.flags,
        )
    return batch.SerializeToString()


def decode_screenings(payload: bytes) -> tuple[str, tuple[Screening, ...]]:
    """(agent_id, screenings) in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    batch = _parse(screening_pb2.ScreeningBatch, payload)
    return batch.agent_id, tuple(
        Screening(
            m.stream_id,
            m.epoch,
            m.first_sample,
            m.end_sample,
            m.fs_hz,
            m.start_time_ns,
            _enum(_STATUS, m.status, "screening status"),
            m.model_id,
            m.provider,
            tuple(LabelScore(x.label, x.score) for x in m.scores),
            tuple(m.flags),
            m.detail,
        )
        for m in batch.screenings
    )


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """A dead letter as bytes."""
    return screening_pb2.DeadLetter(
        source_topic=letter.source_topic,
        partition=letter.partition,
        offset=letter.offset,
        error=letter.error,
        reason=letter.reason,
        agent_id=letter.agent_id,
        stream_id=letter.stream_id,
        epoch=letter.epoch,
        seq=letter.seq,
        payload=letter.payload[:MAX_PAYLOAD_BYTES],
        payload_size=letter.payload_size,
        time_ns=letter.time_ns,
    ).SerializeToString()


def decode_dead_letter(payload: bytes) -> DeadLetter:
    """The dead letter in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    m = _parse(screening_pb2.DeadLetter, payload)

    def known(field: str) -> Any:
        return getattr(m, field) if m.HasField(field) else None

    return DeadLetter(
        m.source_topic,
        m.partition,
        m.offset,
        m.error,
        m.reason,
        m.payload,
        m.payload_size,
        m.time_ns,
        m.agent_id,
        known("stream_id"),
        known("epoch"),
        known("seq"),
    )


#: Decoder per topic message name, for tools that read any topic.
DECODERS: dict[str, Callable[[bytes], object]] = {
    "SegmentBatch": decode_segment_batch,
    "ConditionEvent": decode_condition_event,
    "GapRecord": decode_gap_record,
    "DeviceHealth": decode_device_health,
    "AlertEvent": decode_alert_event,
    "AlarmCommand": decode_alarm_command,
    "VitalsBatch": decode_vitals,
    "ScreeningBatch": decode_screenings,
    "DeadLetter": decode_dead_letter,
}
