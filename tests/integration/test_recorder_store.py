"""The recorder's tables on both databases: idempotent, complete, proven by the ledger."""

from __future__ import annotations

import datetime as dt

import numpy as np
import psycopg
import pytest

from ecg import topics, wire
from ecg.alarms import AlertEvent, AlertKind
from ecg.blocks import decode_block
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin, Priority
from ecg.dead_letters import DeadLetter
from ecg.errors import VigilError
from ecg.gaps import DeviceHealth, DeviceState, GapReason, GapRecord
from ecg.screening import LabelScore, Screening, ScreeningStatus
from ecg.segments import Lead, LeadState, Segment, SegmentBatch
from ecg.vitals import LeadReport, Vitals
from stream.recorder import rows
from stream.recorder.buffer import Buffer
from stream.recorder.merge import block_from_row, merge_quiet_blocks
from stream.recorder.migrate import migrate
from stream.recorder.store import Store

NOW_NS = int(dt.datetime.now(dt.UTC).timestamp()) * 1_000_000_000
LEADS = (Lead('M"L\\II', 200.0, 1024), Lead("V1", 150.5, -3, LeadState.OFF))


def segment(seq: int, start_ns: int = NOW_NS) -> Segment:
    # Small steps, which pack well: PGlite's socket breaks on messages over 64 KB.
    x = np.random.default_rng(seq).integers(-3, 3, (2, 250), np.int16)
    return Segment("bed-01", 0, seq, seq * 250, 250.0, start_ns + seq * 10**9, LEADS, x)


def batch(*seqs: int, start_ns: int = NOW_NS) -> bytes:
    return wire.encode_segment_batch(SegmentBatch("ward-a", "1", 0, tuple(segment(s, start_ns) for s in seqs)))


def alarm_event(number: int, kind: AlertKind, actor: str = "stream") -> AlertEvent:
    condition = Condition(ConditionCode.VFB, 10, 900, "fibrillation 4.2 s \N{GREATER-THAN OR EQUAL TO} 4 s")
    event = ConditionEvent("bed-01", 0, "ward-a", Origin.EDGE, condition, NOW_NS, NOW_NS)
    return AlertEvent("alarm-1", number, kind, Priority.HIGH, event, NOW_NS + number, actor)


@pytest.fixture
def store(dsn: str) -> Store:
    migrate(dsn)
    store = Store(dsn)
    yield store  # type: ignore[misc]
    store.close()


def take_all(buffer: Buffer) -> None:
    for offset, payload in enumerate([batch(0, 1, 2), batch(3), batch(6, 7), batch(6, 7)]):
        assert buffer.take(topics.SEGMENTS.name, 0, offset, payload) is None
    assert buffer.take(topics.BACKFILL.name, 0, 0, batch(4)) is None
    scores = (LabelScore("AF", 0.5), LabelScore("VF", 0.25))
    screening = Screening("bed-01", 0, 0, 2500, 250.0, NOW_NS, ScreeningStatus.SCREENED, "m", "CPU", scores, ("AF",))
    vitals = Vitals("bed-01", 0, 1, 250, 500, 250.0, NOW_NS, None, "N", (LeadReport("II", 0.9),), ())
    letter = DeadLetter(
        topics.SEGMENTS.name, 0, 9, "InvalidSignal", "bad\x00fs", b"\xff", 1, NOW_NS, "a", "bed-01", 0, 8
    )
    gap = GapRecord("bed-01", 0, 5, 6, GapReason.SPOOL_DROPPED, "spool full", NOW_NS)
    health = DeviceHealth("ward-a", "bed-01", 0, DeviceState.STREAMING, 9, NOW_NS)
    for topic, payload in [
        (topics.SCREENINGS, wire.encode_screenings("ward-a", [screening])),
        (topics.VITALS, wire.encode_vitals("ward-a", [vitals])),
        (topics.DEAD_LETTERS, wire.encode_dead_letter(letter)),
        (topics.GAPS, wire.encode_gap_record(gap)),
        (topics.DEVICE_HEALTH, wire.encode_device_health(health)),
        (topics.ALARMS, wire.encode_alert_event(alarm_event(0, AlertKind.RAISED))),
        (topics.ALARMS, wire.encode_alert_event(alarm_event(1, AlertKind.ACKNOWLEDGED, "nurse"))),
    ]:
        assert buffer.take(topic.name, 0, 0, payload) is None


def test_everything_is_stored_once_however_often_it_comes(store: Store) -> None:
    for _ in range(3):  # at least once: the same messages again
        buffer = Buffer()
        take_all(buffer)
        assert buffer.urgent
        assert store.save(buffer.urgent_rows()) == []
        assert store.save(buffer.flush()) == []
    count = {
        t: store.query(f"SELECT count(*) FROM {t}")[0][0]
        for t in ("alarm_event", "screening", "vitals", "dead_letter", "gap_record")
    }
    assert count == {"alarm_event": 2, "screening": 1, "vitals": 1, "dead_letter": 1, "gap_record": 1}
    assert store.query("SELECT acknowledged_by, code FROM alarm") == [("nurse", "VFB")]
    assert store.query("SELECT labels, scores, flags FROM screening") == [(["AF", "VF"], [0.5, 0.25], ["AF"])]
    assert store.query("SELECT heart_rate_mean_bpm, quality_min FROM vitals")[0][0] is None


def test_the_ledger_accounts_for_every_sequence_number(store: Store) -> None:
    buffer = Buffer()
    take_all(buffer)
    store.save(buffer.flush())
    row = store.query(
        "SELECT expected, stored, declared, waiting_on_edge, unexplained, declared_reasons FROM loss_ledger"
    )
    # 0..3 live, 4 backfilled, 5 dropped by the spool, 6 and 7 live, 8 rejected
    assert row == [(9, 7, 2, 0, 0, "rejected, spool_dropped")]
    store.execute("DELETE FROM gap_record")
    assert store.query("SELECT unexplained, open_ranges FROM loss_ledger") == [(1, "{[5,6)}")]
    store.execute("UPDATE device SET spooled_segments = 1")
    assert store.query("SELECT unexplained, waiting_on_edge FROM loss_ledger") == [(0, 1)]


def test_a_redelivered_longer_block_replaces_the_shorter(store: Store) -> None:
    for seqs in [(0, 1), (0, 1, 2), (0, 1)]:
        buffer = Buffer()
        buffer.take(topics.SEGMENTS.name, 0, 0, batch(*seqs))
        store.save(buffer.flush())
    assert store.query("SELECT first_seq, end_seq, n_samples FROM waveform_block") == [(0, 3, 750)]


def test_merged_blocks_hold_the_same_samples(store: Store) -> None:
    start = NOW_NS - 20 * 60 * 10**9
    for first in range(0, 120, 10):
        buffer = Buffer()
        buffer.take(topics.SEGMENTS.name, 0, 0, batch(*range(first, first + 10), start_ns=start))
        store.save(buffer.flush())
    assert merge_quiet_blocks(store, dt.datetime.now(dt.UTC)) == 10
    found = store.query(
        "SELECT stream_id, epoch, first_seq, end_seq, start_time_ns, first_sample, n_samples, fs_hz, lead_names, lead_gains,"
        " lead_baselines, leads_off, packed FROM waveform_block ORDER BY first_seq"
    )
    blocks = [block_from_row(row) for row in found]
    assert [(b.first_seq, b.end_seq) for b in blocks] == [(0, 60), (60, 120)]
    assert blocks[0].leads == LEADS
    back = np.concatenate([decode_block(b.packed, 2, b.n_samples) for b in blocks], axis=1)
    assert np.array_equal(back, np.concatenate([segment(s, start).samples for s in range(120)], axis=1))
    assert merge_quiet_blocks(store, dt.datetime.now(dt.UTC)) == 0


def test_one_poisonous_row_does_not_hold_up_the_others(store: Store) -> None:
    good = rows.gap_row(GapRecord("bed-01", 0, 1, 2, GapReason.REJECTED, "", NOW_NS))
    refused = store.save([(rows.GAP_RECORD, [good, ("bed-02", 0, 9, 3, "rejected", "", rows.utc(NOW_NS))])])
    assert len(refused) == 1 and "check" in refused[0][2]
    assert store.query("SELECT stream_id FROM gap_record") == [("bed-01",)]


def test_absurd_device_clocks_are_kept(store: Store) -> None:
    for start_ns in (0, 4 * 10**18):
        buffer = Buffer()
        buffer.take(topics.SEGMENTS.name, 0, 0, batch(0, start_ns=start_ns))
        assert store.save(buffer.flush()) == []
    assert store.query("SELECT count(*) FROM waveform_block") == [(2,)]


def test_migrations_run_once_and_refuse_an_edited_file(dsn: str, tmp_path: object) -> None:
    assert len(migrate(dsn)) == 4
    assert migrate(dsn) == []
    folder = tmp_path / "m"  # type: ignore[operator]
    folder.mkdir()
    (folder / "0001_x.sql").write_text("CREATE TABLE x (a int);")
    assert migrate(dsn, [("extra", folder)]) == ["extra/0001_x"]
    (folder / "0001_x.sql").write_text("CREATE TABLE x (a bigint);")
    with pytest.raises(VigilError, match="edited after it was applied"):
        migrate(dsn, [("extra", folder)])


def test_a_failed_migration_leaves_nothing_behind(postgres_dsn: str, tmp_path: object) -> None:
    folder = tmp_path / "m"  # type: ignore[operator]
    folder.mkdir()
    (folder / "0001_x.sql").write_text("CREATE TABLE x (a int); SELECT 1/0;")
    with pytest.raises(psycopg.Error):
        migrate(postgres_dsn, [("extra", folder)])
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT to_regclass('x')").fetchone() == (None,)


def test_timescale_has_hypertables_compression_and_aggregates(timescale_dsn: str) -> None:
    migrate(timescale_dsn)
    store = Store(timescale_dsn)
    tables = store.query(
        "SELECT hypertable_name, compression_enabled FROM timescaledb_information.hypertables ORDER BY 1"
    )
    assert [(n, c) for n, c in tables if not n.startswith("_")] == [
        ("screening", True),
        ("vitals", True),
        ("waveform_block", True),
    ]
    old = NOW_NS - 3 * 86_400 * 10**9
    for first in range(0, 100, 10):
        buffer = Buffer()
        buffer.take(topics.SEGMENTS.name, 0, 0, batch(*range(first, first + 10), start_ns=old))
        store.save(buffer.flush())
    chunks = store.query("SELECT compress_chunk(c) FROM show_chunks('waveform_block') c")
    assert chunks
    assert store.query("SELECT sum(n_samples) FROM waveform_block") == [(25_000,)]
    jobs = {row[0] for row in store.query("SELECT proc_name FROM timescaledb_information.jobs")}
    assert {"policy_compression", "policy_retention", "policy_refresh_continuous_aggregate"} <= jobs
    store.close()


def test_plain_postgres_keeps_partitions_by_day_and_drops_the_old(postgres_dsn: str) -> None:
    migrate(postgres_dsn)
    store = Store(postgres_dsn)
    in_nine_days = dt.datetime.now(dt.UTC) + dt.timedelta(days=9)
    buffer = Buffer()
    buffer.take(topics.SEGMENTS.name, 0, 0, batch(0, start_ns=int(in_nine_days.timestamp()) * 10**9))
    store.save(buffer.flush())
    assert store.query("SELECT count(*) FROM waveform_block_other") == [(1,)]
    dropped = store.query("SELECT vigil_series_upkeep(%s)", (in_nine_days,))[0][0]
    assert dropped >= 1
    assert store.query("SELECT count(*) FROM waveform_block_other") == [(0,)], "moved to its own day"
    assert store.query("SELECT count(*) FROM waveform_block") == [(1,)]
    store.close()
