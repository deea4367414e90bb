"""Core: the console's whole state and what each topic's messages do to it.

Pure wiring of board, book, strips and pages: `kafka_feed` hands it bytes, `routes` asks it questions. Must not import
Kafka or the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from cloud.console.alarm_book import AlarmBook, Entry
from cloud.console.bed_board import Bed, BedBoard
from cloud.console.latency import Telemetry
from cloud.console.live import LiveHub
from cloud.console.strips import AlarmStrips, strip_range
from cloud.console.views import interpretation_view
from ecg.alarms import AlertEvent, AlertKind
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceHealth
from ecg.interpretation import InterpretationRecord
from ecg.topics import ALARMS, DEVICE_HEALTH, INTERPRETATIONS, SEGMENTS, VITALS, Topic
from ecg.wire import decode_alert_event, decode_device_health, segment_from_proto
from ecg.wire.reasoner import decode_interpretation

Handlers = Mapping[Topic, Callable[[bytes], None]]


class ConsoleCore:
    """Everything the console knows.

    Args:
        buffer_segments: Segments kept per bed.
        now_ns: UTC ns.
        monotonic_s: Monotonic seconds.
    """

    def __init__(
        self,
        buffer_segments: int = 40,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.telemetry = Telemetry()
        self.board = BedBoard(buffer_segments)
        self.book = AlarmBook()
        self.strips = AlarmStrips()
        self.hub = LiveHub(self.board, self.telemetry)
        self.now_ns = now_ns
        self.monotonic_s = monotonic_s
        self._told: dict[str, tuple[object, ...]] = {}

    @property
    def live_handlers(self) -> Handlers:
        """Topics that are read from their end on."""
        return {SEGMENTS: self.on_segments, VITALS: self.on_vitals, DEVICE_HEALTH: self.on_device_health}

    @property
    def record_handlers(self) -> Handlers:
        """Topics that are read from the beginning of what is retained."""
        return {ALARMS: self.on_alarm, INTERPRETATIONS: self.on_interpretation}

    def on_segments(self, payload: bytes) -> None:
        """A SegmentBatch."""
        arrival = self.board.on_segments(payload, self.now_ns(), self.monotonic_s())
        if arrival.age_s is not None:
            self.telemetry.batch_age(arrival.age_s)
        for bed, message in arrival.segments:
            if self.strips.wants(bed.stream_id):
                try:
                    self.strips.add(segment_from_proto(message))
                except InvalidSignal as error:
                    bed.rejected = str(error)
        if arrival.new_beds:
            self.telemetry.beds.set(len(self.board.beds))
        self.hub.on_arrival(arrival)

    def on_vitals(self, payload: bytes) -> None:
        """A VitalsBatch."""
        self.hub.on_vitals(self.board.on_vitals(payload))

    def on_device_health(self, payload: bytes) -> None:
        """A DeviceHealth; pages hear of a bed when it says something new."""
        for health in decode_device_health(payload):
            self._take_health(health)

    def _take_health(self, health: DeviceHealth) -> None:
        bed = self.board.on_health(health)
        said = (bed.agent_id, bed.lead_names, (health.state, health.detail, health.spooled_segments))
        if self._told.get(bed.stream_id) != said:
            self._told[bed.stream_id] = said
            self.telemetry.beds.set(len(self.board.beds))
            self.hub.on_bed(bed)

    def on_alarm(self, payload: bytes) -> None:
        """An AlertEvent."""
        self.take_alarm_event(decode_alert_event(payload))

    def take_alarm_event(self, event: AlertEvent) -> Entry | None:
        """An AlertEvent, from Kafka or from the database."""
        entry = self.book.on_event(event)
        if entry is None:
            return None
        if event.kind is AlertKind.RAISED:
            self._begin_strip(event)
        self.hub.on_alarm(entry)
        return entry

    def on_interpretation(self, payload: bytes) -> None:
        """An Interpretation."""
        self.take_interpretation(decode_interpretation(payload))

    def take_interpretation(self, record: InterpretationRecord) -> None:
        """An event of an interpretation, from Kafka or from the database."""
        entry = self.book.on_interpretation(record)
        if entry is not None:
            self.hub.on_interpretation(interpretation_view(record))

    def _begin_strip(self, event: AlertEvent) -> None:
        about = event.condition
        bed = self.board.beds.get(about.stream_id)
        if bed is None or not bed.fs_hz:
            return
        wanted = strip_range(about, bed.fs_hz)
        pieces = self.board.segments_between(wanted.stream_id, wanted.epoch, wanted.first_sample, wanted.end_sample)
        self.strips.begin(event.alarm_id, wanted, pieces)

    def expect_beds(self) -> None:
        """Shows the beds of alarms that stand: one that fell silent while no console ran would be missing from the page."""
        for entry in self.book.standing():
            about = entry.alarm.condition
            bed = self.board.expect(about.stream_id, about.agent_id)
            if bed is not None:
                self.hub.on_bed(bed)

    def take_devices(self, devices: Sequence[DeviceHealth]) -> None:
        """Devices as the database last heard of them; those that Kafka has told of already are left alone."""
        for health in devices:
            if health.stream_id not in self.board.beds:
                self.hub.on_bed(self.board.on_health(health))

    def urgent_by_bed(self) -> dict[str, Entry]:
        """The most urgent alarm that stands, by bed."""
        urgent: dict[str, Entry] = {}
        for entry in self.book.standing():
            urgent.setdefault(entry.alarm.condition.stream_id, entry)
        return urgent

    def signal_age_s(self, bed: Bed) -> float | None:
        """Seconds since the bed's last segment came; None where none has."""
        return self.monotonic_s() - bed.received_s if bed.recent else None
