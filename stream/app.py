"""The Faust application: which topics, which settings, what happens at a rebalance. The only file that imports faust.

Owns the wiring; what messages mean is `stream.processor`, in which order things happen `stream.worker`. Faust's traps that
shape it (DESIGN.md §3): no windowed tables, agents that never raise, no web server, no topic of its own.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from collections.abc import Awaitable
from typing import cast

import faust
import structlog
from aiokafka import AIOKafkaConsumer
from faust.streams import Stream
from faust.transport.consumer import Consumer
from faust.transport.drivers import aiokafka as aiokafka_driver
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.types import StreamT

from ecg import topics
from stream.outputs import Position
from stream.recovery import Recovery
from stream.settings import Settings
from stream.tls import context
from stream.worker import Done, Worker

log = structlog.get_logger()

#: What one worker reads; all partitions of one number belong together, whatever the topic.
INPUTS = (topics.SEGMENTS, topics.EDGE_CONDITIONS, topics.COMMANDS, topics.DEVICE_HEALTH, topics.BACKFILL)
#: Failover: a dead worker is missed after 6 s (Faust's defaults take more than 47 s; DESIGN.md §5).
SESSION_S, REBALANCE_S, HEARTBEAT_S = 6.0, 6.0, 1.0
#: Messages whose outputs may be on their way to the broker at a time.
MAX_IN_FLIGHT = 256
#: A stop takes no longer than this: nothing is lost by it, since what is not committed is done again.
STOP_S = 4.0
#: Largest message fetched without asking again; a larger one still comes, alone, and is a dead letter.
FETCH_BYTES = 4 * 1024 * 1024
#: What comes is gathered for so long before the broker answers a fetch, or until there is so much: a fetch names all 240
#: partitions, whatever comes back, and one for each message costs the worker and the broker more than the messages do.
GATHER_MS, GATHER_BYTES = 150, 1024 * 1024


class _Thread(AIOKafkaConsumerThread):
    """Faust's consumer, which has no setting for gathering."""

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms, consumer._fetch_min_bytes = GATHER_MS, GATHER_BYTES
        return consumer


class _Consumer(aiokafka_driver.Consumer):
    def _new_consumer_thread(self) -> _Thread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)


def build(settings: Settings) -> faust.App:
    """The application of one worker process, to be made inside the running event loop."""
    app = faust.App(
        settings.group,
        broker=";".join(f"kafka://{address}" for address in settings.brokers.split(",")),
        datadir=tempfile.gettempdir(),  # unused: there are no tables
        autodiscover=False,
        web_enabled=False,
        web_tables_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=topics.PARTITIONS,
        key_serializer="raw",
        value_serializer="raw",
        broker_session_timeout=SESSION_S,
        broker_rebalance_timeout=REBALANCE_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=30.0,
        broker_credentials=None if settings.tls is None else faust.SSLCredentials(context(settings.tls)),
        broker_commit_interval=2.0,
        broker_max_poll_interval=60.0,
        broker_max_poll_records=200,
        consumer_max_fetch_size=FETCH_BYTES,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_linger=0.002,
        producer_max_request_size=1024 * 1024,
        producer_request_timeout=10.0,
        stream_buffer_maxsize=256,
        stream_wait_empty=False,
        worker_redirect_stdouts=False,
    )

    app.transport.Consumer = _Consumer  # type: ignore[misc]

    async def send(topic: str, key: bytes, value: bytes, partition: int) -> Awaitable[object]:
        return await app.producer.send(topic, key, value, partition, None, None)

    worker = Worker(settings, send)
    recovery = Recovery(settings, worker)
    in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
    finishing: set[asyncio.Task[None]] = set()

    async def finish(event: faust.Event, done: Done) -> None:
        """Steps 4 and 5 of stream.worker: acknowledge only what is on the broker."""
        try:
            await done
            event.ack()
        except Exception as error:  # the broker does not take it: stop, so that it is done again from the last commit
            log.error("publishing failed, stopping", error=repr(error))
            await app.crash(error)
        finally:
            in_flight.release()

    async def consume(stream: StreamT[bytes]) -> None:
        async for event in cast("Stream[bytes]", stream).noack().events():
            await in_flight.acquire()
            message = event.message
            at = Position(message.topic, message.partition, message.offset)
            try:
                done = await worker.handle(at, message.key, message.value)
            except Exception as error:
                # Not the message's fault, or it would be a dead letter of the processor's making: keep it, and go on.
                log.exception("a message could not be handled", topic=at.topic, offset=at.offset)
                done = await worker.refuse(at, message.key, message.value, error)
            task = asyncio.create_task(finish(event, done))
            finishing.add(task)
            task.add_done_callback(finishing.discard)

    for topic in INPUTS:
        app.agent(app.topic(topic.name, key_type=bytes, value_type=bytes), name=f"on-{topic.name}")(consume)

    @app.on_partitions_revoked.connect(weak=False)
    async def revoked(*_: object, **__: object) -> None:
        worker.rest()

    @app.on_rebalance_complete.connect(weak=False)
    async def assigned(_: faust.App, **__: object) -> None:
        """Runs before the streams resume: alarms and detectors are as they were when the first new message comes."""
        committed = await cast(Consumer, app.consumer).seek_to_committed()
        known = {tp: offset if offset is not None and offset >= 0 else None for tp, offset in committed.items()}
        await recovery.run({(tp.topic, tp.partition): offset for tp, offset in known.items()})
        worker.wake()

    @app.task  # type: ignore[untyped-decorator]
    async def begin() -> None:
        await worker.start()

    @app.timer(interval=1.0)  # type: ignore[untyped-decorator]
    async def tick() -> None:
        try:
            await worker.tick()
        except Exception as error:
            log.exception("tick failed, stopping")
            await app.crash(error)

    @app.on_before_shutdown.connect(weak=False)
    async def end(*_: object, **__: object) -> None:
        await worker.stop()

    return app


class _Shell(faust.Worker):
    """Faust's process, which must end within STOP_S also where the broker is away and never says goodbye."""

    def _on_sigterm(self) -> None:
        self._bound()
        super()._on_sigterm()

    def _on_sigint(self) -> None:
        self._bound()
        super()._on_sigint()

    def _bound(self) -> None:
        def give_up() -> None:
            log.warning("stopped without the broker's goodbye: what was not committed is done again at the next start")
            os._exit(0)

        watchdog = threading.Timer(STOP_S, give_up)
        watchdog.daemon = True
        watchdog.start()


async def run(settings: Settings) -> BaseException | None:
    """Runs the worker until SIGTERM or SIGINT; returns why it crashed, None where it did not."""
    app = build(settings)
    shell = _Shell(app, override_logging=False, redirect_stdouts=False, quiet=True, loop=asyncio.get_running_loop())
    await shell.start()
    reason: BaseException | None = shell.crash_reason or app.crash_reason
    return reason
