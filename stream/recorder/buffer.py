"""The buffer: messages between two flushes, decoded and sorted by table. Pure: no Kafka, no database, no clock.

What does not decode is kept apart with its reason (Unreadable): a bad message never stops the recorder. Segment batches
that do not decode are the worker's to dead-letter (one writer per topic); here they are only counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg import topics, wire
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceHealth
from ecg.vitals import Vitals
from ecg.wire import reasoner as wire_reasoner
from stream.recorder import rows
from stream.recorder.blocks import BlockBuilder
from stream.recorder.rows import Row, Table

#: Topics the recorder keeps.
RECORDED = (
    topics.SEGMENTS,
    topics.BACKFILL,
    topics.GAPS,
    topics.DEVICE_HEALTH,
    topics.VITALS,
    topics.SCREENINGS,
    topics.ALARMS,
    topics.INTERPRETATIONS,
    topics.DEAD_LETTERS,
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that could not be decoded."""

    topic: str
    partition: int
    offset: int
    reason: str


class Buffer:
    """Gathers what came since the last flush.

    Attributes:
        n_bytes: Of the messages held.
        urgent: True when an alarm's event waits: people act on alarms, so those are stored at once.
    """

    def __init__(self) -> None:
        self._live, self._backfill = BlockBuilder(), BlockBuilder()
        self._streams: dict[str, str] = {}
        self._new_streams: dict[str, str] = {}
        self._vitals: list[Vitals] = []
        self._devices: list[DeviceHealth] = []
        self._rows: dict[Table, list[Row]] = {}
        self.n_bytes = 0
        self.urgent = False

    def take(self, topic: str, partition: int, offset: int, payload: bytes) -> Unreadable | None:
        """Decodes one message into the buffer; what cannot be read is returned with its reason."""
        self.n_bytes += len(payload)
        try:
            self._take(topic, payload)
        except InvalidSignal as error:
            return Unreadable(topic, partition, offset, str(error))
        return None

    def _take(self, topic: str, payload: bytes) -> None:
        if topic in (topics.SEGMENTS.name, topics.BACKFILL.name):
            self._take_batch(self._live if topic == topics.SEGMENTS.name else self._backfill, payload)
        elif topic == topics.VITALS.name:
            self._vitals.extend(wire.decode_vitals(payload)[1])
        elif topic == topics.SCREENINGS.name:
            self._add(rows.SCREENING, *(rows.screening_row(s) for s in wire.decode_screenings(payload)[1]))
        elif topic == topics.ALARMS.name:
            self._add(rows.ALARM_EVENT, rows.alarm_row(wire.decode_alert_event(payload), payload))
            self.urgent = True
        elif topic == topics.INTERPRETATIONS.name:
            record = wire_reasoner.decode_interpretation(payload)
            self._add(rows.INTERPRETATION_EVENT, rows.interpretation_row(record, payload))
            self.urgent = True
        elif topic == topics.GAPS.name:
            self._add(rows.GAP_RECORD, rows.gap_row(wire.decode_gap_record(payload)))
        elif topic == topics.DEVICE_HEALTH.name:
            self._devices.extend(wire.decode_device_health(payload))
        elif topic == topics.DEAD_LETTERS.name:
            self._add(rows.DEAD_LETTER, rows.dead_letter_row(wire.decode_dead_letter(payload)))

    def _take_batch(self, builder: BlockBuilder, payload: bytes) -> None:
        batch = wire.decode_segment_batch(payload).batch
        for segment in batch.segments:
            if self._streams.get(segment.stream_id) != batch.agent_id:
                self._streams[segment.stream_id] = self._new_streams[segment.stream_id] = batch.agent_id
            builder.add(segment)

    def _add(self, table: Table, *its_rows: Row) -> None:
        self._rows.setdefault(table, []).extend(its_rows)

    def urgent_rows(self) -> list[tuple[Table, list[Row]]]:
        """Takes out the alarm and interpretation events that wait; those that could not be stored are to be given back."""
        self.urgent = False
        urgent = (rows.ALARM_EVENT, rows.INTERPRETATION_EVENT)
        return [(table, self._rows.pop(table)) for table in urgent if table in self._rows]

    def give_back(self, batch: list[tuple[Table, list[Row]]]) -> None:
        """Rows of `urgent_rows` that were not stored: they wait for the next flush."""
        for table, its_rows in batch:
            self._rows[table] = its_rows + self._rows.get(table, [])

    def flush(self) -> list[tuple[Table, list[Row]]]:
        """Everything as rows, streams first; the buffer is empty afterwards."""
        blocks = [rows.block_row(block) for block in self._live.flush() + self._backfill.flush()]
        out: list[tuple[Table, list[Row]]] = [
            (rows.STREAM, [(rows.clean(stream), rows.clean(agent)) for stream, agent in self._new_streams.items()]),
            (rows.WAVEFORM_BLOCK, _one_per_key(blocks)),
            (rows.VITALS, rows.vitals_rows(self._vitals)),
            (rows.DEVICE, rows.device_rows(self._devices)),
            *self._rows.items(),
        ]
        self._new_streams, self._vitals, self._devices, self._rows = {}, [], [], {}
        self.n_bytes = 0
        self.urgent = False
        return [(table, its_rows) for table, its_rows in out if its_rows]


def _one_per_key(blocks: list[Row]) -> list[Row]:
    """The longest row of each (stream, epoch, first_seq, start): ON CONFLICT DO UPDATE takes a key once a statement."""
    longest: dict[tuple[object, ...], Row] = {}
    for row in blocks:
        key = (row[0], row[1], row[2], row[4])
        if key not in longest or longest[key][3] < row[3]:
            longest[key] = row
    return list(longest.values())
