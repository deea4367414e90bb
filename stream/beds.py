"""A bed as the processor knows it: where its stream stands, and the technical conditions that only the stream can see.

Owns NO_SIGNAL and BAD_INPUT: when they begin and end. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ecg.alarm_tracking import ended
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin
from ecg.segments import Segment
from stream.ordering import SegmentOrder

S = 1_000_000_000
#: No data from a device for longer than this is an alarm (CLINICAL.md §4).
SILENT_NS = 30 * S
#: A bed whose input was bad is said to be so until this long after the last fault.
BAD_INPUT_NS = 10 * S
#: The conditions that are begun and ended here and by no rule.
OWN_CODES = frozenset({ConditionCode.NO_SIGNAL, ConditionCode.BAD_INPUT})
_ASSUMED_FS_HZ = 250.0


@dataclass(slots=True)
class Bed:
    """What is known of one stream besides its samples.

    Attributes:
        newest: The last segment that was accepted.
        arrived_ns: When it came.
        technical: Conditions of OWN_CODES that last.
        fault_ns: When its input was last found bad.
    """

    stream_id: str
    agent_id: str
    newest: Segment | None = None
    arrived_ns: int = 0
    order: SegmentOrder = field(default_factory=SegmentOrder)
    technical: dict[ConditionCode, ConditionEvent] = field(default_factory=dict)
    fault_ns: int = 0

    def accepted(self, segment: Segment, now_ns: int) -> list[ConditionEvent]:
        """A segment was taken: whatever silence there was is over."""
        self.newest, self.arrived_ns = segment, now_ns
        return self.end(ConditionCode.NO_SIGNAL, now_ns)

    def fault(self, reason: str, now_ns: int) -> list[ConditionEvent]:
        """Something of this bed could not be used; told once while it goes on."""
        self.fault_ns = now_ns
        return self._begin(ConditionCode.BAD_INPUT, reason, now_ns)

    def tick(self, now_ns: int) -> list[ConditionEvent]:
        """What time alone brings."""
        events: list[ConditionEvent] = []
        quiet_ns = now_ns - self.arrived_ns
        if self.newest is not None and quiet_ns > SILENT_NS:
            events += self._begin(ConditionCode.NO_SIGNAL, f"no data from the device for {quiet_ns // S} s", now_ns)
        if now_ns - self.fault_ns >= BAD_INPUT_NS:
            events += self.end(ConditionCode.BAD_INPUT, now_ns)
        return events

    def end(self, code: ConditionCode, now_ns: int) -> list[ConditionEvent]:
        """Ends a condition of OWN_CODES; nothing where it is not on."""
        event = self.technical.pop(code, None)
        if event is None:
            return []
        sample, time_ns = self._now(now_ns)
        return [ended(event, max(sample, event.condition.onset_sample), max(time_ns, event.onset_time_ns))]

    def _begin(self, code: ConditionCode, reason: str, now_ns: int) -> list[ConditionEvent]:
        if code in self.technical:
            return []
        sample, time_ns = self._now(now_ns)
        epoch = self.newest.epoch if self.newest else 0
        condition = Condition(code, sample, sample, reason)
        event = ConditionEvent(self.stream_id, epoch, self.agent_id, Origin.STREAM, condition, time_ns, time_ns)
        self.technical[code] = event
        return [event]

    def _now(self, now_ns: int) -> tuple[int, int]:
        """(sample, UTC ns) of now on the device's clock, as far as it can be known."""
        if self.newest is None:
            return round(now_ns / S * _ASSUMED_FS_HZ), now_ns
        since_ns = max(0, now_ns - self.arrived_ns)
        end = self.newest.end_sample
        return end + round(since_ns / S * self.newest.fs_hz), self.newest.time_ns_at(end) + since_ns
