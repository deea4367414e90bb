"""What goes to the cloud: which windows, how urgently, until when, and how often.

Owns the policy and the ids; the queue and the calls are `stream.escalator`. Pure.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from ecg.conditions import ConditionEvent, Priority
from ecg.interpretation import Escalation
from ecg.screening import LabelScore
from ecg.segments import Segment
from stream.screener import UNSCREENED, Screened

S = 1_000_000_000
#: How long an answer is of use (CLINICAL.md §3: interpretation p95 within 60 s).
DEADLINE_NS = {Priority.HIGH: 60 * S, Priority.MEDIUM: 60 * S, Priority.LOW: 120 * S, Priority.TECHNICAL: 60 * S}
#: Alarms of these priorities are interpreted.
ESCALATED = frozenset({Priority.HIGH, Priority.MEDIUM})
#: The same flag of the same bed goes to the cloud no more often than this; "unscreened" says nothing of the patient.
FLAG_EVERY_NS, UNSCREENED_EVERY_NS = 60 * S, 600 * S

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:vigil:escalation:v1")


@dataclass(frozen=True, slots=True)
class _Said:
    """What the encoder last said of a bed."""

    scores: tuple[LabelScore, ...]
    embedding: tuple[float, ...]
    model_id: str


class EscalationPolicy:
    """Decides and remembers per bed; forgets with it."""

    def __init__(self) -> None:
        self._sent_ns: dict[str, dict[str, int]] = {}
        self._said: dict[str, _Said] = {}

    def heard(self, screened: Screened) -> None:
        """Keeps what the encoder says of a bed, for the alarms that may follow."""
        screening = screened.screening
        if screening.scores:
            self._said[screening.stream_id] = _Said(screening.scores, screened.embedding, screening.model_id)

    def wants(self, screened: Screened, now_ns: int) -> bool:
        """Whether a flagged window goes to the cloud now."""
        return bool(self._due(screened, now_ns))

    def _due(self, screened: Screened, now_ns: int) -> list[str]:
        """The window's flags of which nothing was sent for long enough."""
        sent = self._sent_ns.get(screened.screening.stream_id, {})
        flags = screened.screening.flags
        return [flag for flag in flags if now_ns - sent.get(flag, -UNSCREENED_EVERY_NS) >= _every_ns(flag)]

    def of_window(self, screened: Screened, agent_id: str, strip: Segment, now_ns: int) -> Escalation:
        """The escalation of a flagged window, which is remembered; it belongs to no alarm."""
        screening = screened.screening
        due = self._due(screened, now_ns)
        self._sent_ns.setdefault(screening.stream_id, {}).update(dict.fromkeys(due, now_ns))
        name = f"window/{screening.stream_id}/{screening.epoch}/{screening.first_sample}"
        return Escalation(
            str(uuid.uuid5(_NAMESPACE, name)),
            "",
            agent_id,
            Priority.LOW,
            now_ns + DEADLINE_NS[Priority.LOW],
            strip,
            None,
            screening.scores,
            screening.model_id,
            screened.embedding,
        )

    def of_alarm(
        self, alarm_id: str, priority: Priority, condition: ConditionEvent, strip: Segment, now_ns: int
    ) -> Escalation:
        """The escalation of an alarm, with what the encoder last said of the bed."""
        said = self._said.get(condition.stream_id, _Said((), (), ""))
        return Escalation(
            str(uuid.uuid5(_NAMESPACE, f"alarm/{alarm_id}")),
            alarm_id,
            condition.agent_id,
            priority,
            now_ns + DEADLINE_NS[priority],
            strip,
            condition,
            said.scores,
            said.model_id,
            said.embedding,
        )

    def forget(self, stream_id: str) -> None:
        """Drops a bed; unknown ones are no error."""
        self._sent_ns.pop(stream_id, None)
        self._said.pop(stream_id, None)


def _every_ns(flag: str) -> int:
    return UNSCREENED_EVERY_NS if flag == UNSCREENED else FLAG_EVERY_NS
