"""The life cycle of alarms: which event comes next, given what rules, people, models and the clock say.

Owns merging (edge and stream make one alarm), latching, holding, clearing, pausing and the suppression contract. What
events mean is `ecg.alarms`. A cycle holds no more than its events tell: `restore` rebuilds it from them. Deterministic:
the time is an argument. Must not import anything above ecg.

How order and repetition are made harmless: each origin's report of a condition only ever moves forward in
`ecg.alarm_tracking.order` (a join of a semilattice), and `_settle` then emits whatever brings the published alarm in
line with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ecg.alarm_chains import SUPERIORS, Covered
from ecg.alarm_shelf import MERGE_NS, Shelf
from ecg.alarm_tracking import SUBSTANCE, Tracked, ended, is_new_episode, order
from ecg.alarms import Alarm, AlarmCommand, AlertEvent, AlertKind, CommandKind, apply, default_priority
from ecg.conditions import LETHAL, ConditionCode, ConditionEvent, Origin, Priority

S = 1_000_000_000
#: A non-lethal alarm outlives its condition this long, so that what comes and goes is one alarm with a count.
HOLD_NS = {Priority.HIGH: 15 * S, Priority.MEDIUM: 30 * S, Priority.LOW: 60 * S, Priority.TECHNICAL: 10 * S}
#: Recurrences of low and technical alarms are published no more often than this.
THIN_NS = 10 * S
#: Longest audio pause (CLINICAL.md §4).
AUDIO_PAUSE_NS = 120 * S
#: Suppression contract (CLINICAL.md §5): advice later than this after the alarm was raised comes too late.
ADVICE_WITHIN_NS = 15 * S
#: A model never touches these.
UNTOUCHABLE = frozenset({ConditionCode.ASY, ConditionCode.VFB})

ACTOR = "alarm-cycle"
_DOWN = {Priority.HIGH: Priority.MEDIUM, Priority.MEDIUM: Priority.LOW}


@dataclass(frozen=True, slots=True)
class Advice:
    """What the screening model says against a rule: the window and the codes it denies, with the reason for people."""

    stream_id: str
    start_time_ns: int
    end_time_ns: int
    denied: frozenset[ConditionCode]
    reason: str
    model_id: str


class AlarmCycle:
    """The alarms of a set of streams. Every method returns the events that come of it, already applied here."""

    def __init__(self) -> None:
        self._shelf = Shelf()
        self._covered = Covered()
        self._lingering: dict[str, int] = {}  # cleared alarms that an origin still reports as active, since when

    # What is known

    def alarm(self, alarm_id: str) -> Alarm | None:
        """The alarm, None where it is not known (any more)."""
        tracked = self._shelf.get(alarm_id)
        return tracked.alarm if tracked else None

    def open_alarms(self) -> tuple[Alarm, ...]:
        """Alarms that are not cleared."""
        return tuple(tracked.alarm for tracked in self._shelf.standing())

    def snapshot(self) -> dict[str, Alarm]:
        """Every alarm it holds, by id."""
        return {tracked.alarm.alarm_id: tracked.alarm for tracked in self._shelf.all()}

    def restore(self, events: Iterable[AlertEvent]) -> None:
        """Takes over published events, in the order of the topic; emits nothing. Repetitions change nothing."""
        for event in events:
            tracked = self._shelf.get(event.alarm_id)
            if tracked is None:
                if event.kind is not AlertKind.RAISED:
                    continue  # its beginning has left the topic by retention: too old to matter
                tracked = self._shelf.admit(apply(None, event), event.condition.onset_time_ns)
            elif event.number < tracked.alarm.next_number:
                continue
            else:
                tracked.alarm = apply(tracked.alarm, event)
            self._note(tracked, event)
            if event.kind is AlertKind.CLEARED:
                self._shelf.close(tracked)

    # What comes in

    def on_condition(self, event: ConditionEvent, now_ns: int) -> list[AlertEvent]:
        """A report by the edge or by the stream."""
        tracked = self._shelf.home_of(event)
        if tracked is None:
            stream_id, code = event.stream_id, event.condition.code
            if self._graver(stream_id, code) or self._covered.knows(stream_id, code):
                self._covered.keep(event, now_ns)
                return []
            return self._raise(event, now_ns)
        origin = event.origin
        known = tracked.reports.get(origin)
        if known is not None and order(event) <= order(known):
            return []
        if known is not None and not known.condition.active and is_new_episode(known, event):
            tracked.times += 1
        tracked.reports[origin] = event
        tracked.first_onset_ns = min(tracked.first_onset_ns, event.onset_time_ns)
        return self._settle(tracked, now_ns)

    def on_lost(
        self,
        stream_id: str,
        now_ns: int,
        *,
        code: ConditionCode | None = None,
        origin: Origin | None = None,
        before_epoch: int | None = None,
    ) -> list[AlertEvent]:
        """Nobody will report the end of what these reported as active: it ends here. None stands for all."""
        self._covered.lose(stream_id, code, origin, before_epoch)
        events: list[AlertEvent] = []
        for tracked in self._shelf.standing(stream_id, code):
            for source, report in tracked.reports.items():
                old = before_epoch is None or report.epoch < before_epoch
                if old and origin in (None, source) and report.condition.active:
                    tracked.reports[source] = ended(report, report.condition.detected_sample, report.detected_time_ns)
            events += self._settle(tracked, now_ns)
        return events

    def on_command(self, command: AlarmCommand, now_ns: int) -> list[AlertEvent]:
        """A person's request; a repetition, or what would change nothing, gives no event."""
        tracked = self._shelf.get(command.alarm_id)
        if tracked is None:
            return []
        alarm = tracked.alarm
        match command.kind:
            case CommandKind.ACKNOWLEDGE:
                if alarm.acknowledged_by:
                    return []
                events = [self._emit(tracked, AlertKind.ACKNOWLEDGED, now_ns, command.user, command.comment)]
                return events + self._clear_if_due(tracked, now_ns)
            case CommandKind.AUDIO_PAUSE:
                # Counted from the request, but never from a clock that runs ahead of ours.
                until_ns = min(command.time_ns, now_ns) + AUDIO_PAUSE_NS
                if alarm.cleared or until_ns <= now_ns or until_ns <= (alarm.audio_paused_until_ns or 0):
                    return []
                return [self._emit(tracked, AlertKind.AUDIO_PAUSED, now_ns, command.user, str(until_ns))]
            case CommandKind.JUDGE_TRUE | CommandKind.JUDGE_FALSE:
                judgement = "true" if command.kind is CommandKind.JUDGE_TRUE else "false"
                if alarm.judged == judgement:
                    return []
                return [self._emit(tracked, AlertKind.JUDGED, now_ns, command.user, judgement)]

    def on_advice(self, advice: Advice, now_ns: int) -> list[AlertEvent]:
        """A model's word against a rule, within the suppression contract: one step down, once, and soon."""
        events: list[AlertEvent] = []
        for code in sorted(advice.denied - UNTOUCHABLE, key=lambda code: code.value):
            tracked = self._shelf.stands(advice.stream_id, code)
            if tracked is None or tracked.alarm.downgraded or tracked.alarm.acknowledged_by:
                continue
            report = tracked.alarm.condition
            seen = advice.start_time_ns <= report.onset_time_ns and report.detected_time_ns <= advice.end_time_ns
            lower = _DOWN.get(tracked.alarm.priority)
            if seen and lower and tracked.times == 1 and now_ns - tracked.alarm.raised_time_ns <= ADVICE_WITHIN_NS:
                detail = f"{advice.reason} ({advice.model_id})"
                events.append(self._emit(tracked, AlertKind.DOWNGRADED, now_ns, "screening", detail, priority=lower))
        return events

    def on_interpretation(self, alarm_id: str, kind: AlertKind, detail: str, now_ns: int) -> list[AlertEvent]:
        """INTERPRETATION_PENDING or INTERPRETED, with the text for people."""
        tracked = self._shelf.get(alarm_id)
        if tracked is None or tracked.alarm.interpretation == detail:
            return []
        return [self._emit(tracked, kind, now_ns, "reasoner", detail)]

    def on_time(self, now_ns: int) -> list[AlertEvent]:
        """What time alone brings: thinned updates, the end of an audio pause, clearing."""
        events: list[AlertEvent] = []
        for tracked in self._shelf.standing():
            events += self._settle(tracked, now_ns)
            until_ns = tracked.alarm.audio_paused_until_ns
            if until_ns and until_ns <= now_ns and not tracked.alarm.cleared:
                events.append(self._emit(tracked, AlertKind.AUDIO_PAUSED, now_ns, ACTOR, "0"))
        return events + self._raise_lingering(now_ns) + self._raise_uncovered(now_ns)

    # How it is decided

    def _raise(self, event: ConditionEvent, now_ns: int) -> list[AlertEvent]:
        alarm_id, priority = self._shelf.new_id(event), default_priority(event.condition.code)
        first = AlertEvent(alarm_id, 0, AlertKind.RAISED, priority, event, now_ns, ACTOR, origins=(event.origin,))
        tracked = self._shelf.admit(apply(None, first), event.onset_time_ns)
        self._note(tracked, first)
        return [first, *self._settle(tracked, now_ns)]

    def _graver(self, stream_id: str, code: ConditionCode) -> bool:
        """Whether a condition above this one in its chain is alarmed and goes on."""
        above = (self._shelf.stands(stream_id, superior) for superior in SUPERIORS.get(code, ()))
        return any(tracked is not None and tracked.active for tracked in above)

    def _raise_uncovered(self, now_ns: int) -> list[AlertEvent]:
        """What goes on after the graver condition that stood over it has ended is raised."""
        events: list[AlertEvent] = []
        for report in self._covered.due(self._graver, now_ns):
            events += self.on_condition(report, now_ns)
        return events

    def _raise_lingering(self, now_ns: int) -> list[AlertEvent]:
        """A cleared alarm whose condition an origin goes on reporting is not over: it is raised again."""
        events: list[AlertEvent] = []
        for alarm_id, since_ns in list(self._lingering.items()):
            tracked = self._shelf.get(alarm_id)
            active = [r for r in tracked.reports.values() if r.condition.active] if tracked else []
            if not active:
                del self._lingering[alarm_id]
            elif now_ns - since_ns >= MERGE_NS:
                del self._lingering[alarm_id]
                if self._shelf.stands(active[0].stream_id, active[0].condition.code) is None:
                    events += self._raise(active[0], now_ns)
        return events

    def _settle(self, tracked: Tracked, now_ns: int) -> list[AlertEvent]:
        """Publishes what the reports say and the alarm does not yet, then clears it if it is due."""
        events: list[AlertEvent] = []
        alarm = tracked.alarm
        thin = alarm.priority in (Priority.LOW, Priority.TECHNICAL) and not set(tracked.reports) - set(alarm.origins)
        if not thin or now_ns - tracked.last_substance_ns >= THIN_NS:
            aged = now_ns - tracked.last_substance_ns >= THIN_NS
            changed = [o for o in Origin if o in tracked.reports and tracked.differs(o, aged)]
            if not changed and not tracked.active and alarm.condition_active and not alarm.cleared:
                changed = [alarm.condition.origin]  # raised by a report that was over already
            for origin in changed:
                over = origin is changed[-1] and not tracked.active and tracked.alarm.condition_active
                kind = AlertKind.CONDITION_ENDED if over else AlertKind.UPDATED
                detail = f"{tracked.times} times" if tracked.times > 1 else ""
                # Another episode is a new reason to look: what the model said of the first does not cover it.
                again = tracked.times > tracked.published_times
                priority = default_priority(alarm.condition.condition.code) if again else None
                report = tracked.reports[origin]
                events.append(self._emit(tracked, kind, now_ns, ACTOR, detail, condition=report, priority=priority))
        return events + self._clear_if_due(tracked, now_ns)

    def _clear_if_due(self, tracked: Tracked, now_ns: int) -> list[AlertEvent]:
        alarm = tracked.alarm
        if alarm.cleared or alarm.condition_active or tracked.active:
            return []
        if alarm.condition.condition.code in LETHAL:
            due = bool(alarm.acknowledged_by)
        else:
            due = now_ns - (tracked.ended_ns or 0) >= HOLD_NS[alarm.priority]
        if not due:
            return []
        event = self._emit(tracked, AlertKind.CLEARED, now_ns, ACTOR)
        self._shelf.close(tracked)
        return [event]

    # How it is kept

    def _emit(
        self,
        tracked: Tracked,
        kind: AlertKind,
        now_ns: int,
        actor: str,
        detail: str = "",
        condition: ConditionEvent | None = None,
        priority: Priority | None = None,
    ) -> AlertEvent:
        alarm = tracked.alarm
        about = condition or alarm.condition
        origins = tuple(o for o in Origin if o in alarm.origins or (condition is not None and o is condition.origin))
        event = AlertEvent(
            alarm.alarm_id, alarm.next_number, kind, priority or alarm.priority, about, now_ns, actor, detail, origins
        )
        tracked.alarm = apply(alarm, event)
        self._note(tracked, event)
        return event

    def _note(self, tracked: Tracked, event: AlertEvent) -> None:
        tracked.note(event)
        if event.kind in SUBSTANCE and tracked.alarm.cleared and tracked.active:
            self._lingering.setdefault(event.alarm_id, event.time_ns)
