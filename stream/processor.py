"""The processor: what the messages of one partition mean. Pure: no I/O, no clock, no framework; the shell carries it.

Owns the composition of ordering, monitor, windows, technical conditions and the alarm cycle. One processor per partition,
since everything of a bed is on one: giving a partition up is dropping its processor. Must not import faust.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ecg import wire
from ecg.alarms import AlertKind
from ecg.conditions import ConditionEvent, Origin
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceState
from ecg.monitor import Monitor, MonitorOutput, Rules
from ecg.segments import Segment
from ecg.vitals import LeadReport, Vitals
from ecg.windows import Windower
from stream.beds import OWN_CODES, Bed
from stream.desk import Desk
from stream.escalations import EscalationPolicy
from stream.ordering import Fate, Ordered
from stream.outputs import Outputs, Position, letter, letter_of_rejected, letter_of_segment
from stream.screener import Screened
from stream.strips import Strips

_NOWHERE = Position("", -1, -1)


class Processor:
    """State of one partition, stepped by messages, screenings and time. Every method returns what is to be published.

    Attributes:
        cycle: The alarms.
        counts: Fate of segments to how many; the shell takes and clears it.
    """

    def __init__(self, hop_s: float = 2.0) -> None:
        self.counts: Counter[str] = Counter()
        self._monitor = Monitor(rules=Rules.ALL)
        self._windower = Windower(hop_s=hop_s)
        self._strips = Strips()
        self._policy = EscalationPolicy()
        self._beds: dict[str, Bed] = {}
        self._desk = Desk(self._beds, self._strips, self._policy)
        self.cycle = self._desk.cycle

    @property
    def beds(self) -> int:
        """Streams it knows of."""
        return len(self._beds)

    def agent_of(self, stream_id: str) -> str:
        """The agent a stream comes from; empty where it is not known."""
        bed = self._beds.get(stream_id)
        return bed.agent_id if bed else ""

    # Messages

    def on_segments(self, payload: bytes | None, at: Position, now_ns: int, key: str | None = None) -> Outputs:
        """A batch of the live topic."""
        out = Outputs()
        decoded = self._decode(payload, at, now_ns, key, out)
        if decoded is None:
            return out
        agent_id = decoded.batch.agent_id
        ready: list[Segment] = []
        for bad in decoded.rejected:
            out.dead_letters.append(letter_of_rejected(bad, agent_id, at, now_ns))
            if bad.stream_id:
                bed = self._bed(bad.stream_id, agent_id)
                self._fault(bed, bad.reason, now_ns, out)
                ready += bed.order.refuse(bad.epoch, bad.seq)
        for segment in decoded.batch.segments:
            bed = self._bed(segment.stream_id, agent_id)
            try:
                ordered = bed.order.take(segment, now_ns)
            except InvalidSignal as error:
                self._refuse(segment, bed, error, at, now_ns, out)
                ready += bed.order.refuse(segment.epoch, segment.seq)
                continue
            if ordered.fate is not Fate.LIVE:
                self.counts[ordered.fate.value] += 1
            ready += self._noted(bed, ordered, now_ns, out)
        self._step(ready, at, now_ns, out)
        return out

    def on_backfill(self, payload: bytes | None, at: Position, now_ns: int, key: str | None = None) -> Outputs:
        """A batch of the backfill topic: checked for what is broken, then the recorder's; live rules have gone on."""
        out = Outputs()
        decoded = self._decode(payload, at, now_ns, key, out)
        if decoded is not None:
            self.counts["backfill"] += len(decoded.batch.segments)
            out.dead_letters += [letter_of_rejected(x, decoded.batch.agent_id, at, now_ns) for x in decoded.rejected]
        return out

    def on_edge_condition(self, payload: bytes | None, at: Position, now_ns: int) -> Outputs:
        """A condition as the edge saw it."""
        out = Outputs()
        try:
            event = wire.decode_condition_event(payload or b"")
        except InvalidSignal as error:
            out.dead_letters.append(letter(error, payload, at, now_ns))
            return out
        self._bed(event.stream_id, event.agent_id)
        self._desk.conditions([event], now_ns, out)
        self._desk.escalate(now_ns, out)
        return out

    def on_command(self, payload: bytes | None, at: Position, now_ns: int) -> Outputs:
        """What a person asks of an alarm; where nobody knows the alarm it is a dead letter, not a silence."""
        out = Outputs()
        try:
            command = wire.decode_alarm_command(payload or b"")
            if self.cycle.alarm(command.alarm_id) is None:
                raise InvalidSignal(f"command {command.command_id!r}: alarm {command.alarm_id!r} is not known")
        except InvalidSignal as error:
            out.dead_letters.append(letter(error, payload, at, now_ns))
            return out
        out.alerts += self.cycle.on_command(command, now_ns)
        return out

    def on_health(self, payload: bytes | None, at: Position, now_ns: int) -> Outputs:
        """What an agent says of its devices: one that has ended is not missed any more."""
        out = Outputs()
        try:
            reports = wire.decode_device_health(payload or b"")
        except InvalidSignal as error:
            out.dead_letters.append(letter(error, payload, at, now_ns))
            return out
        for health in reports:
            bed = self._beds.get(health.stream_id)
            if bed is None or health.state is not DeviceState.ENDED:
                continue
            if bed.newest is None or health.epoch >= bed.newest.epoch:
                for code in OWN_CODES:
                    self._desk.conditions(bed.end(code, now_ns), now_ns, out)
                out.alerts += self.cycle.on_lost(health.stream_id, now_ns)
                self._forget(health.stream_id)
        return out

    # What comes back

    def on_screened(self, screened: Sequence[Screened], now_ns: int) -> Outputs:
        """Screenings of windows this processor gave out: advice on alarms, and flagged windows for the cloud."""
        out = Outputs()
        for one in screened:
            screening = one.screening
            if one.advice is not None:
                out.alerts += self.cycle.on_advice(one.advice, now_ns)
            self._policy.heard(one)
            bed = self._beds.get(screening.stream_id)
            if bed is None or not screening.flagged or not self._policy.wants(one, now_ns):
                continue
            strip = self._strips.cut(screening.stream_id, screening.epoch, screening.end_sample)
            if strip is not None:
                out.escalations.append(self._policy.of_window(one, bed.agent_id, strip, now_ns))
        return out

    def on_interpretation(self, alarm_id: str, kind: AlertKind, detail: str, now_ns: int) -> Outputs:
        """News of an alarm's interpretation."""
        return Outputs(alerts=self.cycle.on_interpretation(alarm_id, kind, detail, now_ns))

    def on_time(self, now_ns: int) -> Outputs:
        """What time alone brings; to be called about once a second."""
        out = Outputs()
        ready: list[Segment] = []
        for bed in self._beds.values():
            if bed.order.held:
                ready += self._noted(bed, bed.order.expire(now_ns), now_ns, out)
            self._desk.conditions(bed.tick(now_ns), now_ns, out)
        self._step(ready, _NOWHERE, now_ns, out)
        self._desk.on_time(now_ns, out)
        return out

    # Recovery: cycle.restore, then warm for each batch read back, then go_live

    def warm(self, payload: bytes | None, arrived_ns: int) -> None:
        """A batch read back: rebuilds what it built before, and publishes nothing."""
        self._desk.warming = True
        self.on_segments(payload, _NOWHERE, arrived_ns)
        self.counts.clear()

    def go_live(self, now_ns: int) -> Outputs:
        """Brings alarms and rules together again; from here on everything is published."""
        out = Outputs()
        self._desk.go_live(now_ns, out)
        return out

    # Inside

    def _decode(
        self, payload: bytes | None, at: Position, now_ns: int, key: str | None, out: Outputs
    ) -> wire.DecodedBatch | None:
        try:
            decoded = wire.decode_segment_batch(payload or b"")
            if key is not None and key != decoded.batch.agent_id:
                raise InvalidSignal(f"SegmentBatch: its key {key!r} is not its agent_id {decoded.batch.agent_id!r}")
        except InvalidSignal as error:
            out.dead_letters.append(letter(error, payload, at, now_ns, key or ""))
            return None
        return decoded

    def _bed(self, stream_id: str, agent_id: str) -> Bed:
        bed = self._beds.get(stream_id)
        if bed is None:
            bed = self._beds[stream_id] = Bed(stream_id, agent_id)
        bed.agent_id = agent_id
        return bed

    def _forget(self, stream_id: str) -> None:
        self._beds.pop(stream_id, None)
        for part in (self._monitor, self._windower, self._strips, self._policy):
            part.forget(stream_id)

    def _noted(self, bed: Bed, ordered: Ordered, now_ns: int, out: Outputs) -> tuple[Segment, ...]:
        """Counts what the order of segments taught; returns those whose turn it is."""
        self.counts["live"] += len(ordered.ready)
        self.counts["gap"] += len(ordered.gaps)
        if ordered.clock_jump_s:
            self.counts["clock_jump"] += 1
            self._fault(bed, f"the device's clock jumped by {ordered.clock_jump_s:+.1f} s", now_ns, out)
        return ordered.ready

    def _step(self, ready: Sequence[Segment], at: Position, now_ns: int, out: Outputs) -> None:
        """Segments in order, through the kernel."""
        if not ready:
            return
        step = self._monitor.step(ready)
        refused = {id(segment): error for segment, error in step.rejected}
        results = iter(step.outputs)
        for segment in ready:
            bed = self._beds[segment.stream_id]
            if id(segment) in refused:
                self._refuse(segment, bed, refused[id(segment)], at, now_ns, out)
                continue
            result = next(results)
            if bed.newest is not None and bed.newest.epoch < segment.epoch and not self._desk.warming:
                out.alerts += self.cycle.on_lost(segment.stream_id, now_ns, before_epoch=segment.epoch)
            self._desk.conditions(bed.accepted(segment, now_ns), now_ns, out)
            self._strips.add(segment)
            try:
                out.windows += self._windower.step(segment)
            except InvalidSignal as error:
                self._refuse(segment, bed, error, at, now_ns, out)
            out.vitals.setdefault(bed.agent_id, []).append(_vitals(result))
            self._desk.conditions(_events(result, segment, bed.agent_id), now_ns, out)
        self._desk.escalate(now_ns, out)

    def _refuse(
        self, segment: Segment, bed: Bed, error: InvalidSignal, at: Position, now_ns: int, out: Outputs
    ) -> None:
        out.dead_letters.append(letter_of_segment(segment, bed.agent_id, error, at, now_ns))
        self._fault(bed, str(error), now_ns, out)

    def _fault(self, bed: Bed, reason: str, now_ns: int, out: Outputs) -> None:
        self._desk.conditions(bed.fault(reason, now_ns), now_ns, out)


def _vitals(result: MonitorOutput) -> Vitals:
    quality = tuple(LeadReport(q.name, q.index, tuple(p.name or "" for p in q.problems)) for q in result.quality)
    return Vitals(
        result.stream_id,
        result.epoch,
        result.seq,
        result.first_sample,
        result.end_sample,
        result.fs_hz,
        result.time_ns,
        result.heart_rate_bpm,
        result.rhythm,
        quality,
        result.beats,
    )


def _events(result: MonitorOutput, segment: Segment, agent_id: str) -> list[ConditionEvent]:
    """The rules' conditions on the stream's clock."""
    return [
        ConditionEvent(
            result.stream_id,
            result.epoch,
            agent_id,
            Origin.STREAM,
            condition,
            segment.time_ns_at(condition.onset_sample),
            segment.time_ns_at(condition.detected_sample),
            None if condition.ended_sample is None else segment.time_ns_at(condition.ended_sample),
        )
        for condition in result.conditions
    ]
