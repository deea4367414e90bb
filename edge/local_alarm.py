"""The local alarm: what the edge says of a patient with no network at all.

Owns turning the monitor's conditions into ConditionEvents of origin EDGE, and the bedside's own outlet: the log and, where
asked for, a file of JSON lines that a bedside display or sounder follows. Must not import the publisher.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Protocol

import structlog

from ecg.conditions import LETHAL, Condition, ConditionCode, ConditionEvent, Origin
from ecg.segments import Segment

_log = structlog.get_logger("vigil.edge.alarm")


class ConditionsOf(Protocol):
    """What is needed of an output of the monitor."""

    @property
    def stream_id(self) -> str: ...
    @property
    def conditions(self) -> tuple[Condition, ...]: ...


def condition_events(
    agent_id: str, outputs: Iterable[ConditionsOf], last_segments: Mapping[str, Segment]
) -> list[ConditionEvent]:
    """Conditions with their stream, clock and origin.

    Args:
        agent_id: This agent.
        outputs: Of the monitor.
        last_segments: By stream, the segment whose clock tells the times.
    """
    events = []
    for output in outputs:
        for condition in output.conditions:
            clock = last_segments[output.stream_id]
            ended = condition.ended_sample
            events.append(
                ConditionEvent(
                    output.stream_id,
                    clock.epoch,
                    agent_id,
                    Origin.EDGE,
                    condition,
                    clock.time_ns_at(condition.onset_sample),
                    clock.time_ns_at(condition.detected_sample),
                    None if ended is None else clock.time_ns_at(ended),
                )
            )
    return events


class LocalAlarm:
    """The bedside's outlet.

    Args:
        path: File of JSON lines, appended to; None where the log is enough.

    Attributes:
        sounding: Lethal conditions that are active now, (stream_id, code).
    """

    def __init__(self, path: Path | None = None) -> None:
        self._file: IO[str] | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        self.sounding: set[tuple[str, ConditionCode]] = set()

    def tell(self, events: Iterable[ConditionEvent]) -> None:
        """Says each event at once; never fails the tick."""
        for event in events:
            condition = event.condition
            key = (event.stream_id, condition.code)
            new = condition.active and key not in self.sounding
            if condition.code in LETHAL:
                (self.sounding.add if condition.active else self.sounding.discard)(key)
                if new or not condition.active:
                    say = _log.error if condition.active else _log.info
                    say(
                        "local_alarm" if condition.active else "local_alarm_over",
                        stream_id=event.stream_id,
                        code=condition.code.value,
                        reason=condition.reason,
                    )
            self._write(event)

    def _write(self, event: ConditionEvent) -> None:
        if self._file is None:
            return
        line = {
            "stream_id": event.stream_id,
            "epoch": event.epoch,
            "code": event.condition.code.value,
            "lethal": event.condition.code in LETHAL,
            "active": event.condition.active,
            "reason": event.condition.reason,
            "onset_time_ns": event.onset_time_ns,
            "detected_time_ns": event.detected_time_ns,
            "ended_time_ns": event.ended_time_ns,
        }
        try:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
        except OSError as error:
            _log.error("alarm_file_failed", error=str(error))

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
