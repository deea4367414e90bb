"""Real messages for the console's unit tests, encoded as edge and stream encode them."""

from __future__ import annotations

import numpy as np

from ecg.alarms import AlertEvent, AlertKind
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Evidence, Origin, Priority
from ecg.segments import Lead, LeadState, Segment, SegmentBatch
from ecg.vitals import LeadReport, Vitals
from ecg.wire import encode_segment_batch, encode_vitals

FS_HZ = 250.0
T0_NS = 1_700_000_000_000_000_000
S = 1_000_000_000


def segment(
    stream_id: str = "bed-1", seq: int = 0, epoch: int = 1, leads: tuple[str, ...] = ("V1", "II"), off: str = ""
) -> Segment:
    """One second whose samples say where they are: row * 1000 + seq."""
    n = int(FS_HZ)
    samples = np.stack([np.full(n, row * 1000 + seq, np.int16) for row in range(len(leads))])
    parts = tuple(Lead(name, 200.0, 0, LeadState.OFF if name == off else LeadState.CONNECTED) for name in leads)
    return Segment(stream_id, epoch, seq, seq * n, FS_HZ, T0_NS + seq * S, parts, samples)


def batch(*segments: Segment, sent_ns: int = T0_NS, backfill: bool = False, agent_id: str = "agent-1") -> bytes:
    """A SegmentBatch as bytes."""
    return encode_segment_batch(SegmentBatch(agent_id, "1", sent_ns, segments, backfill))


def vitals(seq: int, bpm: float | None, stream_id: str = "bed-1", epoch: int = 1) -> bytes:
    """A VitalsBatch of one bed as bytes."""
    n = int(FS_HZ)
    one = Vitals(
        stream_id, epoch, seq, seq * n, seq * n + n, FS_HZ, T0_NS + (seq + 1) * S, bpm, "N",
        (LeadReport("II", 0.5, ("MUSCLE",)),), (),
    )  # fmt: skip
    return encode_vitals("agent-1", [one])


def condition(
    code: ConditionCode = ConditionCode.VFB, stream_id: str = "bed-1", onset_s: int = 20, ended_s: int | None = None
) -> ConditionEvent:
    """A condition found 4 s after its onset."""
    onset, detected = round(onset_s * FS_HZ), round((onset_s + 4) * FS_HZ)
    ended = None if ended_s is None else round(ended_s * FS_HZ)
    about = Condition(code, onset, detected, f"{code.value} found", ended, (Evidence("frequency", 4.6, "Hz"),))
    ended_ns = None if ended_s is None else T0_NS + ended_s * S
    return ConditionEvent(
        stream_id, 1, "agent-1", Origin.EDGE, about, T0_NS + onset_s * S, T0_NS + (onset_s + 4) * S, ended_ns
    )


def event(
    number: int,
    kind: AlertKind,
    alarm_id: str = "alarm-1",
    about: ConditionEvent | None = None,
    priority: Priority = Priority.HIGH,
    actor: str = "alarm-cycle",
    detail: str = "",
    time_s: int = 24,
) -> AlertEvent:
    """An event of an alarm's life."""
    return AlertEvent(
        alarm_id, number, kind, priority, about or condition(), T0_NS + time_s * S, actor, detail, (Origin.EDGE,)
    )
