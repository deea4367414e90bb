"""The alarm burden, counted by a real database: what was raised, by whom, and how soon it was answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cloud.console.burden import burden
from cloud.console.history import History
from cloud.console.schemas import BurdenRowOut
from ecg import topics
from ecg.alarms import AlertEvent, AlertKind
from ecg.conditions import ConditionCode, Priority
from stream.recorder.buffer import Buffer
from stream.recorder.migrate import migrate
from stream.recorder.store import Store
from tests.integration.test_console_history import FOLDERS, record
from tests.unit.console.wire_samples import T0_NS, S, condition, event, vitals

#: One day that ends here; the beds are watched for its last 60 s.
END_NS, DAY_NS = T0_NS + 200 * S, 86_400 * S
WATCHED_S = 60


def alarm(
    name: str,
    code: ConditionCode,
    priority: Priority,
    bed: str,
    raised_s: int,
    answered_s: int | None,
    *more: AlertEvent,
):
    """An alarm of a bed: raised, updated, and acknowledged where somebody did."""
    about = condition(code, bed)
    life = [event(0, AlertKind.RAISED, name, about, priority, time_s=raised_s)]
    life.append(event(1, AlertKind.UPDATED, name, about, priority, time_s=raised_s + 1))
    if answered_s is not None:
        life.append(event(2, AlertKind.ACKNOWLEDGED, name, about, priority, "Demo nurse", time_s=raised_s + answered_s))
        again = event(3, AlertKind.ACKNOWLEDGED, name, about, priority, "Second nurse", time_s=raised_s + 90)
        life.append(again)
    return life + [
        replace(one, number=10 + i, alarm_id=name, condition=about, priority=priority) for i, one in enumerate(more)
    ]


LIVES = [
    *alarm("a1", ConditionCode.VFB, Priority.HIGH, "bed-1", 10, 4, event(0, AlertKind.JUDGED, detail="true")),
    *alarm("a2", ConditionCode.VFB, Priority.HIGH, "bed-1", 20, 8),
    *alarm("a3", ConditionCode.ASY, Priority.HIGH, "bed-1", 30, None, event(0, AlertKind.JUDGED, detail="false")),
    *alarm("a4", ConditionCode.AFIB, Priority.MEDIUM, "bed-2", 40, 30, event(0, AlertKind.DOWNGRADED, detail="noise")),
    *alarm("a5", ConditionCode.LEADS_OFF, Priority.TECHNICAL, "bed-2", 50, None),
    # Before the period.
    *alarm("a6", ConditionCode.VTA, Priority.HIGH, "bed-1", -86_400, 5),
]  # fmt: skip


@pytest.fixture
async def history(dsn: str) -> AsyncIterator[History]:
    """A database with those alarms and a minute of two beds, on either kind of PostgreSQL."""
    migrate(dsn, FOLDERS)
    record(dsn, *LIVES)
    buffer = Buffer()
    for second in range(140, 200):
        for bed in ("bed-1", "bed-2"):
            assert buffer.take(topics.VITALS.name, 0, second, vitals(second, 70.0, bed)) is None
    store = Store(dsn)
    assert store.save(buffer.flush()) == []
    store.close()
    history = History(dsn)
    await history.open()
    yield history
    await history.close()


def brief(row: BurdenRowOut) -> tuple[object, ...]:
    return row.priority, row.code, row.alarms, row.acknowledged, row.answer_median_s, row.answer_p95_s


async def test_alarms_are_counted_with_the_time_to_answer_and_a_day_of_a_bed_is_what_it_was_watched(
    history: History,
) -> None:
    # By priority, kind, bed and hour.
    found = await history.burden(END_NS - DAY_NS, END_NS)
    assert found.total is not None and brief(found.total) == ("", "", 5, 3, 8.0, 27.8)
    assert (found.total.judged_true, found.total.judged_false, found.total.downgraded) == (1, 1, 1)
    assert [brief(row) for row in found.priorities] == [
        ("high", "", 3, 2, 6.0, 7.8),
        ("medium", "", 1, 1, 30.0, 30.0),
        ("technical", "", 1, 0, None, None),
    ]
    assert [(row.code, row.alarms) for row in found.kinds] == [("VFB", 2), ("ASY", 1), ("AFIB", 1), ("LEADS_OFF", 1)]
    assert [(bed.bed, bed.alarms, bed.technical, bed.acknowledged) for bed in found.most_alarming] == [
        ("bed-1", 3, 0, 2), ("bed-2", 2, 1, 1)]  # fmt: skip
    (hour,) = found.hours
    assert (hour.high, hour.medium, hour.low, hour.technical) == (3, 1, 0, 1)
    # Bed days: a minute of two beds.
    assert found.beds == 2 and found.bed_days == pytest.approx(2 * WATCHED_S / 86_400, rel=0.05)
    assert found.total is not None and found.total.per_bed_day is None, "two minutes say nothing of a day"
    assert found.most_alarming[0].per_day is None
    counts = [
        {**dict.fromkeys(BurdenRowOut.model_fields, 0), "level": 15, "alarms": 30, "median_s": None, "p95_s": None}
    ]
    period = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
    watched = [{"stream_id": bed, "watched_s": 1.5 * 86_400} for bed in ("bed-1", "bed-2")]
    assert burden(*period, counts, watched).total.per_bed_day == 10.0  # type: ignore[union-attr]
    assert found.most_alarming[0].watched_h == pytest.approx(WATCHED_S / 3600, abs=0.006)
    # Half of the minute lies outside of a period that ends earlier.
    part = await history.burden(END_NS - DAY_NS, END_NS - 30 * S)
    assert part.bed_days == pytest.approx(found.bed_days / 2, rel=0.1)
    # Where there is nothing there are no figures, rather than zeros.
    found = await history.burden(END_NS + DAY_NS, END_NS + 2 * DAY_NS)
    assert found.total is None and found.bed_days == 0 and not found.kinds and not found.hours
