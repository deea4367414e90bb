"""Kafka feed: reads topics without a consumer group and hands each message to its handler.

Every partition goes to each, since every console shows every bed and commits nothing. Owns connecting, reading
back from the beginning where wanted, and reconnecting. Knows nothing of what messages mean.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from cloud.console.kafka_commands import NO_TLS
from cloud.console.latency import Telemetry
from ecg.errors import InvalidSignal
from ecg.quiet_partitions import QuietPartitions
from ecg.topics import PARTITIONS, Topic

log = structlog.get_logger()
Handler = Callable[[bytes], None]

_POLL_MS = 250
#: A fetch names every partition, whatever comes back, and that is most of what the console costs (aiokafka has no fetch
#: sessions). Measured on 240 partitions: live topics gathered for up to 200 ms instead of 10 and more fetches a second,
#: and records asked for once a second (an answer still comes as soon as there is one) halve it.
_LIVE_WAIT_MS, _LIVE_MIN_BYTES = 200, 128 * 1024
_RECORD_WAIT_MS, _RECORD_MIN_BYTES = 1000, 1
_PROBE_S = 5.0
_PROBE_TIMEOUT_S = 4.0
#: Until every topic's partitions are known; after it the feed starts anew.
_ASSIGN_S = 5.0
_RETRY_S = (0.5, 1.0, 2.0, 4.0)
#: Bytes of one partition in one answer: a few batches of the largest size.
_MAX_PARTITION_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Position:
    """Where reading starts: live topics at their end, records of what happened at their beginning."""

    from_beginning: bool


class KafkaFeed:
    """One consumer over some topics, started again whenever it fails.

    Args:
        name: For logs: "live" or "record".
        brokers: host:port,host:port.
        handlers: What takes the messages of each topic; InvalidSignal from it is counted and passed over.
        position: Where to start.
        telemetry: Counters.
        tls: By cloud.tls.kafka_options.

    Attributes:
        up: True while the brokers answer.
        caught_up: Set when everything that stood on the topics at the first start has been read.
    """

    def __init__(
        self,
        name: str,
        brokers: str,
        handlers: Mapping[Topic, Handler],
        position: Position,
        telemetry: Telemetry,
        tls: Mapping[str, Any] = NO_TLS,
    ) -> None:
        self._tls = tls
        self.name = name
        self.up = False
        self.caught_up = asyncio.Event()
        self._brokers = brokers
        self._handlers = {topic.name: handler for topic, handler in handlers.items()}
        self._position = position
        self._telemetry = telemetry
        self._ends: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Reads until cancelled."""
        failures = 0
        while True:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self._brokers,
                client_id=f"vigil-console-{self.name}",
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest" if self._position.from_beginning else "latest",
                fetch_max_wait_ms=_RECORD_WAIT_MS if self._position.from_beginning else _LIVE_WAIT_MS,
                fetch_min_bytes=_RECORD_MIN_BYTES if self._position.from_beginning else _LIVE_MIN_BYTES,
                max_partition_fetch_bytes=_MAX_PARTITION_BYTES,
                request_timeout_ms=10_000,
                **self._tls,
            )
            try:
                await consumer.start()
                await self._assign(consumer)
                failures = 0
                await self._read(consumer)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("kafka_lost", feed=self.name, brokers=self._brokers, error=str(error) or repr(error))
            finally:
                self.up = False
                await consumer.stop()
            await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
            failures += 1

    async def _assign(self, consumer: AIOKafkaConsumer) -> None:
        present = await consumer.topics()
        missing = sorted(set(self._handlers) - set(present))
        if missing:
            raise KafkaError(f"topics {missing} are not there yet")
        # Subscribed and not assigned: a consumer on Apache Kafka learns no partitions of topics it has not subscribed to.
        consumer.subscribe(sorted(self._handlers))
        async with asyncio.timeout(_ASSIGN_S):
            while {partition.topic for partition in consumer.assignment()} != set(self._handlers):
                await asyncio.sleep(0.02)
        partitions = list(consumer.assignment())
        if self._position.from_beginning:
            starts = await consumer.beginning_offsets(partitions)
            self._ends = {tp: end for tp, end in (await consumer.end_offsets(partitions)).items() if end > starts[tp]}
            await consumer.seek_to_beginning(*partitions)
        else:
            self._ends = {}
            await consumer.seek_to_end(*partitions)
        self.up = True
        self._note_caught_up()
        log.info("kafka_reading", feed=self.name, topics=sorted(self._handlers), partitions=len(partitions))

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        probed = time.monotonic()
        quiet, resting = QuietPartitions(probed), frozenset[int]()
        while True:
            came = await consumer.getmany(timeout_ms=_POLL_MS)
            if not self._position.from_beginning:
                now_s = time.monotonic()
                quiet.heard((partition.partition for partition in came), now_s)
                wanted = quiet.resting(range(PARTITIONS), now_s)
                if wanted != resting:
                    resting = wanted
                    _rest(consumer, resting)
            for partition, records in came.items():
                handler = self._handlers[partition.topic]
                for record in records:
                    self._hand_over(handler, partition, record.value, record.offset)
                end = self._ends.get(partition)
                if end is not None and records[-1].offset + 1 >= end:
                    del self._ends[partition]
                    self._note_caught_up()
            if time.monotonic() - probed > _PROBE_S:
                # getmany retries in silence; this says within seconds that nobody answers.
                await asyncio.wait_for(consumer.topics(), _PROBE_TIMEOUT_S)
                probed = time.monotonic()

    def _hand_over(self, handler: Handler, partition: TopicPartition, value: bytes | None, offset: int) -> None:
        self._telemetry.messages.labels(partition.topic).inc()
        try:
            handler(value or b"")
        except (InvalidSignal, ValueError) as error:
            self._telemetry.bad_messages.labels(partition.topic).inc()
            log.warning(
                "bad_message", topic=partition.topic, partition=partition.partition, offset=offset, reason=str(error)
            )

    def _note_caught_up(self) -> None:
        if not self._ends:
            self.caught_up.set()


def _rest(consumer: AIOKafkaConsumer, resting: frozenset[int]) -> None:
    """Leaves the partitions of these numbers out of fetches, and takes all others in."""
    quiet = {partition for partition in consumer.assignment() if partition.partition in resting}
    paused = consumer.paused()
    consumer.pause(*(quiet - paused))
    consumer.resume(*(paused - quiet))
