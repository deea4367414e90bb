"""The deterministic backend: measurements and the written protocol, no learnt model.

Owns the wiring of ecg.interpreter to the backend interface. Must not import grpc.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from cloud.backends.base import ModelDescription
from ecg.conditions import Condition
from ecg.interpretation import Escalation, InterpretEvent, Labelled, Measured, Summarised
from ecg.interpreter import describe
from ecg.interpreter.labels import ALL_LABELS
from ecg.protocol.rules import PROTOCOL_VERSION
from ecg.segments import Segment, millivolts
from ecg.windows import Window

_SHA256 = hashlib.sha256(f"protocol {PROTOCOL_VERSION}".encode()).hexdigest()


def window_of(segment: Segment) -> Window:
    """The escalated segment as an analysis window, in mV."""
    signal_mv = millivolts(segment)
    signal_mv.flags.writeable = False
    return Window(
        segment.stream_id,
        segment.epoch,
        segment.first_sample,
        segment.fs_hz,
        segment.start_time_ns,
        tuple(lead.name for lead in segment.leads),
        signal_mv,
    )


def _in_window(condition: Condition, window: Segment) -> Condition:
    """The condition with its samples counted from the window's first."""
    first, ended = window.first_sample, condition.ended_sample
    return replace(
        condition,
        onset_sample=condition.onset_sample - first,
        detected_sample=condition.detected_sample - first,
        ended_sample=None if ended is None else ended - first,
    )


class ProtocolBackend:
    """Measures, evaluates the protocol, writes the six steps. Honest about what it is: a rule-based reading."""

    @property
    def model(self) -> ModelDescription:
        """What it is."""
        return ModelDescription(
            f"protocol-{PROTOCOL_VERSION}",
            "protocol",
            "Deterministic protocol interpreter: measured features, published thresholds, no learnt model.",
            "cpu",
            ALL_LABELS,
            _SHA256,
        )

    def interpret(self, escalation: Escalation) -> Iterator[InterpretEvent]:
        """Measured, six steps, summary, labels."""
        window = escalation.window
        conditions = (_in_window(escalation.condition.condition, window),) if escalation.condition else ()
        described = describe(window_of(window), conditions=conditions)
        yield Measured(described.measurements.rows)
        yield from described.reply.steps
        yield Summarised(described.reply.summary)
        yield Labelled(described.reply.labels, described.reply.abstained, described.reply.reason)
