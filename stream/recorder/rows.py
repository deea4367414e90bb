"""Rows: what each message becomes in the database. Pure: domain types in, tuples of column values out."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ecg.alarms import AlertEvent
from ecg.beats.beat import BeatClass
from ecg.dead_letters import DeadLetter
from ecg.gaps import DeviceHealth, GapRecord
from ecg.interpretation import InterpretationRecord
from ecg.screening import Screening
from ecg.vitals import Vitals
from stream.recorder.blocks import WaveformBlock, leads_off

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its columns with their array types for unnest, and what a repeated key does."""

    name: str
    columns: tuple[tuple[str, str], ...]
    on_conflict: str = "DO NOTHING"


def utc(time_ns: int) -> dt.datetime:
    """UTC ns as a timestamp; times no database can hold become the nearest it can (a device clock may be absurd)."""
    seconds, ns = divmod(time_ns, 1_000_000_000)
    seconds = min(max(seconds, 0), 253_370_764_800)  # 1970 to 9999
    return dt.datetime.fromtimestamp(seconds, dt.UTC) + dt.timedelta(microseconds=ns // 1000)


def clean(text: str) -> str:
    """Text without NUL, which PostgreSQL refuses."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


_KEY = (("stream_id", "text"), ("epoch", "bigint"))

STREAM = Table("stream", (("stream_id", "text"), ("agent_id", "text")))
# The same first_seq comes again after a crash between store and commit, perhaps longer: the longer one stays.
WAVEFORM_BLOCK = Table(
    "waveform_block",
    (
        *_KEY,
        ("first_seq", "bigint"),
        ("end_seq", "bigint"),
        ("start_time", "timestamptz"),
        ("start_time_ns", "bigint"),
        ("first_sample", "bigint"),
        ("n_samples", "integer"),
        ("fs_hz", "double precision"),
        ("lead_names", "text[]"),
        ("lead_gains", "double precision[]"),
        ("lead_baselines", "integer[]"),
        ("leads_off", "boolean[]"),
        ("codec", "smallint"),
        ("packed", "bytea"),
    ),
    "(stream_id, epoch, first_seq, start_time) DO UPDATE SET end_seq = EXCLUDED.end_seq, n_samples = EXCLUDED.n_samples,"
    " packed = EXCLUDED.packed WHERE waveform_block.end_seq < EXCLUDED.end_seq",
)
VITALS = Table(
    "vitals",
    (
        *_KEY,
        ("start_time", "timestamptz"),
        ("end_time", "timestamptz"),
        ("heart_rate_mean_bpm", "real"),
        ("heart_rate_min_bpm", "real"),
        ("heart_rate_max_bpm", "real"),
        ("rhythm", "text"),
        ("quality_min", "real"),
        ("n_beats", "integer"),
        ("n_ventricular", "integer"),
    ),
)
SCREENING = Table(
    "screening",
    (
        *_KEY,
        ("first_sample", "bigint"),
        ("end_sample", "bigint"),
        ("start_time", "timestamptz"),
        ("status", "text"),
        ("detail", "text"),
        ("model_id", "text"),
        ("provider", "text"),
        ("labels", "text[]"),
        ("scores", "real[]"),
        ("flags", "text[]"),
    ),
)
ALARM_EVENT = Table(
    "alarm_event",
    (
        ("alarm_id", "text"),
        ("number", "integer"),
        ("kind", "text"),
        ("priority", "text"),
        ("code", "text"),
        ("stream_id", "text"),
        ("epoch", "bigint"),
        ("agent_id", "text"),
        ("onset_time", "timestamptz"),
        ("event_time", "timestamptz"),
        ("actor", "text"),
        ("detail", "text"),
        ("reason", "text"),
        ("payload", "bytea"),
    ),
)
INTERPRETATION_EVENT = Table(
    "interpretation_event",
    (
        ("escalation_id", "text"),
        ("number", "integer"),
        ("alarm_id", "text"),
        ("stream_id", "text"),
        ("kind", "text"),
        ("model_id", "text"),
        ("event_time", "timestamptz"),
        ("payload", "bytea"),
    ),
)
GAP_RECORD = Table(
    "gap_record",
    (
        *_KEY,
        ("first_seq", "bigint"),
        ("end_seq", "bigint"),
        ("reason", "text"),
        ("detail", "text"),
        ("declared_at", "timestamptz"),
    ),
)
DEVICE = Table(
    "device",
    (
        *_KEY,
        ("agent_id", "text"),
        ("state", "text"),
        ("detail", "text"),
        ("next_seq", "bigint"),
        ("spooled_segments", "bigint"),
        ("reported_at", "timestamptz"),
    ),
    "(stream_id, epoch) DO UPDATE SET agent_id = EXCLUDED.agent_id, state = EXCLUDED.state, detail = EXCLUDED.detail,"
    " next_seq = EXCLUDED.next_seq, spooled_segments = EXCLUDED.spooled_segments, reported_at = EXCLUDED.reported_at"
    " WHERE device.reported_at <= EXCLUDED.reported_at",
)
DEAD_LETTER = Table(
    "dead_letter",
    (
        ("source_topic", "text"),
        ("partition_number", "integer"),
        ("message_offset", "bigint"),
        ("error", "text"),
        ("reason", "text"),
        ("agent_id", "text"),
        ("stream_id", "text"),
        ("epoch", "bigint"),
        ("seq", "bigint"),
        ("payload", "bytea"),
        ("payload_size", "bigint"),
        ("event_time", "timestamptz"),
    ),
)


def block_row(block: WaveformBlock) -> Row:
    """One waveform block."""
    return (
        clean(block.stream_id),
        block.epoch,
        block.first_seq,
        block.end_seq,
        utc(block.start_time_ns),
        block.start_time_ns,
        block.first_sample,
        block.n_samples,
        block.fs_hz,
        [clean(lead.name) for lead in block.leads],
        [lead.gain_adu_per_mv for lead in block.leads],
        [lead.baseline_adu for lead in block.leads],
        leads_off(block.leads),
        block.codec,
        block.packed,
    )


def vitals_rows(vitals: Iterable[Vitals]) -> list[Row]:
    """One row per stream and epoch for the whole of vitals (one flush, about 10 s)."""
    groups: dict[tuple[str, int], list[Vitals]] = defaultdict(list)
    for one in vitals:
        groups[clean(one.stream_id), one.epoch].append(one)
    return [_vitals_row(key, group) for key, group in groups.items()]


def _vitals_row(key: tuple[str, int], group: Sequence[Vitals]) -> Row:
    first, last = group[0], group[-1]
    rates = [v.heart_rate_bpm for v in group if v.heart_rate_bpm is not None]
    start_ns = first.time_ns - round((first.end_sample - first.first_sample) * 1e9 / first.fs_hz)
    indices = [report.index for v in group for report in v.quality]
    beats = [beat for v in group for beat in v.beats]
    return (
        *key,
        utc(start_ns),
        utc(last.time_ns),
        sum(rates) / len(rates) if rates else None,
        min(rates, default=None),
        max(rates, default=None),
        clean(last.rhythm),
        min(indices, default=None),
        len(beats),
        sum(beat.label is BeatClass.VENTRICULAR for beat in beats),
    )


def screening_row(s: Screening) -> Row:
    """One screened (or unscreened) window."""
    return (
        clean(s.stream_id),
        s.epoch,
        s.first_sample,
        s.end_sample,
        utc(s.start_time_ns),
        s.status.value,
        clean(s.detail),
        clean(s.model_id),
        s.provider,
        [x.label for x in s.scores],
        [x.score for x in s.scores],
        list(s.flags),
    )


def alarm_row(event: AlertEvent, payload: bytes) -> Row:
    """One event of an alarm's life, with the message itself."""
    condition = event.condition
    return (
        event.alarm_id,
        event.number,
        event.kind.value,
        event.priority.value,
        condition.condition.code.value,
        clean(condition.stream_id),
        condition.epoch,
        clean(condition.agent_id),
        utc(condition.onset_time_ns),
        utc(event.time_ns),
        clean(event.actor),
        clean(event.detail),
        clean(condition.condition.reason),
        payload,
    )


def interpretation_row(record: InterpretationRecord, payload: bytes) -> Row:
    """One event of an interpretation, with the message itself."""
    return (
        record.escalation_id,
        record.number,
        record.alarm_id,
        clean(record.stream_id),
        type(record.event).__name__,
        clean(record.model_id),
        utc(record.time_ns),
        payload,
    )


def gap_row(gap: GapRecord) -> Row:
    """One declared gap."""
    return (
        clean(gap.stream_id),
        gap.epoch,
        gap.first_seq,
        gap.end_seq,
        gap.reason.value,
        clean(gap.detail),
        utc(gap.time_ns),
    )


def device_rows(reports: Iterable[DeviceHealth]) -> list[Row]:
    """The newest report of each stream and epoch."""
    newest: dict[tuple[str, int], DeviceHealth] = {}
    for report in reports:
        key = (clean(report.stream_id), report.epoch)
        if key not in newest or newest[key].time_ns <= report.time_ns:
            newest[key] = report
    return [
        (*key, clean(h.agent_id), h.state.value, clean(h.detail), h.next_seq, h.spooled_segments, utc(h.time_ns))
        for key, h in newest.items()
    ]


def dead_letter_row(letter: DeadLetter) -> Row:
    """One dead letter."""
    return (
        letter.source_topic,
        letter.partition,
        letter.offset,
        letter.error,
        clean(letter.reason),
        clean(letter.agent_id),
        None if letter.stream_id is None else clean(letter.stream_id),
        letter.epoch,
        letter.seq,
        letter.payload,
        letter.payload_size,
        utc(letter.time_ns),
    )
