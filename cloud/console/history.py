"""History: what the console reads from PostgreSQL, and the two tables it writes (audit_log, alarm_command).

Every failure of the database becomes `Unavailable`: the page goes on from Kafka and says that history is down. The
tables read here are the recorder's (`stream/recorder/migrations`); the view `loss_ledger` is its word on what is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from cloud.console.burden import COUNTS, WATCHED, burden
from cloud.console.schemas import BurdenOut
from cloud.console.strips import SignalStretch, StripRange
from ecg.alarms import AlarmCommand, AlertEvent
from ecg.blocks import CODEC, decode_block
from ecg.errors import InvalidSignal, Unavailable
from ecg.gaps import DeviceHealth, DeviceState
from ecg.interpretation import InterpretationRecord
from ecg.segments import Lead, LeadState
from ecg.wire import decode_alarm_command, decode_alert_event, encode_alarm_command
from ecg.wire.reasoner import decode_interpretation

Connection = psycopg.AsyncConnection[dict[str, Any]]

#: Alarms read back at start: every one not cleared, and the youngest of the others.
_READ_BACK = """
    WITH chosen AS (
        (SELECT alarm_id FROM alarm_event WHERE number = 0 ORDER BY event_time DESC LIMIT %(limit)s)
        UNION
        (SELECT alarm_id FROM alarm_event GROUP BY alarm_id HAVING bool_and(kind <> 'cleared'))
    )
    SELECT e.payload FROM alarm_event e JOIN chosen USING (alarm_id) ORDER BY e.alarm_id, e.number
"""
_BLOCKS = """
    SELECT epoch, first_sample, n_samples, start_time_ns, fs_hz, lead_names, lead_gains, lead_baselines, leads_off,
        codec, packed
    FROM waveform_block
    WHERE stream_id = %(stream_id)s AND epoch = %(epoch)s AND start_time BETWEEN %(earliest)s AND %(latest)s
        AND first_sample < %(end)s AND first_sample + n_samples > %(first)s
    ORDER BY first_sample
"""
_INSERT_COMMAND = """
    INSERT INTO alarm_command
        (command_id, alarm_id, stream_id, agent_id, kind, user_name, comment, requested_at, payload)
    VALUES (%(command_id)s, %(alarm_id)s, %(stream_id)s, %(agent_id)s, %(kind)s, %(user)s, %(comment)s, %(at)s,
        %(payload)s)
    ON CONFLICT (command_id) DO NOTHING
"""
_INSERT_AUDIT = """
    INSERT INTO audit_log (acted_at, user_name, action, alarm_id, stream_id, command_id, detail, remote_address)
    VALUES (%(at)s, %(user)s, %(action)s, %(alarm_id)s, %(stream_id)s, %(command_id)s, %(detail)s, %(remote)s)
    ON CONFLICT (command_id) WHERE command_id IS NOT NULL DO NOTHING
"""
_DEVICES = """
    SELECT * FROM (
        SELECT DISTINCT ON (stream_id) * FROM device
        WHERE reported_at > now() - INTERVAL '12 hours' ORDER BY stream_id, reported_at DESC
    ) latest WHERE state <> 'ended'
"""
_USERS = "SELECT user_name FROM console_user WHERE active ORDER BY user_name"
#: A block is at most 60 s long, so one that starts earlier than this cannot reach into the strip.
_LONGEST_BLOCK = timedelta(seconds=120)
#: A database that is silent for longer is down: a frozen one keeps its connections open and says nothing.
_ANSWER_S = 5.0
#: What reads much may take longer.
_LONG_S = 30.0
#: A nurse waits for what is written, and an acknowledgement must be in force within 2 s (CLINICAL.md §3): Kafka has it then.
_WRITE_S = 1.0
Answer = TypeVar("Answer")


class History:
    """The database behind the page.

    Args:
        dsn: PostgreSQL address.
    """

    def __init__(self, dsn: str) -> None:
        self.up = False
        self._silent = False
        self._dying: set[asyncio.Task[Any]] = set()
        self._pool = AsyncConnectionPool[Connection](
            dsn,
            min_size=1,
            max_size=4,
            open=False,
            timeout=3.0,
            reconnect_timeout=5.0,
            kwargs={"row_factory": dict_row, "connect_timeout": 3},
            connection_class=psycopg.AsyncConnection[dict[str, Any]],
        )

    async def open(self) -> None:
        """Starts connecting, in the background."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Closes every connection."""
        await self._pool.close(timeout=2.0)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout) as error:
            raise self._fallen(str(error)) from error
        self.up, self._silent = True, False

    def _fallen(self, why: str) -> Unavailable:
        self.up, self._silent = False, True
        return Unavailable(f"the database does not answer: {why}", retry_after_s=2.0)

    async def _within(self, limit_s: float, work: Coroutine[Any, Any, Answer]) -> Answer:
        """What work gives. A database that is silent is not waited for: not by us, nor by whoever asks next.

        Work that is given up goes on dying by itself: cancelling a query of a frozen server takes 10 s and more.

        Raises:
            Unavailable: No answer within limit_s, or none the last time and no sign of life since.
        """
        task = asyncio.create_task(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=limit_s)
        finally:
            if not task.done():
                task.cancel()
                self._dying.add(task)
                task.add_done_callback(self._buried)
        if not done:
            raise self._fallen(f"nothing within {limit_s:g} s")
        return task.result()

    def _buried(self, task: asyncio.Task[Any]) -> None:
        self._dying.discard(task)
        if not task.cancelled():
            task.exception()

    def _expect_an_answer(self) -> None:
        if self._silent:
            raise Unavailable("the database does not answer", retry_after_s=2.0)

    async def _rows(
        self, query: LiteralString, parameters: dict[str, Any] | None = None, limit_s: float = _ANSWER_S
    ) -> list[dict[str, Any]]:
        self._expect_an_answer()
        return await self._within(limit_s, self._fetched(query, parameters))

    async def _fetched(self, query: LiteralString, parameters: dict[str, Any] | None) -> list[dict[str, Any]]:
        async with self._connection() as connection:
            return await (await connection.execute(query, parameters)).fetchall()

    async def _write(self, *statements: tuple[LiteralString, dict[str, Any]]) -> None:
        """Executes statements in one transaction."""
        self._expect_an_answer()
        await self._within(_WRITE_S, self._written(statements))

    async def _written(self, statements: Sequence[tuple[LiteralString, dict[str, Any]]]) -> None:
        async with self._connection() as connection, connection.transaction():
            for query, parameters in statements:
                await connection.execute(query, parameters)

    async def ping(self) -> None:
        """Asks the database for a sign of life, whatever it did the last time.

        Raises:
            Unavailable: It gives none.
        """
        await self._within(_ANSWER_S, self._fetched("SELECT 1 AS alive", None))

    async def alarm_events(self, limit: int = 1000) -> list[AlertEvent]:
        """Events of every alarm that stands and of the youngest others, in order within each alarm."""
        return [decode_alert_event(row["payload"]) for row in await self._rows(_READ_BACK, {"limit": limit}, _LONG_S)]

    async def alarm_events_before(self, until_ns: int, limit: int) -> list[AlertEvent]:
        """Events of the youngest alarms raised before a moment, in order within each alarm."""
        query: LiteralString = """
            WITH chosen AS (
                SELECT alarm_id FROM alarm_event WHERE number = 0 AND event_time < %(until)s
                ORDER BY event_time DESC LIMIT %(limit)s
            )
            SELECT e.payload FROM alarm_event e JOIN chosen USING (alarm_id) ORDER BY e.alarm_id, e.number
        """
        rows = await self._rows(query, {"until": _utc(until_ns), "limit": limit}, _LONG_S)
        return [decode_alert_event(row["payload"]) for row in rows]

    async def alarm_events_of(self, alarm_id: str) -> list[AlertEvent]:
        """Events of one alarm, in order."""
        query: LiteralString = "SELECT payload FROM alarm_event WHERE alarm_id = %(id)s ORDER BY number"
        return [decode_alert_event(row["payload"]) for row in await self._rows(query, {"id": alarm_id})]

    async def interpretations_of(self, alarm_id: str) -> list[InterpretationRecord]:
        """Events of an alarm's interpretations, in order of escalation and number."""
        query: LiteralString = (
            "SELECT payload FROM interpretation_event WHERE alarm_id = %(id)s ORDER BY escalation_id, number"
        )
        return [decode_interpretation(row["payload"]) for row in await self._rows(query, {"id": alarm_id})]

    async def stretches(self, wanted: StripRange) -> list[SignalStretch]:
        """Stored signal that touches a range; a damaged block is a hole."""
        start, end = _utc(wanted.start_time_ns), _utc(wanted.end_time_ns)
        rows = await self._rows(
            _BLOCKS,
            {
                "stream_id": wanted.stream_id,
                "epoch": wanted.epoch,
                "first": wanted.first_sample,
                "end": wanted.end_sample,
                "earliest": start - _LONGEST_BLOCK,
                "latest": end + _LONGEST_BLOCK,
            },
        )
        return [stretch for row in rows if (stretch := _stretch(row)) is not None]

    async def fs_hz_of(self, stream_id: str, epoch: int) -> float | None:
        """Sampling frequency of a stream's epoch as stored; None where nothing is stored."""
        query: LiteralString = "SELECT fs_hz FROM waveform_block WHERE stream_id = %(s)s AND epoch = %(e)s LIMIT 1"
        rows = await self._rows(query, {"s": stream_id, "e": epoch})
        return float(rows[0]["fs_hz"]) if rows else None

    async def devices(self) -> list[DeviceHealth]:
        """Devices heard of in the last hours and not said to have ended, as they last were."""
        return [
            DeviceHealth(
                row["agent_id"], row["stream_id"], row["epoch"], DeviceState(row["state"]), row["next_seq"],
                round(1e9 * row["reported_at"].timestamp()), row["spooled_segments"], row["detail"],
            )
            for row in await self._rows(_DEVICES)
        ]  # fmt: skip

    async def ledger(self) -> list[dict[str, Any]]:
        """Rows of the loss ledger."""
        return await self._rows("SELECT * FROM loss_ledger ORDER BY stream_id, epoch", limit_s=_LONG_S)

    async def burden(self, since_ns: int, until_ns: int) -> BurdenOut:
        """Alarms raised in a period, and how they were answered."""
        period = {"since": _utc(since_ns), "until": _utc(until_ns)}
        counts = await self._rows(COUNTS, period, _LONG_S)
        return burden(period["since"], period["until"], counts, await self._rows(WATCHED, period, _LONG_S))

    async def users(self) -> list[str]:
        """Names offered at sign-in."""
        rows = await self._rows(_USERS, limit_s=_WRITE_S)
        return [row["user_name"] for row in rows]

    async def audit(self, limit: int) -> list[dict[str, Any]]:
        """The youngest entries of the audit log, youngest first."""
        return await self._rows("SELECT * FROM audit_log ORDER BY entry DESC LIMIT %(limit)s", {"limit": limit})

    async def store_command(self, command: AlarmCommand, remote: str) -> None:
        """Writes a command to the outbox and the audit log, in one transaction; a second time does nothing."""
        at = _utc(command.time_ns)
        ids = {"command_id": command.command_id, "alarm_id": command.alarm_id, "stream_id": command.stream_id}
        who = {"user": command.user, "at": at}
        kind = command.kind.value
        payload = encode_alarm_command(command)
        row = {**ids, **who, "agent_id": command.agent_id, "kind": kind, "comment": command.comment, "payload": payload}
        entry = {**ids, **who, "action": kind, "detail": command.comment, "remote": remote}
        await self._write((_INSERT_COMMAND, row), (_INSERT_AUDIT, entry))

    async def store_act(self, user: str, action: str, time_ns: int, remote: str, detail: str = "") -> None:
        """Writes an act that concerns no alarm (signing in and out) to the audit log."""
        none = {"alarm_id": None, "stream_id": None, "command_id": None}
        entry = {"user": user, "action": action, "at": _utc(time_ns), "detail": detail, "remote": remote, **none}
        await self._write((_INSERT_AUDIT, entry))

    async def commands_of_last_day(self) -> list[tuple[AlarmCommand, bool]]:
        """(command, published) of the last day and every unpublished one, oldest first."""
        rows = await self._rows(
            "SELECT payload, published_at IS NOT NULL AS published FROM alarm_command"
            " WHERE published_at IS NULL OR requested_at > now() - INTERVAL '1 day' ORDER BY requested_at",
            limit_s=_LONG_S,
        )
        return [(decode_alarm_command(row["payload"]), bool(row["published"])) for row in rows]

    async def mark_published(self, command_ids: Sequence[str]) -> None:
        """Notes that commands are on Kafka."""
        query: LiteralString = (
            "UPDATE alarm_command SET published_at = now()"
            " WHERE command_id = ANY(%(ids)s::uuid[]) AND published_at IS NULL"
        )
        await self._write((query, {"ids": list(command_ids)}))


def _utc(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, UTC)


def _stretch(row: dict[str, Any]) -> SignalStretch | None:
    names, gains, baselines, off = (row[k] for k in ("lead_names", "lead_gains", "lead_baselines", "leads_off"))
    leads = tuple(
        Lead(name, gain, baseline, LeadState.OFF if is_off else LeadState.CONNECTED)
        for name, gain, baseline, is_off in zip(names, gains, baselines, off, strict=True)
    )
    if row["codec"] != CODEC:
        return None
    try:
        samples = decode_block(row["packed"], len(leads), row["n_samples"])
    except InvalidSignal:
        return None
    return SignalStretch(row["epoch"], row["first_sample"], row["start_time_ns"], row["fs_hz"], leads, samples)
