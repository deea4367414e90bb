"""The agent: one tick a second for all its devices, from samples to local alarms, disk and network.

Owns the order of a tick and the loop. Must not import kafka nor sqlite3: the outbox holds both.

A tick, in order:
  1. the wall clock is checked; where it jumped, every stream begins a new epoch
  2. every device gives its segments, and gaps where something will never come
  3. the local monitor judges them: the lethal rules alarm here, before disk and network
  4. the segments are packed, stored, published (edge.outbox); device health goes beside them
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import structlog

from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin
from ecg.gaps import DeviceHealth, DeviceState, GapRecord
from ecg.monitor import Monitor
from ecg.segments import Segment
from ecg.topics import EDGE_CONDITIONS
from ecg.wire import encode_condition_event, encode_device_health
from edge.batches import pack
from edge.clock import Clock, JumpWatch
from edge.device import Device, TickTime
from edge.local_alarm import LocalAlarm, condition_events
from edge.metrics import EdgeMetrics
from edge.outbox import Outbox, Packed, Tick
from edge.sources.source import Source
from edge.spool import Spool
from edge.spool_rows import Note

_log = structlog.get_logger("vigil.edge")

TICK_S = 1.0
#: Device health goes out this often, and at each change of state.
HEALTH_S = 5.0
#: Devices in a health message at most: it stays far below the limit of a message.
_HEALTH_DEVICES = 500
_LATE_S, _REMIND_S = 2.0, 30.0
_NS = 1_000_000_000
try:
    AGENT_VERSION = version("vigil-ecg")
except PackageNotFoundError:  # run from a checkout that was not installed
    AGENT_VERSION = "source"


@dataclass(frozen=True, slots=True)
class Parts:
    """What an agent is made of; the composition is edge.__main__'s.

    Attributes:
        monitor: The lethal rules; None runs without them (a benchmark of the rest, never a bedside).
    """

    clock: Clock
    spool: Spool
    outbox: Outbox
    alarm: LocalAlarm
    metrics: EdgeMetrics
    monitor: Monitor | None


class Agent:
    """Runs the devices of one place.

    Args:
        agent_id: Key of everything it sends.
        sources: By stream id.
        parts: What it works with.
        speed: Replay speed: seconds of signal per second. Segments carry the times of the signal's own clock, which
            starts with the wall clock and runs this much faster.
        tick_s: Seconds of signal per tick.
    """

    def __init__(
        self, agent_id: str, sources: Mapping[str, Source], parts: Parts, speed: float = 1.0, tick_s: float = TICK_S
    ) -> None:
        self._agent_id, self._parts, self._speed, self._tick_s = agent_id, parts, speed, tick_s
        self._jumps = JumpWatch(parts.clock)
        self._begin_s = parts.clock.monotonic_s()
        self._ticks = 0
        for gap in parts.spool.declare_downtime(parts.clock.wall_ns()):
            parts.metrics.gaps.labels(gap.reason.value).inc(gap.end_seq - gap.first_seq)
            _log.warning("agent_was_down", stream_id=gap.stream_id, epoch=gap.epoch, why=gap.detail)
        before = parts.spool.streams()
        epochs = parts.spool.begin_epoch(list(sources), parts.clock.wall_ns())
        self._devices = [Device(stream, source, epochs[stream], self._new_epoch) for stream, source in sources.items()]
        self._told: dict[str, DeviceState] = {}
        self._silent: dict[str, ConditionEvent] = {}
        self._late_said_s = -_REMIND_S
        # The end of each stream's former epoch: the ledger learns that nothing more of it was numbered.
        self._farewells = [
            self._health(stream, before[stream][0], DeviceState.ENDED, before[stream][1], "the agent was started again")
            for stream in sources
            if stream in before
        ]

    @property
    def devices(self) -> Sequence[Device]:
        """Its devices, in the order of the sources."""
        return self._devices

    @property
    def ended(self) -> bool:
        """True when no device has anything more to give."""
        return all(device.state is DeviceState.ENDED for device in self._devices)

    def run(self, stop: threading.Event) -> None:
        """Ticks until told to stop or all recordings were played."""
        clock = self._parts.clock
        while not stop.is_set() and not self.ended:
            due_s = self._begin_s + (self._ticks + 1) * self._tick_s / self._speed
            wait_s = due_s - clock.monotonic_s()
            if wait_s > 0 and stop.wait(wait_s):
                break
            self._note_lateness(clock.monotonic_s() - due_s)
            self.tick()
        self.finish()

    def tick(self) -> None:
        """One tick, for the second of signal that has just passed."""
        began_s = self._parts.clock.monotonic_s()
        self._ticks += 1
        self._follow_wall_clock()
        now = self._now()
        segments: list[Segment] = []
        gaps: list[GapRecord] = []
        for device in self._devices:
            device.tick(now, segments, gaps)
        events = self._judge(segments) + self._silence_events(now)
        self._parts.alarm.tell(events)
        for event in events:
            self._parts.metrics.conditions.labels(event.condition.code.value).inc()
        self._send(now, segments, gaps, events)
        self._parts.metrics.segments.inc(len(segments))
        self._parts.metrics.tick_s.observe(self._parts.clock.monotonic_s() - began_s)

    def finish(self) -> None:
        """Says that every device has ended, and stores where the numbers stand."""
        health = [self._health(d.stream_id, d.epoch, DeviceState.ENDED, d.next_seq, "stopped") for d in self._devices]
        wall_ns = self._parts.clock.wall_ns()
        next_seq = {d.stream_id: d.next_seq for d in self._devices}
        self._parts.outbox.send(Tick(wall_ns, 0.0, health=_packed(health), next_seq=next_seq, ended=list(next_seq)))

    # Time

    def _now(self) -> TickTime:
        """This tick's place on the signal's clock; that clock starts with the wall clock and follows its corrections."""
        start_utc_ns = self._jumps.offset_ns + round(self._begin_s * _NS)
        return TickTime(self._ticks * self._tick_s, start_utc_ns)

    def _follow_wall_clock(self) -> None:
        jump_ns = self._jumps.check()
        if not jump_ns:
            return
        self._parts.metrics.clock_jumps.inc()
        _log.warning("wall_clock_jumped", by_s=round(jump_ns / _NS, 3), consequence="new epoch for every stream")
        epochs = self._parts.spool.begin_epoch([d.stream_id for d in self._devices], self._parts.clock.wall_ns())
        for device in self._devices:
            self._farewells.append(
                self._health(
                    device.stream_id, device.epoch, DeviceState.ENDED, device.next_seq, "the clock jumped: new epoch"
                )
            )
            device.begin_epoch(epochs[device.stream_id], (self._ticks - 1) * self._tick_s)

    def _new_epoch(self, stream_id: str) -> int:
        device = next(d for d in self._devices if d.stream_id == stream_id)
        self._farewells.append(
            self._health(stream_id, device.epoch, DeviceState.ENDED, device.next_seq, "the device changed: new epoch")
        )
        return self._parts.spool.begin_epoch([stream_id], self._parts.clock.wall_ns())[stream_id]

    def _note_lateness(self, late_s: float) -> None:
        self._parts.metrics.tick_late_s.set(max(0.0, late_s))
        now_s = self._parts.clock.monotonic_s()
        if late_s > _LATE_S and now_s - self._late_said_s >= _REMIND_S:
            self._late_said_s = now_s
            _log.warning("agent_behind", by_s=round(late_s, 2), devices=len(self._devices))

    # Conditions

    def _judge(self, segments: list[Segment]) -> list[ConditionEvent]:
        monitor = self._parts.monitor
        if monitor is None:
            return []
        try:
            step = monitor.step(segments)
        except Exception:  # a fault of ours must not stop the signal: the stream has the same rules
            _log.exception("local_monitor_failed", consequence="no local alarms from this second; detectors start over")
            self._parts.metrics.monitor_failures.inc()
            for segment in segments:
                monitor.forget(segment.stream_id)
            return []
        for segment, reason in step.rejected:
            self._parts.metrics.rejected.inc()
            _log.warning("segment_not_monitored", stream_id=segment.stream_id, seq=segment.seq, reason=str(reason))
        speaking = [output for output in step.outputs if output.conditions]
        if not speaking:
            return []
        return condition_events(self._agent_id, speaking, {s.stream_id: s for s in segments})

    def _silence_events(self, now: TickTime) -> list[ConditionEvent]:
        """NO_SIGNAL begins when a device has been silent or faulty for SILENT_S and ends with its next samples."""
        events = []
        for device in self._devices:
            began = self._silent.get(device.stream_id)
            silent = device.state in (DeviceState.SILENT, DeviceState.FAULT)
            if silent == (began is not None):
                continue
            if silent:
                condition = Condition(
                    ConditionCode.NO_SIGNAL, device.next_sample, device.next_sample, f"No signal: {device.detail}"
                )
                event = ConditionEvent(
                    device.stream_id, device.epoch, self._agent_id, Origin.EDGE, condition, now.utc_ns, now.utc_ns
                )
                self._silent[device.stream_id] = event
            else:
                assert began is not None
                event = _ended(self._silent.pop(device.stream_id), device.next_sample, now.utc_ns)
            events.append(event)
        return events

    # Sending

    def _send(
        self, now: TickTime, segments: list[Segment], gaps: list[GapRecord], events: list[ConditionEvent]
    ) -> None:
        wall_ns = self._parts.clock.wall_ns()
        batches = [Packed(payload, part) for part, payload in pack(self._agent_id, AGENT_VERSION, wall_ns, segments)]
        health = self._due_health()
        self._parts.outbox.send(
            Tick(
                wall_ns,
                self._tick_s / self._speed,
                batches,
                gaps,
                [Note(EDGE_CONDITIONS.name, encode_condition_event(event)) for event in events],
                _packed(health),
                {device.stream_id: device.next_seq for device in self._devices},
                [device.stream_id for device in self._devices if device.state is DeviceState.ENDED],
            )
        )

    def _due_health(self) -> list[DeviceHealth]:
        """Health of what changed, and of a fifth of the devices every second, so that each is heard every HEALTH_S."""
        turn = max(1, round(HEALTH_S / self._tick_s))
        due, self._farewells = self._farewells, []
        for i, device in enumerate(self._devices):
            if i % turn == self._ticks % turn or self._told.get(device.stream_id) is not device.state:
                self._told[device.stream_id] = device.state
                due.append(self._health(device.stream_id, device.epoch, device.state, device.next_seq, device.detail))
        states = [device.state for device in self._devices]
        for state in DeviceState:
            self._parts.metrics.devices.labels(state.value).set(states.count(state))
        return due

    def _health(self, stream_id: str, epoch: int, state: DeviceState, next_seq: int, detail: str) -> DeviceHealth:
        waiting = self._parts.outbox.waiting.get(stream_id, 0)
        return DeviceHealth(
            self._agent_id, stream_id, epoch, state, next_seq, self._parts.clock.wall_ns(), max(0, waiting), detail
        )


def _packed(health: Sequence[DeviceHealth]) -> list[bytes]:
    """Health messages of a tick: of all devices together, since a message costs every reader more than what it says."""
    parts = (health[i : i + _HEALTH_DEVICES] for i in range(0, len(health), _HEALTH_DEVICES))
    return [encode_device_health(*part) for part in parts]


def _ended(event: ConditionEvent, sample: int, utc_ns: int) -> ConditionEvent:
    c = event.condition
    condition = Condition(c.code, c.onset_sample, c.detected_sample, c.reason, max(sample, c.onset_sample))
    return ConditionEvent(
        event.stream_id, event.epoch, event.agent_id, event.origin, condition, event.onset_time_ns,
        event.detected_time_ns, utc_ns,
    )  # fmt: skip
