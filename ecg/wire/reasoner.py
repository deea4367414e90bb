"""Wire conversion of escalations and interpretations: what goes over gRPC, and comes back by Kafka."""

from __future__ import annotations

from ecg.conditions import Priority
from ecg.errors import InvalidSignal
from ecg.interpretation import (
    Accepted,
    Checked,
    Claim,
    ClaimKind,
    Escalation,
    Failed,
    Finished,
    InterpretationRecord,
    InterpretEvent,
    Labelled,
    Measured,
    Step,
    Summarised,
    Verdict,
)
from ecg.measurements.measurement import Measurement
from ecg.screening import LabelScore
from ecg.wire.alarms import PRIORITY, condition_event_from_proto, condition_event_to_proto
from ecg.wire.parse import member, parse
from ecg.wire.signals import segment_from_proto, segment_to_proto
from vigil.v1 import reasoner_pb2, screening_pb2

_VERDICT = {verdict: i + 1 for i, verdict in enumerate(Verdict)}


def escalation_to_proto(escalation: Escalation) -> reasoner_pb2.Escalation:
    """An escalation as a message."""
    return reasoner_pb2.Escalation(
        escalation_id=escalation.escalation_id,
        alarm_id=escalation.alarm_id,
        stream_id=escalation.window.stream_id,
        epoch=escalation.window.epoch,
        agent_id=escalation.agent_id,
        priority=PRIORITY[escalation.priority],  # type: ignore[arg-type]
        deadline_ns=escalation.deadline_ns,
        window=segment_to_proto(escalation.window),
        condition=condition_event_to_proto(escalation.condition) if escalation.condition else None,
        encoder_findings=[screening_pb2.LabelScore(label=x.label, score=x.score) for x in escalation.encoder_findings],
        encoder_model_id=escalation.encoder_model_id,
        embedding=escalation.embedding,
    )


def escalation_from_proto(m: reasoner_pb2.Escalation) -> Escalation:
    """The escalation a message carries.

    Raises:
        InvalidSignal: Empty id, or a window that cannot be used.
    """
    if not m.escalation_id:
        raise InvalidSignal("escalation without escalation_id: it could not be idempotent")
    return Escalation(
        m.escalation_id,
        m.alarm_id,
        m.agent_id,
        member(PRIORITY, m.priority, "priority") if m.priority else Priority.LOW,
        m.deadline_ns,
        segment_from_proto(m.window),
        condition_event_from_proto(m.condition) if m.HasField("condition") else None,
        tuple(LabelScore(x.label, x.score) for x in m.encoder_findings),
        m.encoder_model_id,
        tuple(m.embedding),
    )


def response_to_proto(escalation_id: str, number: int, event: InterpretEvent) -> reasoner_pb2.InterpretResponse:
    """One event of an interpretation as a message."""
    m = reasoner_pb2.InterpretResponse(escalation_id=escalation_id, number=number)
    match event:
        case Accepted(position, model_id):
            m.accepted.CopyFrom(reasoner_pb2.Accepted(queue_position=position, model_id=model_id))
        case Measured(values):
            m.measurements.SetInParent()
            for x in values:
                row = m.measurements.values.add(name=x.name, lead=x.lead or "", unit=x.unit, reason=x.reason)
                if x.value is not None:
                    row.value = x.value
        case Step(step_number, title, text):
            m.step.CopyFrom(reasoner_pb2.Step(number=step_number, title=title, text=text))
        case Summarised(text):
            m.summary.CopyFrom(reasoner_pb2.Summary(text=text))
        case Labelled(labels, abstained, reason):
            m.labels.CopyFrom(reasoner_pb2.Labels(labels=labels, abstained=abstained, reason=reason))
        case Checked(claims):
            m.claims.SetInParent()
            for c in claims:
                m.claims.claims.add(
                    text=c.text,
                    step=c.step,
                    kind=c.kind.value,
                    verdict=_VERDICT[c.verdict],
                    evidence=c.evidence,
                    start=c.start,
                    end=c.end,
                )
        case Finished(raw_text, elapsed_ms):
            m.done.CopyFrom(reasoner_pb2.Done(raw_text=raw_text, elapsed_ms=elapsed_ms))
        case Failed(reason):
            m.failed.CopyFrom(reasoner_pb2.Failed(reason=reason))
    return m


def response_from_proto(m: reasoner_pb2.InterpretResponse) -> InterpretEvent:
    """The event a message carries.

    Raises:
        InvalidSignal: An event this version does not know.
    """
    match m.WhichOneof("event"):
        case "accepted":
            return Accepted(m.accepted.queue_position, m.accepted.model_id)
        case "measurements":
            return Measured(
                tuple(
                    Measurement(x.name, x.value if x.HasField("value") else None, x.unit, x.lead or None, x.reason)
                    for x in m.measurements.values
                )
            )
        case "step":
            return Step(m.step.number, m.step.title, m.step.text)
        case "summary":
            return Summarised(m.summary.text)
        case "labels":
            return Labelled(tuple(m.labels.labels), m.labels.abstained, m.labels.reason)
        case "claims":
            return Checked(
                tuple(
                    Claim(
                        c.text,
                        c.step,
                        ClaimKind(c.kind),
                        member(_VERDICT, c.verdict, "verdict"),
                        c.evidence,
                        c.start,
                        c.end,
                    )
                    for c in m.claims.claims
                )
            )
        case "done":
            return Finished(m.done.raw_text, m.done.elapsed_ms)
        case "failed":
            return Failed(m.failed.reason)
        case _:
            raise InvalidSignal(f"interpretation {m.escalation_id} event {m.number} is of an unknown kind")


def encode_interpretation(record: InterpretationRecord) -> bytes:
    """A published interpretation event as bytes."""
    return reasoner_pb2.Interpretation(
        escalation_id=record.escalation_id,
        alarm_id=record.alarm_id,
        stream_id=record.stream_id,
        epoch=record.epoch,
        window_first_sample=record.window_first_sample,
        window_end_sample=record.window_end_sample,
        fs_hz=record.fs_hz,
        time_ns=record.time_ns,
        model_id=record.model_id,
        response=response_to_proto(record.escalation_id, record.number, record.event),
    ).SerializeToString()


def decode_interpretation(payload: bytes) -> InterpretationRecord:
    """The interpretation event in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    m = parse(reasoner_pb2.Interpretation, payload)
    return InterpretationRecord(
        m.escalation_id,
        m.alarm_id,
        m.stream_id,
        m.epoch,
        m.window_first_sample,
        m.window_end_sample,
        m.fs_hz,
        m.time_ns,
        m.model_id,
        m.response.number,
        response_from_proto(m.response),
    )
