"""Runtime: the console's parts, put together, and the tasks that keep them going. The composition root.

Start: 1 alarms are read back from the database where there is one (a few seconds at most, then it goes on without);
2 Kafka is read, alarms from the beginning of what is retained; 3 commands that an earlier run left are sent.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import start_http_server

from cloud.console.alarm_book import AlarmBook, Entry
from cloud.console.commands import CommandDesk
from cloud.console.core import ConsoleCore
from cloud.console.history import History
from cloud.console.kafka_commands import KafkaCommandPublisher
from cloud.console.kafka_feed import KafkaFeed, Position
from cloud.console.schemas import StatusOut
from cloud.console.session import SessionSigner
from cloud.console.settings import Settings
from cloud.console.strips import SignalStretch, assemble, strip_range
from cloud.tls import kafka_options
from ecg.alarms import AlertEvent
from ecg.errors import Unavailable

log = structlog.get_logger()

_STATUS_S = 1.0
_PING_S = 5.0
_FIRST_READ_S = 4.0


class Runtime:
    """The running console.

    Args:
        settings: Where its neighbours are.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.core = ConsoleCore(settings.strip_buffer_s)
        self.signer = SessionSigner(settings.session_secret.get_secret_value())
        self.history = History(settings.dsn) if settings.dsn else None
        tls = kafka_options(settings.tls)
        self.publisher = KafkaCommandPublisher(settings.brokers, tls)
        telemetry = self.core.telemetry
        self.desk = CommandDesk(self.core.book, self.publisher, self.history, telemetry)
        self.live = KafkaFeed("live", settings.brokers, self.core.live_handlers, Position(False), telemetry, tls)
        self.record = KafkaFeed("record", settings.brokers, self.core.record_handlers, Position(True), telemetry, tls)
        self._read_back = self.history is None
        self._tasks: list[asyncio.Task[None]] = []
        self._metrics_server: WSGIServer | None = None

    async def start(self) -> None:
        """Starts every task."""
        if self.settings.metrics_port:
            registry = self.core.telemetry.registry
            self._metrics_server, _ = start_http_server(self.settings.metrics_port, "127.0.0.1", registry=registry)
        if self.history is not None:
            await self.history.open()
            with suppress(Unavailable, TimeoutError):
                await asyncio.wait_for(self._read_alarms_back(), _FIRST_READ_S)
        for work in (self.live.run(), self.record.run(), self._tell_status(), self._keep_history()):
            self._tasks.append(asyncio.create_task(work))
        self._tasks.append(asyncio.create_task(self._send_commands()))

    async def stop(self) -> None:
        """Ends every task and closes every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._metrics_server is not None:
            self._metrics_server.shutdown()
            self._metrics_server.server_close()
        await self.publisher.close()
        if self.history is not None:
            await self.history.close()

    @property
    def rebuilt(self) -> bool:
        """True when every alarm that can be known is known."""
        return self.record.caught_up.is_set() and self._read_back

    def status(self) -> StatusOut:
        """How the console is."""
        core, history = self.core, self.history
        kafka = self.live.up and self.record.up
        latency = core.telemetry.percentiles_s()
        core.telemetry.kafka_up.set(kafka)
        healthy = kafka and (history is None or history.up)
        return StatusOut(
            status="degraded" if not healthy else "ok" if self.rebuilt else "starting",
            time_ms=core.now_ns() / 1e6,
            kafka=kafka,
            alarms_rebuilt=self.rebuilt,
            history="off" if history is None else "on" if history.up else "down",
            beds=len(core.board.beds),
            standing_alarms=sum(not entry.alarm.cleared for entry in core.book.entries.values()),
            unpublished_commands=self.desk.unpublished,
            edge_to_console_p50_ms=round(latency[0] * 1000, 1) if latency else None,
            edge_to_console_p99_ms=round(latency[1] * 1000, 1) if latency else None,
        )

    async def entry(self, alarm_id: str) -> Entry | None:
        """An alarm from memory, or from the database where it is older than that."""
        entry = self.core.book.entries.get(alarm_id)
        if entry is None and self.history is not None:
            found = entries_of(await self.history.alarm_events_of(alarm_id))
            entry = found[0] if found else None
        if entry is not None and self.history is not None and not entry.interpretations:
            with suppress(Unavailable):
                for record in await self.history.interpretations_of(alarm_id):
                    entry.interpretations.setdefault(record.escalation_id, {})[record.number] = record
        return entry

    async def strip(self, entry: Entry) -> SignalStretch | None:
        """The strip of an alarm: from memory where it is whole there, else from the database, else what there is."""
        alarm_id = entry.alarm.alarm_id
        in_memory = self.core.strips.of(alarm_id)
        if self.history is None or self.core.strips.covers_start(alarm_id):
            return in_memory
        about = entry.events[min(entry.events)].condition
        try:
            fs_hz = in_memory.fs_hz if in_memory else await self.history.fs_hz_of(about.stream_id, about.epoch)
            if fs_hz is None:
                return in_memory
            wanted = strip_range(about, fs_hz)
            stored = await self.history.stretches(wanted)
        except Unavailable:
            return in_memory
        # Blocks are written every few seconds: what is not there yet may still be in memory.
        fresh = self.core.board.segments_between(wanted.stream_id, wanted.epoch, wanted.first_sample, wanted.end_sample)
        return assemble([*stored, *fresh], wanted)

    async def users(self) -> list[str]:
        """Names offered at sign-in."""
        names = [name.strip() for name in self.settings.users.split(",") if name.strip()]
        if self.history is not None:
            with suppress(Unavailable):
                names = await self.history.users() or names
        return names

    async def _read_alarms_back(self) -> None:
        if self.history is None:
            return
        for event in await self.history.alarm_events():
            self.core.take_alarm_event(event)
        self.core.take_devices(await self.history.devices())
        self._read_back = True
        log.info("alarms_read_back", alarms=len(self.core.book.entries))

    async def _tell_status(self) -> None:
        while True:
            if self.rebuilt:
                self.core.expect_beds()
            self.core.hub.on_status(self.status())
            await asyncio.sleep(_STATUS_S)

    async def _keep_history(self) -> None:
        """Reads alarms back when the database comes late, fills in beginnings, and notices when it goes."""
        history = self.history
        was_up = True
        while history is not None:
            try:
                if not self._read_back:
                    await self._read_alarms_back()
                for alarm_id in list(self.core.book.orphans):
                    for event in await history.alarm_events_of(alarm_id):
                        self.core.take_alarm_event(event)
                await history.ping()
            except Unavailable as error:
                if was_up:
                    log.warning("history_down", reason=str(error))
            if history.up and not was_up:
                log.info("history_up")
            was_up = history.up
            await asyncio.sleep(_PING_S)

    async def _send_commands(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.record.caught_up.wait(), _PING_S)
        await self.desk.run()


def entries_of(events: list[AlertEvent]) -> list[Entry]:
    """Alarms as events out of the database make them, apart from the book."""
    book = AlarmBook()
    for event in events:
        book.on_event(event)
    return book.listed()
