"""The recorder's loop: read Kafka, gather, store, and only then commit.

1. read up to a flush's worth   2. alarms at once to the database   3. every flush_s: store everything
4. commit the offsets of what was stored.  A crash anywhere replays from 4; every insert is idempotent.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import time

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import Counter, Gauge, Histogram

from ecg.dead_letters import MAX_PAYLOAD_BYTES
from ecg.errors import Unavailable
from ecg.quiet_partitions import QuietPartitions
from ecg.topics import PARTITIONS
from stream.recorder import rows
from stream.recorder.buffer import RECORDED, Buffer
from stream.recorder.merge import merge_quiet_blocks
from stream.recorder.rows import Row, Table
from stream.recorder.settings import Settings
from stream.recorder.store import Store
from stream.tls import kafka_options

log = structlog.get_logger("recorder")

ROWS = Counter("vigil_recorder_rows_total", "Rows handed to the database", ["table"])
UNREADABLE = Counter("vigil_recorder_unreadable_total", "Messages that could not be decoded", ["topic"])
REFUSED = Counter("vigil_recorder_refused_total", "Rows the database refused for what they hold", ["table"])
FLUSH_S = Histogram("vigil_recorder_flush_seconds", "Time to store one flush")
BUFFER_BYTES = Gauge("vigil_recorder_buffer_bytes", "Bytes of messages waiting to be stored")
DATABASE_UP = Gauge("vigil_recorder_database_up", "1 while the database answers")

_UPKEEP_S = 60.0
_POLL_MS = 200
#: What comes is gathered for so long before the broker answers a fetch (or until there is so much): a fetch names every
#: partition of every topic, and one for each message that came was half of what the recorder cost. An alarm waits as long.
_GATHER_MS, _GATHER_BYTES = 250, 1024 * 1024
_REPEAT_LOG_S = 30.0


class Recorder:
    """Runs until stop() is called."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store(settings.dsn)
        self._buffer = Buffer()
        self._stopping = asyncio.Event()
        self._last_upkeep = time.monotonic()
        self._away_since: float | None = None
        self._away_logged = 0.0
        self._waiting: list[tuple[Table, list[Row]]] = []
        self._positions: dict[TopicPartition, int] = {}
        self._flushed = time.monotonic()
        self._quiet = QuietPartitions(time.monotonic())
        self._resting: frozenset[int] = frozenset()

    def stop(self) -> None:
        """Asks the loop to store what it has, commit, and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Reads until stopped.

        Raises:
            Unavailable: Kafka cannot be reached at start.
        """
        consumer = AIOKafkaConsumer(
            *(topic.name for topic in RECORDED),
            bootstrap_servers=self._settings.brokers,
            group_id=self._settings.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=10_000,
            heartbeat_interval_ms=2_000,
            fetch_max_wait_ms=_GATHER_MS,
            fetch_min_bytes=_GATHER_BYTES,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            **kafka_options(self._settings.tls),
        )
        try:
            await consumer.start()
        except KafkaError as error:
            await consumer.stop()
            raise Unavailable(f"Kafka at {self._settings.brokers}: {error}") from error
        log.info("recording", topics=len(RECORDED), flush_s=self._settings.flush_s)
        try:
            while not self._stopping.is_set():
                await self._turn(consumer)
            await self._flush(consumer)
        finally:
            await consumer.stop()
            self._store.close()

    async def _turn(self, consumer: AIOKafkaConsumer) -> None:
        full = self._buffer.n_bytes > self._settings.max_buffer_mb * 1e6
        if full or self._waiting:
            await asyncio.sleep(_POLL_MS / 1000)  # back-pressure: what is not read stays on Kafka
        else:
            came = await consumer.getmany(timeout_ms=_POLL_MS, max_records=2000)
            self._rest(consumer, {partition.partition for partition in came})
            for partition, messages in came.items():
                for message in messages:
                    self._take(message.topic, message.partition, message.offset, message.value or b"")
                self._positions[partition] = messages[-1].offset + 1
        BUFFER_BYTES.set(self._buffer.n_bytes)
        if self._buffer.urgent and not self._waiting:
            urgent = self._buffer.urgent_rows()
            if not await self._save(urgent):
                self._buffer.give_back(urgent)
        if full or self._waiting or time.monotonic() - self._flushed >= self._settings.flush_s:
            await self._flush(consumer)
        if time.monotonic() - self._last_upkeep >= _UPKEEP_S and self._away_since is None:
            self._last_upkeep = time.monotonic()
            await asyncio.to_thread(self._upkeep)

    def _rest(self, consumer: AIOKafkaConsumer, heard: set[int]) -> None:
        """Asks for quiet partitions only now and then."""
        now_s = time.monotonic()
        self._quiet.heard(heard, now_s)
        resting = self._quiet.resting(range(PARTITIONS), now_s)
        if resting != self._resting:
            self._resting = resting
            mine = {partition for partition in consumer.assignment() if partition.partition in resting}
            paused = consumer.paused()
            consumer.pause(*(mine - paused))
            consumer.resume(*(paused - mine))

    def _take(self, topic: str, partition: int, offset: int, payload: bytes) -> None:
        bad = self._buffer.take(topic, partition, offset, payload)
        if bad is not None:
            UNREADABLE.labels(topic).inc()
            log.warning("unreadable", topic=topic, partition=partition, offset=offset, reason=bad.reason)

    async def _flush(self, consumer: AIOKafkaConsumer) -> None:
        """Stores, then commits. Rows that could not be stored wait, and nothing more is read meanwhile."""
        self._flushed = time.monotonic()
        self._waiting = self._waiting or self._buffer.flush()
        if self._waiting:
            with FLUSH_S.time():
                if not await self._save(self._waiting):
                    return
            self._waiting = []
        if self._positions:
            try:
                await consumer.commit(self._positions)
            except KafkaError as error:
                # Rebalanced or broker away: the rows are stored, and will be stored again without effect.
                log.warning("commit_failed", reason=str(error))
            self._positions = {}

    async def _save(self, batch: list[tuple[Table, list[Row]]]) -> bool:
        try:
            refused = await asyncio.to_thread(self._store.save, batch)
        except Unavailable as error:
            self._database_away(str(error))
            await asyncio.sleep(error.retry_after_s)
            return False
        if self._away_since is not None:
            log.info("database_back", away_s=round(time.monotonic() - self._away_since, 1))
        self._away_since = None
        DATABASE_UP.set(1)
        for table, its_rows in batch:
            ROWS.labels(table.name).inc(len(its_rows))
        for table, row, reason in refused:
            REFUSED.labels(table.name).inc()
            log.error("row_refused", table=table.name, key=[str(x)[:40] for x in row[:3]], reason=reason)
            if table is not rows.DEAD_LETTER:
                await asyncio.to_thread(self._store.save, [(rows.DEAD_LETTER, [_refusal(table, row, reason)])])
        return True

    def _database_away(self, reason: str) -> None:
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
        if now - self._away_logged >= _REPEAT_LOG_S:
            self._away_logged = now
            log.error("database_away", reason=reason.splitlines()[0], away_s=round(now - self._away_since, 1))
        DATABASE_UP.set(0)

    def _upkeep(self) -> None:
        """Merges quiet blocks, and on plain PostgreSQL makes tomorrow's partitions and drops those past retention."""
        try:
            plain = self._store.query("SELECT to_regproc('vigil_series_upkeep') IS NOT NULL")[0][0]
            if plain:
                self._store.query("SELECT vigil_series_upkeep()")
            gone = merge_quiet_blocks(self._store, dt.datetime.now(dt.UTC))
        except Unavailable as error:
            log.warning("upkeep_put_off", reason=str(error))
            return
        if gone:
            log.info("blocks_merged", merged_away=gone)


def _refusal(table: Table, row: Row, reason: str) -> Row:
    now = dt.datetime.now(dt.UTC)
    text = repr(row)[:MAX_PAYLOAD_BYTES].encode()
    return (f"table:{table.name}", 0, 0, "DataError", reason, "", None, None, None, text, len(text), now)
