"""The gate every reply passes: what a backend said is verified before the interpretation is closed.

Owns the order of an interpretation: each step, the summary and the labels followed at once by the verdicts on them, and
Finished at the end. Must not import grpc.
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
    """A backend's events, each text followed by the verifier's verdicts on it, closed by the whole text.

    Args:
        backend: Who interprets.
        escalation: What.

    Yields:
        The backend's events; Checked after every Step, Summarised and Labelled, with the claims of that text alone and
        empty where it makes none; then Finished.
    """
    started_s = time.monotonic()
    table, steps, summary, labels = MeasurementTable(()), [], "", Labelled(())
    events = backend.interpret(escalation)
    for event in events:
        said: Reply | None = None
        match event:
            case Measured(values):
                table = MeasurementTable(values)
            case Step():
                steps.append(event)
                said = Reply((event,), "", ())
            case Summarised(text):
                summary = text
                said = Reply((), text, ())
            case Labelled():
                labels = event
                said = Reply((), "", event.labels)
        yield event
        if said is not None:
            yield Checked(verify(said, table))
    reply = Reply(tuple(steps), summary, labels.labels, labels.abstained, labels.reason)
    yield Finished(reply.as_text(), round((time.monotonic() - started_s) * 1000))
