"""The recorder's buffer: what is stored at once is stored once, and nothing is lost where it could not be."""

from __future__ import annotations

from ecg import topics, wire
from ecg.alarms import AlertEvent, AlertKind
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin, Priority
from stream.recorder import rows
from stream.recorder.buffer import Buffer


def _alarm(number: int) -> bytes:
    condition = Condition(ConditionCode.VFB, 500, 600, "fibrillatory waveform for 4 s")
    about = ConditionEvent("bed-1", 0, "ward-a", Origin.STREAM, condition, 1_000_000_000, 2_000_000_000)
    kind = AlertKind.RAISED if number == 0 else AlertKind.UPDATED
    return wire.encode_alert_event(
        AlertEvent("alarm-1", number, kind, Priority.HIGH, about, 3_000_000_000 + number, "alarm-cycle")
    )


def _numbers(batch: list[tuple[rows.Table, list[rows.Row]]]) -> list[int]:
    return [row[1] for table, its_rows in batch if table is rows.ALARM_EVENT for row in its_rows]


def test_what_was_stored_at_once_does_not_go_with_the_flush_again() -> None:
    buffer = Buffer()
    assert buffer.take(topics.ALARMS.name, 0, 0, _alarm(0)) is None
    assert buffer.urgent
    assert _numbers(buffer.urgent_rows()) == [0]
    assert not buffer.urgent and buffer.urgent_rows() == []
    buffer.take(topics.ALARMS.name, 0, 1, _alarm(1))
    assert _numbers(buffer.urgent_rows()) == [1]
    assert _numbers(buffer.flush()) == []


def test_what_could_not_be_stored_goes_with_the_flush_before_what_came_since() -> None:
    buffer = Buffer()
    buffer.take(topics.ALARMS.name, 0, 0, _alarm(0))
    refused = buffer.urgent_rows()
    buffer.take(topics.ALARMS.name, 0, 1, _alarm(1))
    buffer.give_back(refused)
    assert _numbers(buffer.flush()) == [0, 1]
