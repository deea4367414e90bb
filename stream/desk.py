"""The desk: where conditions become alarms, and new alarms are handed to the cloud with their strip.

Owns what lies between the rules and the alarm cycle: waiting for a strip, and bringing alarms and rules together again
after a restart. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from ecg.alarm_cycle import AlarmCycle
from ecg.alarms import Alarm, AlertKind
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin, Priority
from stream.beds import OWN_CODES, Bed
from stream.escalations import ESCALATED, EscalationPolicy
from stream.outputs import Outputs
from stream.strips import Strips

S = 1_000_000_000
#: After a restart, what the rules reported before it must be seen again within this, or it is over.
CONFIRM_NS = 60 * S
#: An alarm raised by the edge waits so long for the segments that show why.
STRIP_WAIT_NS = 5 * S
#: So much of the episode goes to the cloud, where the rule spoke sooner than that.
EPISODE_S = 4.0
#: Alarms younger than this at a restart are escalated again where they have no interpretation yet.
ESCALATE_AGAIN_NS = 120 * S
PENDING, UNAVAILABLE = "interpretation pending: ", "interpretation unavailable: "

Key = tuple[str, ConditionCode]


class Desk:
    """The alarms of one partition and what is on its way to them.

    Args:
        beds: The processor's beds, shared with it.

    Attributes:
        cycle: The alarms.
        warming: While True conditions are only followed, and nothing is alarmed.
    """

    def __init__(self, beds: dict[str, Bed], strips: Strips, policy: EscalationPolicy) -> None:
        self.cycle = AlarmCycle()
        self.warming = False
        self._beds, self._strips, self._policy = beds, strips, policy
        self._awaiting_strip: dict[str, tuple[ConditionEvent, Priority, int]] = {}
        self._active: dict[Key, ConditionEvent] = {}  # what the rules say, followed while warming
        self._unconfirmed: dict[Key, int] = {}

    def conditions(self, events: Iterable[ConditionEvent], now_ns: int, out: Outputs) -> None:
        """Takes what the edge, the rules or a bed report."""
        for event in events:
            key = (event.stream_id, event.condition.code)
            if self.warming:
                self._follow(key, event)
                continue
            if event.origin is Origin.STREAM:
                self._unconfirmed.pop(key, None)
            alerts = self.cycle.on_condition(event, now_ns)
            out.alerts += alerts
            for alert in alerts:
                if alert.kind is AlertKind.RAISED and alert.priority in ESCALATED:
                    self._awaiting_strip[alert.alarm_id] = (event, alert.priority, now_ns + STRIP_WAIT_NS)

    def on_time(self, now_ns: int, out: Outputs) -> None:
        """What time alone brings to alarms."""
        self.escalate(now_ns, out)
        for (stream_id, code), due_ns in list(self._unconfirmed.items()):
            if now_ns >= due_ns:
                del self._unconfirmed[stream_id, code]
                out.alerts += self.cycle.on_lost(stream_id, now_ns, code=code, origin=Origin.STREAM)
        out.alerts += self.cycle.on_time(now_ns)

    def escalate(self, now_ns: int, out: Outputs) -> None:
        """Escalates new alarms whose strip is there: the onset and EPISODE_S, or up to where the rule could say so."""
        for alarm_id, (event, priority, due_ns) in list(self._awaiting_strip.items()):
            bed = self._beds.get(event.stream_id)
            newest = bed.newest if bed else None
            there = newest is not None and newest.epoch == event.epoch
            end = _strip_end(event.condition, newest.fs_hz) if newest is not None else 0
            covered = there and newest is not None and newest.end_sample >= end
            if not covered and now_ns < due_ns:
                continue
            del self._awaiting_strip[alarm_id]
            strip = self._strips.cut(event.stream_id, event.epoch, end)
            if strip is not None:
                out.escalations.append(self._policy.of_alarm(alarm_id, priority, event, strip, now_ns))
            else:
                text = UNAVAILABLE + "the signal of the event was not received"
                out.alerts += self.cycle.on_interpretation(alarm_id, AlertKind.INTERPRETED, text, now_ns)

    def go_live(self, now_ns: int, out: Outputs) -> None:
        """Brings alarms and rules together again, after the cycle was restored and the signal read back."""
        self.warming = False
        known: set[Key] = set()
        for alarm in self.cycle.open_alarms():
            known.add(self._take_back(alarm, now_ns))
        for key, event in self._active.items():
            if key not in known:
                self.conditions([event], now_ns, out)
        self._active.clear()
        self.escalate(now_ns, out)

    def _take_back(self, alarm: Alarm, now_ns: int) -> Key:
        event = alarm.condition
        key = (event.stream_id, event.condition.code)
        bed = self._beds.get(event.stream_id)
        if bed is None:
            bed = self._beds[event.stream_id] = Bed(event.stream_id, event.agent_id)
        if alarm.condition_active and key[1] in OWN_CODES:
            bed.technical[key[1]] = event
        elif alarm.condition_active and Origin.STREAM in alarm.origins and key not in self._active:
            self._unconfirmed[key] = now_ns + CONFIRM_NS
        answered = alarm.interpretation and not alarm.interpretation.startswith(PENDING)
        if alarm.priority in ESCALATED and not answered and now_ns - alarm.raised_time_ns < ESCALATE_AGAIN_NS:
            self._awaiting_strip[alarm.alarm_id] = (event, alarm.priority, now_ns + STRIP_WAIT_NS)
        return key

    def _follow(self, key: Key, event: ConditionEvent) -> None:
        if event.condition.active and key[1] not in OWN_CODES:
            self._active[key] = event
        else:
            self._active.pop(key, None)


def _strip_end(condition: Condition, fs_hz: float) -> int:
    """Last sample of what is sent: of a short look at the episode more, never so much that the onset is cut off."""
    return max(condition.detected_sample, condition.onset_sample + round(EPISODE_S * fs_hz))
