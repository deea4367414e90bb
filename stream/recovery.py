"""Recovery: what a worker reads back before a partition goes live: its alarms, and the last seconds of its signal.

Owns the reading. Offsets come from the group; nothing is committed here. Works without consumer groups and with any
broker that answers ListOffsets. Must not import faust.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord
from google.protobuf.message import DecodeError

from ecg import topics
from ecg.alarms import AlertEvent
from ecg.errors import InvalidSignal
from ecg.wire import decode_alert_event
from stream import metrics
from stream.settings import Settings
from stream.tls import kafka_options
from stream.worker import Worker
from vigil.v1 import alarm_pb2

log = structlog.get_logger()

#: Alarms cleared longer ago than this are not taken back: nobody reports or judges them any more.
FORGET_CLEARED_NS = 24 * 3600 * 1_000_000_000
_READ_TIMEOUT_S = 30.0
#: Segments that waited longer than this on Kafka are not live any more: rules on them would call what is long past, and
#: the beds of now would wait behind them. What the edge called meanwhile still comes by its own topic.
STALE_S = 120.0


class Recovery:
    """Reads back partitions that came to this worker, then lets them go live."""

    def __init__(self, settings: Settings, worker: Worker) -> None:
        self._settings, self._worker = settings, worker

    async def run(self, committed: Mapping[tuple[str, int], int | None]) -> None:
        """Recovers every assigned partition whose state is not here yet.

        Args:
            committed: Topic and partition to the offset the group goes on from; None where it has none.
        """
        fresh = self._worker.keep(committed)
        if not fresh:
            return
        begun_s = time.monotonic()
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.brokers,
            group_id=None,
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 * 1024 * 1024,
            **kafka_options(self._settings.tls),
        )
        await consumer.start()
        try:
            n_alarms = await self._alarms(consumer, fresh)
            n_batches = await self._signals(consumer, fresh, committed)
        finally:
            await consumer.stop()
        for partition in fresh:
            await self._worker.go_live(partition)
        took_s = time.monotonic() - begun_s
        metrics.RECOVERY_S.set(took_s)
        log.info("recovered", partitions=len(fresh), alarms=n_alarms, batches=n_batches, seconds=round(took_s, 3))

    async def _alarms(self, consumer: AIOKafkaConsumer, partitions: Iterable[int]) -> int:
        """The whole retained alarm topic: what is still up, and what was cleared in the last day."""
        tps = [TopicPartition(topics.ALARMS.name, p) for p in partitions]
        first, end = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        oldest_ns = time.time_ns() - FORGET_CLEARED_NS
        lives: dict[int, dict[str, list[bytes]]] = defaultdict(dict)
        for record in await _read(consumer, {tp: (first[tp], end[tp]) for tp in tps}):
            try:
                event = alarm_pb2.AlertEvent.FromString(record.value or b"")
            except DecodeError:
                continue
            if event.kind == alarm_pb2.ALERT_KIND_CLEARED and event.time_ns < oldest_ns:
                lives[record.partition].pop(event.alarm_id, None)
            else:
                lives[record.partition].setdefault(event.alarm_id, []).append(record.value)
        count = 0
        for partition in partitions:
            events = _decoded(value for life in lives[partition].values() for value in life)
            self._worker.processor(partition).cycle.restore(events)
            count += len(lives[partition])
        return count

    async def _signals(
        self, consumer: AIOKafkaConsumer, partitions: Iterable[int], committed: Mapping[tuple[str, int], int | None]
    ) -> int:
        """The last seconds before where each partition goes on; what is too old to be live is skipped."""
        tps = [TopicPartition(topics.SEGMENTS.name, p) for p in partitions]
        first, end = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        until = {tp: min(committed.get((tp.topic, tp.partition)) or first[tp], end[tp]) for tp in tps}
        stale_ms = round((time.time() - STALE_S) * 1000)
        for tp, found in (await consumer.offsets_for_times(dict.fromkeys(tps, stale_ms))).items():
            # None: nothing is that young. Then all that waits is old, and the newest of it is as good a start as any.
            live_from = end[tp] if found is None else found.offset
            if live_from > until[tp]:
                log.warning("segments too old to be live", partition=tp.partition, messages=live_from - until[tp])
                self._worker.skip_to(tp.partition, live_from)
                until[tp] = live_from
        until = {tp: offset for tp, offset in until.items() if offset > first[tp]}
        newest = {r.partition: r for r in await _read(consumer, {tp: (n - 1, n) for tp, n in until.items()})}
        readback_ms = round(self._settings.readback_s * 1000)
        since_ms = {tp: max(0, newest[tp.partition].timestamp - readback_ms) for tp in until}
        found_at = await consumer.offsets_for_times(since_ms) if since_ms else {}
        spans = {tp: (max(first[tp], at.offset), until[tp]) for tp, at in found_at.items() if at is not None}
        records = await _read(consumer, spans)
        for n, record in enumerate(records):
            self._worker.processor(record.partition).warm(record.value, record.timestamp * 1_000_000)
            if n % 8 == 0:
                await asyncio.sleep(0)
        return len(records)


async def _read(
    consumer: AIOKafkaConsumer, spans: Mapping[TopicPartition, tuple[int, int]]
) -> list[ConsumerRecord[bytes, bytes]]:
    """Every record of [first, end) of each partition, in order within each."""
    left = {tp: span for tp, span in spans.items() if span[1] > span[0]}
    records: list[ConsumerRecord[bytes, bytes]] = []
    if not left:
        return records
    consumer.assign(list(left))
    for tp, (first, _) in left.items():
        consumer.seek(tp, first)
    deadline_s = time.monotonic() + _READ_TIMEOUT_S
    while left:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"reading back {sorted(left)} took more than {_READ_TIMEOUT_S:g} s")
        for tp, batch in (await consumer.getmany(*left, timeout_ms=500)).items():
            records += [record for record in batch if record.offset < left[tp][1]]
        for tp in list(left):
            if await consumer.position(tp) >= left[tp][1]:
                del left[tp]
                consumer.pause(tp)
        await asyncio.sleep(0)
    return records


def _decoded(values: Iterable[bytes]) -> Iterable[AlertEvent]:
    for value in values:
        try:
            yield decode_alert_event(value)
        except InvalidSignal as error:
            log.error("an alarm event of ours cannot be read back", error=str(error))
