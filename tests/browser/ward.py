"""A ward for the console's tests: publishes real messages of synthetic beds to a real broker, and answers commands.

It stands in for edge agents, stream and reasoner at their borders only: the messages are encoded by `ecg.wire`, the
alarms go through `ecg.alarm_cycle`, and what it publishes passes through Kafka. Run it by hand to look at the page:

    python -m tests.browser.ward --brokers 127.0.0.1:9092 --beds 8
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import click
import numpy as np
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from ecg.alarm_cycle import AlarmCycle
from ecg.alarms import AlertEvent, AlertKind
from ecg.beats.beat import Beat, BeatClass
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Evidence, Origin
from ecg.gaps import DeviceHealth, DeviceState
from ecg.interpretation import InterpretationRecord
from ecg.segments import INVALID_SAMPLE, Int16Array, Lead, LeadState, Segment, SegmentBatch
from ecg.synthesis import (
    STANDARD_LEADS,
    BeatSpec,
    QrsShape,
    project,
    render_beats,
)
from ecg.synthesis_waves import atrial_fibrillation, baseline_wander, ventricular_fibrillation
from ecg.topics import ALARMS, COMMANDS, DEVICE_HEALTH, INTERPRETATIONS, SEGMENTS, VITALS
from ecg.vitals import LeadReport, Vitals
from ecg.wire import (
    decode_alarm_command,
    encode_alert_event,
    encode_device_health,
    encode_segment_batch,
    encode_vitals,
)
from ecg.wire.reasoner import encode_interpretation
from tests.browser.explanations import explanation, explanation_summary

FS_HZ = 250.0
LOOP_S = 60
GAIN = 200.0
TWO_LEADS = ("II", "V1")
VENTRICULAR = BeatSpec(
    p_present=False,
    qrs_shape=QrsShape.VENTRICULAR,
    qrs_duration_ms=150,
    qrs_amplitude_mv=1.6,
    qrs_axis_deg=-60,
    qt_ms=440,
    t_amplitude_mv=-0.4,
)


@dataclass(slots=True, eq=False)
class WardBed:
    """One synthetic bed: a minute of signal that repeats, its beats, and what its rules say when."""

    stream_id: str
    leads: tuple[str, ...]
    samples: Int16Array  # (n_leads, LOOP_S * FS_HZ)
    beats: tuple[tuple[float, BeatClass], ...]  # seconds within the loop
    bpm: float | None
    rhythm: str
    condition: tuple[ConditionCode, str, float, float | None] | None = None  # code, reason, starts at, ends at (s)
    off: frozenset[str] = frozenset()
    silent: bool = False
    numbers: dict[Origin, int] = field(default_factory=dict)


def _bed(stream_id: str, kind: str, rng: np.random.Generator) -> WardBed:
    n = int(LOOP_S * FS_HZ)
    leads = STANDARD_LEADS if kind == "twelve" else TWO_LEADS
    rr_of = {"tachycardia": 60 / 134, "bradycardia": 60 / 38, "vf": 60 / 88, "asystole": 60 / 64}
    rr = rr_of.get(kind, 60 / float(rng.integers(62, 84)))
    specs, onsets, at = [], [], 0.3
    spec = BeatSpec(qrs_axis_deg=float(rng.integers(20, 70)), qt_ms=min(380, rr * 1000 * 0.62))
    if kind == "twelve":
        spec = BeatSpec(st_mv={"V2": 0.2, "V3": 0.25, "V4": 0.2, "II": -0.05}, qt_ms=390)
    while at < LOOP_S - 0.5:
        ectopic = kind == "ectopy" and len(onsets) % 6 == 4
        gap = rr * (1 + 0.02 * rng.standard_normal())
        if kind == "af":
            gap = float(np.clip(rng.normal(0.62, 0.14), 0.38, 1.1))
        quiet = (kind == "vf" and 20 <= at < 38) or (kind == "asystole" and 24 <= at < 31)
        if not quiet:
            flat = BeatSpec(p_present=False, qt_ms=330)
            specs.append(VENTRICULAR if ectopic else flat if kind == "af" else spec)
            onsets.append(at - 0.18 if ectopic else at)
        at += gap
    course = render_beats(specs, onsets, FS_HZ, n)
    if kind == "af":
        course += atrial_fibrillation(rng, n, FS_HZ)
    if kind == "vf":
        span = slice(int(20 * FS_HZ), int(38 * FS_HZ))
        course[:, span] += ventricular_fibrillation(rng, int(18 * FS_HZ), FS_HZ)
    mv = project(course, leads) + baseline_wander(rng, len(leads), n, FS_HZ, 0.05)
    noise = 0.25 if kind == "artefact" else 0.008
    mv = mv + noise * rng.standard_normal(mv.shape)
    adu = np.clip(np.round(mv * GAIN), -32767, 32767).astype(np.int16)
    off = frozenset({"V1"}) if kind in ("artefact", "lead_off") else frozenset()
    for lead in off:
        adu[leads.index(lead)] = INVALID_SAMPLE
    beats = tuple(
        (onset + 0.04, BeatClass.VENTRICULAR if s is VENTRICULAR else BeatClass.NORMAL)
        for onset, s in zip(onsets, specs, strict=True)
    )
    bpm = None if kind == "artefact" else 98.0 if kind == "af" else 60 / rr
    words = {"af": "AFIB", "tachycardia": "ST", "bradycardia": "SBR", "artefact": ""}
    return WardBed(stream_id, leads, adu, beats, bpm, words.get(kind, "N"), CONDITIONS.get(kind), off, kind == "silent")


CONDITIONS: dict[str, tuple[ConditionCode, str, float, float | None]] = {
    "af": (ConditionCode.AFIB, "Irregularly irregular, no P waves", 6.0, None),
    "tachycardia": (ConditionCode.TACHY, "HR 134 > 120 bpm", 12.0, None),
    "vf": (ConditionCode.VFB, "Fibrillatory waveform for 4.2 s, no QRS", 20.0, 38.0),
    "asystole": (ConditionCode.ASY, "No QRS for 4.0 s", 24.0, 31.0),
    "artefact": (ConditionCode.SUSPENDED, "Noise in 20 of the last 30 s: arrhythmia analysis suspended", 9.0, None),
    "lead_off": (ConditionCode.LEADS_OFF, "V1 off", 3.0, None),
    "ectopy": (ConditionCode.PVC_RATE, "PVCs 12/min > 10/min", 14.0, None),
    "bradycardia": (ConditionCode.BRADY, "HR 38 < 50 bpm", 10.0, None),
}
KINDS = ("normal", "af", "tachycardia", "ectopy", "vf", "artefact", "twelve", "asystole", "normal", "lead_off")


class Ward(threading.Thread):
    """Publishes until stopped, one tick a second.

    Args:
        brokers: host:port,host:port.
        n_beds: Beds, of KINDS in turn.
        agents: Edge agents the beds are spread over.
        kinds: Kinds in place of KINDS.
        start_s: Where in the loop to start, so that tests need not wait for the first alarm.
    """

    def __init__(
        self,
        brokers: str,
        n_beds: int = 8,
        agents: int = 2,
        kinds: tuple[str, ...] = KINDS,
        start_s: int = 0,
        interpret: bool = True,
    ) -> None:
        super().__init__(daemon=True)
        rng = np.random.default_rng(7)
        self.brokers = brokers
        self.beds = [_bed(f"bed-{i + 1:02d}", kinds[i % len(kinds)], rng) for i in range(n_beds)]
        self.agents = agents
        self.muted: set[str] = set()
        self.published_alarm_ns: dict[str, int] = {}
        self.commands: list[str] = []
        self._tick = start_s
        self._start_tick = start_s
        self._interpret = interpret
        self._stopping = threading.Event()
        self._cycle = AlarmCycle()
        self._epoch_ns = time.time_ns() - (start_s + 1) * 1_000_000_000
        self._epoch = int(time.time())

    def stop(self) -> None:
        """Ends it."""
        self._stopping.set()
        self.join(10)

    def run(self) -> None:
        """Publishes and answers until stopped."""
        producer = KafkaProducer(bootstrap_servers=self.brokers, enable_idempotence=False, acks="all")
        consumer = KafkaConsumer(bootstrap_servers=self.brokers, group_id=None, auto_offset_reset="latest")
        parts = [TopicPartition(COMMANDS.name, p) for p in consumer.partitions_for_topic(COMMANDS.name) or ()]
        consumer.assign(parts)
        consumer.seek_to_end()
        for part in parts:
            consumer.position(part)
        due = time.monotonic()
        try:
            while not self._stopping.is_set():
                self._publish_tick(producer)
                due += 1.0
                while not self._stopping.is_set() and time.monotonic() < due:
                    self._answer(consumer, producer, max(1, int(min(due - time.monotonic(), 0.2) * 1000)))
        finally:
            producer.close(timeout=2)
            consumer.close()

    def _agent(self, number: int) -> str:
        return f"agent-{number % self.agents + 1}"

    def _publish_tick(self, producer: KafkaProducer) -> None:
        second = self._tick
        for agent in range(self.agents):
            agent_id = self._agent(agent)
            mine = [b for i, b in enumerate(self.beds) if i % self.agents == agent and b.stream_id not in self.muted]
            segments = tuple(self._segment(bed, second) for bed in mine)
            key = agent_id.encode()
            batch = SegmentBatch(agent_id, "test", time.time_ns(), segments)
            producer.send(SEGMENTS.name, encode_segment_batch(batch), key=key)
            producer.send(VITALS.name, encode_vitals(agent_id, [self._vitals(b, second) for b in mine]), key=key)
            for bed in mine if second % 5 == 0 else ():
                health = DeviceHealth(
                    agent_id, bed.stream_id, self._epoch, DeviceState.STREAMING, second + 1, time.time_ns()
                )
                producer.send(DEVICE_HEALTH.name, encode_device_health(health), key=key)
        for i, bed in enumerate(self.beds):
            self._conditions(bed, self._agent(i), second, producer)
        self._publish_alarms(producer, self._cycle.on_time(time.time_ns()))
        producer.flush(5)
        self._tick += 1

    def _segment(self, bed: WardBed, second: int) -> Segment:
        at = (second % LOOP_S) * int(FS_HZ)
        leads = tuple(
            Lead(name, GAIN, 0, LeadState.OFF if name in bed.off else LeadState.CONNECTED) for name in bed.leads
        )
        first = second * int(FS_HZ)
        cut = np.ascontiguousarray(bed.samples[:, at : at + int(FS_HZ)])
        start_ns = self._epoch_ns + second * 1_000_000_000
        return Segment(bed.stream_id, self._epoch, second, first, FS_HZ, start_ns, leads, cut)

    def _vitals(self, bed: WardBed, second: int) -> Vitals:
        at = second % LOOP_S
        first = second * int(FS_HZ)
        beats = tuple(Beat(first + int((t - at) * FS_HZ), label) for t, label in bed.beats if at <= t < at + 1)
        quality = tuple(
            LeadReport(lead, 0.0, ("LEAD_OFF",))
            if lead in bed.off
            else LeadReport(lead, 0.25, ("MUSCLE",))
            if bed.bpm is None
            else LeadReport(lead, 0.97)
            for lead in bed.leads
        )
        active = bed.condition is not None and self._is_on(bed, second)
        lethal = active and bed.condition is not None and bed.condition[3] is not None
        bpm, rhythm = (
            (None, {"VFB": "VFL", "ASY": "ASYS"}[bed.condition[0].value])
            if lethal and bed.condition
            else (bed.bpm and bed.bpm + 1.5 * np.sin(second / 7), bed.rhythm)
        )
        end = first + int(FS_HZ)
        time_ns = self._epoch_ns + (second + 1) * 1_000_000_000
        return Vitals(bed.stream_id, self._epoch, second, first, end, FS_HZ, time_ns, bpm, rhythm, quality, beats)

    def _is_on(self, bed: WardBed, second: int) -> bool:
        if bed.condition is None:
            return False
        _, _, start, end = bed.condition
        at = second % LOOP_S if end is not None else second
        return at >= start + 4 and (end is None or at < end)

    def _conditions(self, bed: WardBed, agent_id: str, second: int, producer: KafkaProducer) -> None:
        if bed.condition is None or bed.stream_id in self.muted:
            return
        code, reason, start, end = bed.condition
        at = second % LOOP_S if end is not None else second
        base = second - at
        for origin, delay in ((Origin.EDGE, 4), (Origin.STREAM, 5)):
            begins, ends = at == int(start) + delay, end is not None and at == int(end) + delay - 3
            if not (begins or ends) or (ends and bed.numbers.get(origin, -1) != base):
                continue
            bed.numbers[origin] = base
            onset = int((base + start) * FS_HZ)
            detected = int((base + start + 4) * FS_HZ)
            ended = int((base + (end or 0)) * FS_HZ) if ends else None
            numbers = {"TACHY": ("heart_rate", 134.0, "bpm"), "VFB": ("dominant_frequency", 4.6, "Hz")}
            evidence = tuple(Evidence(*numbers[code.value]) for _ in (0,) if code.value in numbers)
            ns = [self._epoch_ns + round(s * 1e9 / FS_HZ) for s in (onset, detected, ended or 0)]
            condition = Condition(code, onset, detected, reason, ended, evidence)
            event = ConditionEvent(
                bed.stream_id, self._epoch, agent_id, origin, condition, ns[0], ns[1], ns[2] if ends else None
            )
            self._publish_alarms(producer, self._cycle.on_condition(event, time.time_ns()))

    def _publish_alarms(self, producer: KafkaProducer, events: list[AlertEvent]) -> None:
        for event in events:
            key = event.condition.agent_id.encode()
            producer.send(ALARMS.name, encode_alert_event(event), key=key)
            if event.kind is AlertKind.RAISED:
                self.published_alarm_ns[event.alarm_id] = time.time_ns()
                if self._interpret and event.condition.condition.code in (ConditionCode.VFB, ConditionCode.AFIB):
                    threading.Thread(target=self._explain, args=(producer, event), daemon=True).start()

    def _explain(self, producer: KafkaProducer, event: AlertEvent) -> None:
        for number, said in enumerate(explanation(event.condition.condition.code)):
            if self._stopping.wait(0.7):
                return
            first = max(0, event.condition.condition.onset_sample - 1000)
            record = InterpretationRecord(
                f"esc-{event.alarm_id}", event.alarm_id, event.condition.stream_id, event.condition.epoch,
                first, first + 2500, FS_HZ, time.time_ns(), "protocol-interpreter", number, said,
            )  # fmt: skip
            producer.send(INTERPRETATIONS.name, encode_interpretation(record), key=event.condition.agent_id.encode())
            producer.flush(5)
        done = self._cycle.on_interpretation(
            event.alarm_id, AlertKind.INTERPRETED, explanation_summary(event.condition.condition.code), time.time_ns()
        )
        self._publish_alarms(producer, done)

    def _answer(self, consumer: KafkaConsumer, producer: KafkaProducer, wait_ms: int) -> None:
        for records in consumer.poll(timeout_ms=wait_ms).values():
            for record in records:
                command = decode_alarm_command(record.value)
                self.commands.append(command.command_id)
                self._publish_alarms(producer, self._cycle.on_command(command, time.time_ns()))
        producer.flush(5)


@click.command()
@click.option("--brokers", default="127.0.0.1:9092", show_default=True)
@click.option("--beds", default=8, show_default=True)
@click.option("--agents", default=2, show_default=True)
@click.option("--start", default=0, show_default=True, help="seconds into the loop")
def main(brokers: str, beds: int, agents: int, start: int) -> None:
    """Publishes a synthetic ward until interrupted."""
    ward = Ward(brokers, beds, agents, start_s=start)
    ward.start()
    try:
        while ward.is_alive():
            time.sleep(0.5)
    except KeyboardInterrupt:
        ward.stop()


if __name__ == "__main__":
    main()
