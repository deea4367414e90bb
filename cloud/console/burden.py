"""Burden: how many alarms the beds raise and how soon somebody answers, counted by the database.

Owns the queries and their reading into BurdenOut. What is counted are the alarms raised in the period, as raised: an alarm
that is updated or comes from edge and stream both is one. Must not import the runtime.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

from cloud.console.schemas import BurdenBedOut, BurdenHourOut, BurdenOut, BurdenRowOut
from cloud.console.wording import CONDITION_NAMES
from ecg.conditions import ConditionCode, Priority

_DAY_S = 86_400.0
_MOST_BEDS = 12
#: Less watching than this says nothing of a day.
_LEAST_S = 3600.0

#: One row for all, each priority, each kind, each bed, each hour (grouping() tells which), from one pass over the events.
COUNTS: LiteralString = """
    WITH raised AS (
        SELECT alarm_id, stream_id, code, priority, event_time
        FROM alarm_event WHERE number = 0 AND event_time >= %(since)s AND event_time < %(until)s
    ),
    life AS (
        SELECT r.stream_id, r.code, r.priority, date_trunc('hour', r.event_time) AS hour,
            extract(epoch FROM min(e.event_time) FILTER (WHERE e.kind = 'acknowledged') - r.event_time) AS answer_s,
            bool_or(e.kind = 'downgraded') AS downgraded,
            (array_agg(e.detail ORDER BY e.number DESC) FILTER (WHERE e.kind = 'judged'))[1] AS judged
        FROM raised r JOIN alarm_event e USING (alarm_id)
        GROUP BY r.alarm_id, r.stream_id, r.code, r.priority, r.event_time
    )
    SELECT grouping(priority, code, stream_id, hour) AS level, priority, code, stream_id, hour,
        count(*) AS alarms, count(answer_s) AS acknowledged,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY answer_s) AS median_s,
        percentile_cont(0.95) WITHIN GROUP (ORDER BY answer_s) AS p95_s,
        count(*) FILTER (WHERE downgraded) AS downgraded,
        count(*) FILTER (WHERE judged = 'true') AS judged_true,
        count(*) FILTER (WHERE judged = 'false') AS judged_false,
        count(*) FILTER (WHERE priority = 'technical') AS technical
    FROM life
    GROUP BY GROUPING SETS ((), (priority), (priority, code), (stream_id), (priority, hour))
"""
#: grouping() has a bit for each column that is not grouped by.
_ALL, _PRIORITY, _KIND, _BED, _HOUR = 0b1111, 0b0111, 0b0011, 0b1101, 0b0110
#: Seconds each bed was watched in the period, by what the recorder has of its numbers.
WATCHED: LiteralString = """
    SELECT stream_id, sum(extract(epoch FROM least(end_time, %(until)s) - greatest(start_time, %(since)s))) AS watched_s
    FROM vitals
    WHERE start_time >= %(since)s - INTERVAL '10 minutes' AND start_time < %(until)s AND end_time > %(since)s
    GROUP BY stream_id
"""


def burden(
    since: datetime, until: datetime, counts: Sequence[dict[str, Any]], watched: Sequence[dict[str, Any]]
) -> BurdenOut:
    """The figures of a period.

    Args:
        since, until: The period, half-open.
        counts: Rows of COUNTS.
        watched: Rows of WATCHED.
    """
    watched_s = {row["stream_id"]: max(0.0, float(row["watched_s"])) for row in watched}
    bed_days = sum(watched_s.values()) / _DAY_S
    by_level: dict[int, list[dict[str, Any]]] = {}
    for row in counts:
        by_level.setdefault(row["level"], []).append(row)
    total = by_level.get(_ALL, [])
    order = {priority.value: i for i, priority in enumerate(Priority)}
    priorities = sorted(by_level.get(_PRIORITY, []), key=lambda row: order[row["priority"]])
    kinds = sorted(by_level.get(_KIND, []), key=lambda row: (order[row["priority"]], -row["alarms"], row["code"]))
    beds = sorted(by_level.get(_BED, []), key=lambda row: (-row["alarms"], row["stream_id"]))
    return BurdenOut(
        since_ms=1000 * since.timestamp(),
        until_ms=1000 * until.timestamp(),
        beds=len(watched_s),
        bed_days=round(bed_days, 4),
        total=_row(total[0], "", "All alarms", bed_days) if total and total[0]["alarms"] else None,
        priorities=[_row(row, "", row["priority"].capitalize(), bed_days) for row in priorities],
        kinds=[_row(row, row["code"], CONDITION_NAMES[ConditionCode(row["code"])], bed_days) for row in kinds],
        most_alarming=[_bed(row, watched_s.get(row["stream_id"], 0.0)) for row in beds[:_MOST_BEDS]],
        hours=_hours(by_level.get(_HOUR, [])),
    )


def _row(row: dict[str, Any], code: str, name: str, bed_days: float) -> BurdenRowOut:
    return BurdenRowOut(
        priority=row["priority"] or "",
        code=code,
        name=name,
        alarms=row["alarms"],
        per_bed_day=round(row["alarms"] / bed_days, 1) if bed_days * _DAY_S >= _LEAST_S else None,
        acknowledged=row["acknowledged"],
        answer_median_s=_rounded(row["median_s"]),
        answer_p95_s=_rounded(row["p95_s"]),
        downgraded=row["downgraded"],
        judged_true=row["judged_true"],
        judged_false=row["judged_false"],
    )


def _bed(row: dict[str, Any], watched_s: float) -> BurdenBedOut:
    return BurdenBedOut(
        bed=row["stream_id"],
        alarms=row["alarms"],
        technical=row["technical"],
        acknowledged=row["acknowledged"],
        answer_median_s=_rounded(row["median_s"]),
        watched_h=round(watched_s / 3600, 2),
        per_day=round(row["alarms"] * _DAY_S / watched_s, 1) if watched_s >= _LEAST_S else None,
    )


def _hours(rows: Sequence[dict[str, Any]]) -> list[BurdenHourOut]:
    found: dict[datetime, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["hour"], {})[row["priority"]] = row["alarms"]
    return [BurdenHourOut(time_ms=1000 * hour.timestamp(), **counts) for hour, counts in sorted(found.items())]


def _rounded(seconds: Any) -> float | None:
    return None if seconds is None else round(float(seconds), 1)
