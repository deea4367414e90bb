"""What a step of the processor gives: everything that is to be published, and nothing published yet. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg.alarms import AlertEvent
from ecg.dead_letters import MAX_PAYLOAD_BYTES, DeadLetter
from ecg.errors import InvalidSignal
from ecg.interpretation import Escalation
from ecg.segments import Segment
from ecg.vitals import Vitals
from ecg.windows import Window
from ecg.wire import Rejected, segment_to_proto


@dataclass(frozen=True, slots=True)
class Position:
    """Where a message stood."""

    topic: str
    partition: int
    offset: int


@dataclass(slots=True)
class Outputs:
    """Results of one step, in the order they came about.

    Attributes:
        vitals: Agent to the vitals of its beds.
        windows: Due for screening.
    """

    vitals: dict[str, list[Vitals]] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    alerts: list[AlertEvent] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)


def letter(error: Exception, payload: bytes | None, at: Position, now_ns: int, agent_id: str = "") -> DeadLetter:
    """The dead letter of a whole message."""
    size = len(payload or b"")
    kept = bytes((payload or b"")[:MAX_PAYLOAD_BYTES])
    return DeadLetter(at.topic, at.partition, at.offset, type(error).__name__, str(error), kept, size, now_ns, agent_id)


def letter_of_rejected(bad: Rejected, agent_id: str, at: Position, now_ns: int) -> DeadLetter:
    """The dead letter of one segment that could not be read."""
    return DeadLetter(
        at.topic,
        at.partition,
        at.offset,
        InvalidSignal.__name__,
        bad.reason,
        bad.payload,
        len(bad.payload),
        now_ns,
        agent_id,
        bad.stream_id,
        bad.epoch,
        bad.seq,
    )


def letter_of_segment(segment: Segment, agent_id: str, error: Exception, at: Position, now_ns: int) -> DeadLetter:
    """The dead letter of one segment that could be read but not be used."""
    payload = segment_to_proto(segment).SerializeToString()
    return DeadLetter(
        at.topic,
        at.partition,
        at.offset,
        type(error).__name__,
        str(error),
        payload[:MAX_PAYLOAD_BYTES],
        len(payload),
        now_ns,
        agent_id,
        segment.stream_id,
        segment.epoch,
        segment.seq,
    )
