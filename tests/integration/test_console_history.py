"""The console on a real database: alarms read back, strips out of stored blocks, the outbox, the audit log."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from cloud.console.alarm_book import AlarmBook
from cloud.console.commands import CommandDesk
from cloud.console.history import History
from cloud.console.latency import Telemetry
from cloud.console.runtime import Runtime
from cloud.console.settings import Settings
from cloud.console.strips import BEFORE_S, strip_range
from deploy.database import EmbeddedPostgres
from ecg import topics
from ecg.alarms import AlertEvent, AlertKind, CommandKind
from ecg.errors import Unavailable
from ecg.gaps import DeviceHealth, DeviceState
from ecg.wire import decode_alarm_command, encode_alert_event, encode_device_health
from stream.recorder.buffer import Buffer
from stream.recorder.migrate import OWN_MIGRATIONS, migrate
from stream.recorder.store import Store
from tests.unit.console.test_commands import Topic
from tests.unit.console.wire_samples import FS_HZ, T0_NS, batch, condition, event, segment

CONSOLE_MIGRATIONS = Path(__file__).parents[2] / "cloud" / "console" / "migrations"
FOLDERS = (("recorder", OWN_MIGRATIONS), ("console", CONSOLE_MIGRATIONS))
NOWHERE = "127.0.0.1:1"


def record(dsn: str, *events: AlertEvent, seqs: range = range(0)) -> None:
    """Writes alarm events and seconds of signal as the recorder does."""
    buffer = Buffer()
    for offset, one in enumerate(events):
        assert buffer.take(topics.ALARMS.name, 0, offset, encode_alert_event(one)) is None
    for seq in seqs:
        assert buffer.take(topics.SEGMENTS.name, 0, seq, batch(segment(seq=seq))) is None
    store = Store(dsn)
    assert store.save([*buffer.urgent_rows(), *buffer.flush()]) == []
    store.close()


@pytest.fixture
def dsn_ready(postgres_dsn: str) -> str:
    """A database with every table."""
    migrate(postgres_dsn, FOLDERS)
    return postgres_dsn


@pytest.fixture
async def history(dsn_ready: str) -> AsyncIterator[History]:
    """The console's way to it."""
    history = History(dsn_ready)
    await history.open()
    yield history
    await history.close()


def test_the_migrations_apply_once_on_either_database(dsn: str) -> None:
    assert "console/0001_console" in migrate(dsn, FOLDERS)
    assert migrate(dsn, FOLDERS) == []


async def test_alarms_are_read_back_with_their_acknowledgement(dsn_ready: str) -> None:
    old = [event(0, AlertKind.RAISED, f"old-{i}", time_s=i) for i in range(3)]
    life = [event(0, AlertKind.RAISED), event(1, AlertKind.ACKNOWLEDGED, actor="Demo nurse", time_s=40)]
    record(dsn_ready, *old, *[event(1, AlertKind.CLEARED, f"old-{i}", time_s=i + 1) for i in range(3)], *life)
    runtime = Runtime(Settings(brokers=NOWHERE, dsn=dsn_ready))
    await runtime.start()
    try:
        alarm = runtime.core.book.entries["alarm-1"].alarm
        assert (alarm.acknowledged_by, alarm.cleared) == ("Demo nurse", False)
        assert len(runtime.core.book.entries) == 4
        status = runtime.status()
        assert (status.history, status.kafka, status.status) == ("on", False, "degraded")
        # Kafka tells the same again and one event more: nothing doubles.
        for one in [*life, event(2, AlertKind.CLEARED, time_s=50)]:
            runtime.core.on_alarm(encode_alert_event(one))
        assert runtime.core.book.entries["alarm-1"].alarm.cleared
        assert len(runtime.core.book.entries["alarm-1"].events) == 3
    finally:
        await runtime.stop()


async def test_a_beginning_that_left_kafka_comes_from_the_database(dsn_ready: str) -> None:
    runtime = Runtime(Settings(brokers=NOWHERE, dsn=dsn_ready))
    runtime.core.on_alarm(encode_alert_event(event(1, AlertKind.ACKNOWLEDGED, actor="Demo nurse")))
    record(dsn_ready, event(0, AlertKind.RAISED), event(1, AlertKind.ACKNOWLEDGED, actor="Demo nurse"))
    await runtime.start()
    try:
        async with asyncio.timeout(5):
            while "alarm-1" not in runtime.core.book.entries:
                await asyncio.sleep(0.02)
        assert runtime.core.book.entries["alarm-1"].alarm.acknowledged_by == "Demo nurse"
    finally:
        await runtime.stop()


async def test_older_alarms_are_found_by_time(dsn_ready: str, history: History) -> None:
    record(dsn_ready, *[event(0, AlertKind.RAISED, f"a{i}", time_s=i) for i in range(10)])
    found = await history.alarm_events_before(T0_NS + 5 * 10**9, limit=3)
    assert [one.alarm_id for one in found] == ["a2", "a3", "a4"]


async def test_a_strip_comes_out_of_stored_blocks(dsn_ready: str) -> None:
    record(dsn_ready, event(0, AlertKind.RAISED), seqs=range(40))
    runtime = Runtime(Settings(brokers=NOWHERE, dsn=dsn_ready))
    await runtime.start()
    try:
        entry = await runtime.entry("alarm-1")
        assert entry is not None
        strip = await runtime.strip(entry)
        assert strip is not None
        wanted = strip_range(condition(), FS_HZ)
        assert (strip.first_sample, strip.samples.shape[1]) == (
            wanted.first_sample,
            wanted.end_sample - wanted.first_sample,
        )
        assert strip.first_sample == (20 - BEFORE_S) * FS_HZ
        assert [int(v) for v in strip.samples[1, ::250]] == [1000 + seq for seq in range(8, 34)]
    finally:
        await runtime.stop()


async def test_an_acknowledgement_outlives_the_console_while_kafka_is_down(dsn_ready: str) -> None:
    record(dsn_ready, event(0, AlertKind.RAISED))
    before = Runtime(Settings(brokers=NOWHERE, dsn=dsn_ready))
    await before.start()
    alarm = before.core.book.entries["alarm-1"].alarm
    receipt = await before.desk.submit(alarm, CommandKind.ACKNOWLEDGE, "Demo nurse", "seen", T0_NS, "::1")
    assert (receipt.stored, receipt.published) == (True, False)
    await before.stop()

    after = Runtime(Settings(brokers=NOWHERE, dsn=dsn_ready))
    topic = Topic()
    after.desk = CommandDesk(after.core.book, topic, after.history, after.core.telemetry)
    await after.start()
    try:
        await after.desk.try_again()
        assert [(c.command_id, c.user, c.comment) for c in topic.sent] == [(receipt.command_id, "Demo nurse", "seen")]
    finally:
        await after.stop()
    with psycopg.connect(dsn_ready) as connection:
        rows = connection.execute("SELECT payload, published_at IS NOT NULL FROM alarm_command").fetchall()
        (audit,) = connection.execute("SELECT user_name, action, alarm_id, detail FROM audit_log").fetchall()
    ((payload, published),) = rows
    assert decode_alarm_command(payload).command_id == receipt.command_id
    assert published
    assert audit == ("Demo nurse", "acknowledge", "alarm-1", "seen")


async def test_the_audit_log_only_grows(dsn_ready: str, history: History) -> None:
    await history.store_act("Demo nurse", "sign_in", T0_NS, "::1")
    assert [row["action"] for row in await history.audit(10)] == ["sign_in"]
    with psycopg.connect(dsn_ready, autocommit=True) as connection:
        for statement in ("DELETE FROM audit_log", "UPDATE audit_log SET user_name = 'x'", "TRUNCATE audit_log"):
            with pytest.raises(psycopg.errors.RaiseException, match="append only"):
                connection.execute(statement.encode())


async def test_users_of_the_database_replace_those_of_the_settings(dsn_ready: str) -> None:
    runtime = Runtime(Settings(brokers=NOWHERE, dsn=dsn_ready, users="A, B"))
    await runtime.start()
    try:
        assert await runtime.users() == ["A", "B"]
        with psycopg.connect(dsn_ready, autocommit=True) as connection:
            connection.execute("INSERT INTO console_user (user_name) VALUES ('Ward sister')")
        assert await runtime.users() == ["Ward sister"]
    finally:
        await runtime.stop()


async def test_the_ledger_is_the_databases(dsn_ready: str, history: History) -> None:
    record(dsn_ready, seqs=range(5))
    (row,) = await history.ledger()
    assert (row["stream_id"], row["stored"], row["unexplained"]) == ("bed-1", 5, 0)


async def test_a_database_that_is_not_there_is_unavailable_and_the_page_goes_on() -> None:
    runtime = Runtime(Settings(brokers=NOWHERE, dsn="postgresql://nobody@127.0.0.1:1/none"))
    await runtime.start()
    try:
        assert runtime.status().history == "down"
        runtime.core.on_alarm(encode_alert_event(event(0, AlertKind.RAISED)))
        assert (await runtime.entry("alarm-1")) is not None
        assert runtime.history is not None
        with pytest.raises(Unavailable, match="database"):
            await runtime.history.ping()
    finally:
        await runtime.stop()


@contextmanager
def frozen(database: EmbeddedPostgres) -> Iterator[None]:
    """A database that keeps every connection open and says nothing."""
    assert database.pid is not None
    children = subprocess.run(["pgrep", "-P", str(database.pid)], capture_output=True, text=True, check=True)
    pids = [database.pid, *map(int, children.stdout.split())]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_frozen_database_keeps_no_acknowledgement_waiting_and_gets_it_later(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with EmbeddedPostgres(tmp_path / "postgres") as database:
        migrate(database.dsn, FOLDERS)
        history, topic, book, loop = History(database.dsn), Topic(), AlarmBook(), asyncio.get_running_loop()
        await history.open()
        desk = CommandDesk(book, topic, history, Telemetry())
        await history.ping()
        with frozen(database):
            for name in ("alarm-1", "alarm-2"):
                book.on_event(event(0, AlertKind.RAISED, name))
                asked_s = loop.time()
                receipt = await desk.submit(
                    book.entries[name].alarm, CommandKind.ACKNOWLEDGE, "Demo nurse", "", T0_NS, "10.0.0.1"
                )
                assert loop.time() - asked_s < (1.5 if name == "alarm-1" else 0.2), "once is waited, and no more"
                assert receipt.published and not receipt.stored
            assert not history.up and len(topic.sent) == 2
            with pytest.raises(Unavailable, match="does not answer"):
                await history.ledger()
        await history.ping()
        await desk.try_again()
        assert history.up and len(await history.audit(10)) == 2
        with psycopg.connect(database.dsn) as connection:
            sent = connection.execute("SELECT alarm_id FROM alarm_command WHERE published_at IS NOT NULL").fetchall()
        assert {alarm_id for (alarm_id,) in sent} == {"alarm-1", "alarm-2"}
        await history.close()


async def test_a_bed_that_fell_silent_while_no_console_ran_is_still_on_the_page(dsn_ready: str) -> None:
    now_ns = time.time_ns()
    buffer = Buffer()
    for offset, (bed, state) in enumerate((("bed-7", DeviceState.STREAMING), ("bed-8", DeviceState.ENDED))):
        health = encode_device_health(DeviceHealth("agent-1", bed, 5, state, 900, now_ns - 600 * 10**9))
        assert buffer.take(topics.DEVICE_HEALTH.name, 0, offset, health) is None
    store = Store(dsn_ready)
    assert store.save(buffer.flush()) == []
    store.close()
    about = condition(stream_id="bed-9")
    record(dsn_ready, event(0, AlertKind.RAISED, about=about))
    runtime = Runtime(Settings(brokers=NOWHERE, dsn=dsn_ready))
    await runtime.start()
    try:
        runtime.core.expect_beds()
        beds = runtime.core.board.beds
        assert set(beds) == {"bed-7", "bed-9"}, "bed-8 has ended; bed-9 has an alarm that stands"
        assert all(runtime.core.signal_age_s(bed) is None for bed in beds.values())
        runtime.core.on_segments(batch(segment("bed-9", seq=40, epoch=6)))
        assert (beds["bed-9"].sequence.received, beds["bed-9"].sequence.missing_count) == (1, 0)
    finally:
        await runtime.stop()
