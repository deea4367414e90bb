"""The gate every reply passes: what a backend said is verified before the interpretation is closed.

Owns the order of a finished interpretation: the backend's events, then Checked, then Finished. Must not import grpc.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from cloud.backends.base import Backend
from ecg.interpretation import (
    Checked,
    Escalation,
    Finished,
    InterpretEvent,
    Labelled,
    Measured,
    Reply,
    Step,
    Summarised,
)
from ecg.measurements.measurement import MeasurementTable
from ecg.verifier import verify


def checked_interpretation(backend: Backend, escalation: Escalation) -> Iterator[InterpretEvent]:
    """A backend's events, closed by the verifier's verdicts and the whole text.

    Args:
        backend: Who interprets.
        escalation: What.

    Yields:
        The backend's events, then Checked, then Finished.
    """
    started_s = time.monotonic()
    table, steps, summary, labels = MeasurementTable(()), [], "", Labelled(())
    events = backend.interpret(escalation)
    for event in events:
        match event:
            case Measured(values):
                table = MeasurementTable(values)
            case Step():
                steps.append(event)
            case Summarised(text):
                summary = text
            case Labelled():
                labels = event
        yield event
    reply = Reply(tuple(steps), summary, labels.labels, labels.abstained, labels.reason)
    yield Checked(verify(reply, table))
    yield Finished(reply.as_text(), round((time.monotonic() - started_s) * 1000))
