"""The worker: carries messages between Kafka and the processors, and keeps the order publish, then commit.

    1 a message is stepped through its partition's processor
    2 its vitals, alarms and dead letters are handed to the producer, in order
    3 its windows are screened in a thread; screenings, and the alarms that come of them, are handed over
    4 all of that is on the broker
    5 the message is acknowledged, and its offset may be committed

Owns that order, and nothing of what messages mean. Must not import faust: `stream.app` gives it a producer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from ecg import topics, warm
from ecg.alarms import AlertKind
from ecg.interpretation import Escalation, InterpretationRecord
from ecg.screening import Screening
from ecg.wire import encode_alert_event, encode_dead_letter, encode_screenings, encode_vitals
from ecg.wire.reasoner import encode_interpretation
from stream import metrics
from stream.encoder import PROVIDERS, Encoder
from stream.escalator import Escalator
from stream.outputs import Outputs, Position, letter
from stream.processor import Processor
from stream.screener import Screener
from stream.settings import Settings
from stream.tls import channel_credentials

log = structlog.get_logger()

#: Hands a message to the producer (topic, key, value, partition); the inner awaitable ends when it is on the broker.
Send = Callable[[str, bytes, bytes, int], Awaitable[Awaitable[object]]]
#: A message that was handled: ends when all that came of it is on the broker.
Done = Awaitable[None]


class Worker:
    """All partitions of one worker process."""

    def __init__(self, settings: Settings, send: Send, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._settings, self._send, self._now_ns = settings, send, now_ns
        warm.main()  # compiled code is loaded before a partition is: the first second must not wait for it
        self._processors: dict[int, Processor] = {}
        self._live: set[int] = set()  # partitions whose recovery has ended
        self._partition_of: dict[str, int] = {}  # agent_id -> partition, of what was escalated
        self._next: dict[tuple[str, int], int] = {}  # topic, partition -> offset after the last message handled
        self._skip: dict[int, int] = {}  # partition -> first offset of SEGMENTS that is still worth a look
        self._resting = False
        encoder = None
        if settings.model is not None:
            providers = [name.strip() for name in settings.providers.split(",") if name.strip()] or PROVIDERS
            encoder = Encoder(settings.model, providers, settings.encoder_threads)
            log.info("encoder ready", model_id=encoder.manifest.model_id, provider=encoder.provider)
        else:
            log.warning("no screening model: every window is unscreened, and says so")
        self._screener = Screener(encoder)
        credentials = None if settings.tls is None else channel_credentials(settings.tls)
        self._escalator = (
            Escalator(settings.reasoner, self._interpretation, self._told, credentials=credentials)
            if settings.reasoner
            else None
        )

    async def start(self) -> None:
        """Begins to escalate."""
        if self._escalator is not None:
            await self._escalator.start()

    async def stop(self) -> None:
        """Ends the escalator's calls and the screener's thread."""
        if self._escalator is not None:
            await self._escalator.stop()
        self._screener.close()

    def processor(self, partition: int) -> Processor:
        """The processor of a partition, begun on first use."""
        found = self._processors.get(partition)
        if found is None:
            found = self._processors[partition] = Processor(self._settings.hop_s)
        return found

    def rest(self) -> None:
        """A rebalance begins: whose the partitions are is not known, so time does not pass here until it is."""
        self._resting = True

    def keep(self, committed: Mapping[tuple[str, int], int | None]) -> list[int]:
        """A rebalance has ended: drops what is not ours now, or was someone else's meanwhile.

        Args:
            committed: Every topic and partition that is ours now, to the group's offset (None: none yet).

        Returns:
            The partitions whose state is not here.
        """
        mine = {partition for _, partition in committed}
        for (topic, partition), offset in committed.items():
            if (offset or 0) > self._next.get((topic, partition), 0):
                self._live.discard(partition)  # someone else went on with it
        self._live &= mine
        for partition in set(self._processors) - self._live:
            del self._processors[partition]
        fresh = mine - self._live
        self._next.update({(topic, p): offset or 0 for (topic, p), offset in committed.items() if p in fresh})
        self._skip = {partition: offset for partition, offset in self._skip.items() if partition in self._live}
        return sorted(fresh)

    def skip_to(self, partition: int, offset: int) -> None:
        """Segments before offset are too old for live rules; the recorder has them."""
        self._skip[partition] = offset

    async def handle(self, at: Position, key: bytes | None, value: bytes | None) -> Done:
        """Steps 1 and 2 for one message; the rest goes on in what is returned. Never raises for what a message says."""
        metrics.MESSAGES.labels(at.topic).inc()
        self._next[at.topic, at.partition] = at.offset + 1
        now_ns, begun_s = self._now_ns(), time.perf_counter()
        name = None if key is None else key.decode("utf-8", "replace")
        processor = self.processor(at.partition)
        if at.topic == topics.SEGMENTS.name and at.offset < self._skip.get(at.partition, 0):
            metrics.SEGMENTS.labels("stale_message").inc()
            out = Outputs()
        elif at.topic == topics.SEGMENTS.name:
            out = processor.on_segments(value, at, now_ns, name)
        elif at.topic == topics.BACKFILL.name:
            out = processor.on_backfill(value, at, now_ns, name)
        elif at.topic == topics.EDGE_CONDITIONS.name:
            out = processor.on_edge_condition(value, at, now_ns)
        elif at.topic == topics.COMMANDS.name:
            out = processor.on_command(value, at, now_ns)
        else:
            out = processor.on_health(value, at, now_ns)
        metrics.STEP_S.observe(time.perf_counter() - begun_s)
        return self._finish(at.partition, out, await self._publish(at.partition, out))

    async def refuse(self, at: Position, key: bytes | None, value: bytes | None, error: Exception) -> Done:
        """A message the processor could not take at all: a dead letter, so that nothing is lost in silence."""
        agent_id = (key or b"").decode("utf-8", "replace")
        out = Outputs(dead_letters=[letter(error, value, at, self._now_ns(), agent_id)])
        return self._finish(at.partition, out, await self._publish(at.partition, out))

    async def tick(self) -> None:
        """Lets a second pass on every partition."""
        if self._resting:
            return
        now_ns = self._now_ns()
        pending: list[Awaitable[object]] = []
        for partition, processor in list(self._processors.items()):
            out = processor.on_time(now_ns)
            pending.append(self._finish(partition, out, await self._publish(partition, out)))
            for fate, count in processor.counts.items():
                metrics.SEGMENTS.labels(fate).inc(count)
            processor.counts.clear()
        metrics.BEDS.set(sum(p.beds for p in self._processors.values()))
        metrics.OPEN_ALARMS.set(sum(len(p.cycle.open_alarms()) for p in self._processors.values()))
        await asyncio.gather(*pending)

    def wake(self) -> None:
        """The rebalance is over and what is ours is here: time passes again."""
        self._resting = False

    async def go_live(self, partition: int) -> None:
        """Ends the recovery of a partition."""
        out = self.processor(partition).go_live(self._now_ns())
        self._live.add(partition)
        await self._finish(partition, out, await self._publish(partition, out))

    async def _publish(self, partition: int, out: Outputs) -> list[Awaitable[object]]:
        """Hands everything but windows and escalations to the producer, in order; what to wait for."""
        sent: list[Awaitable[object]] = []
        for event in out.alerts:
            metrics.ALERTS.labels(event.kind.value, event.priority.value).inc()
            key = event.condition.agent_id.encode()
            sent.append(await self._send(topics.ALARMS.name, key, encode_alert_event(event), partition))
        for agent_id, vitals in out.vitals.items():
            value = encode_vitals(agent_id, vitals)
            sent.append(await self._send(topics.VITALS.name, agent_id.encode(), value, partition))
        for dead in out.dead_letters:
            metrics.DEAD_LETTERS.labels(dead.error).inc()
            log.warning("dead letter", topic=dead.source_topic, offset=dead.offset, error=dead.error)
            key = dead.agent_id.encode()
            sent.append(await self._send(topics.DEAD_LETTERS.name, key, encode_dead_letter(dead), partition))
        return sent

    async def _finish(self, partition: int, out: Outputs, sent: list[Awaitable[object]]) -> None:
        """Steps 3 and 4."""
        for escalation in out.escalations:
            await self._escalate(partition, escalation)
        if out.windows:
            screened = await self._screener.screen(out.windows)
            processor = self._processors.get(partition)
            if processor is None:
                return  # given up meanwhile: whoever has the partition now screens them
            by_agent: dict[str, list[Screening]] = {}
            for one in screened:
                by_agent.setdefault(processor.agent_of(one.screening.stream_id), []).append(one.screening)
            for agent_id, screenings in by_agent.items():
                value = encode_screenings(agent_id, screenings)
                sent.append(await self._send(topics.SCREENINGS.name, agent_id.encode(), value, partition))
            more = processor.on_screened(screened, self._now_ns())
            sent += await self._publish(partition, more)
            for escalation in more.escalations:
                await self._escalate(partition, escalation)
        await asyncio.gather(*sent)

    async def _escalate(self, partition: int, escalation: Escalation) -> None:
        self._partition_of[escalation.agent_id] = partition
        if self._escalator is not None:
            await self._escalator.submit(escalation)

    async def _interpretation(self, escalation: Escalation, record: InterpretationRecord) -> None:
        partition = self._partition_of[escalation.agent_id]
        key = escalation.agent_id.encode()
        await (await self._send(topics.INTERPRETATIONS.name, key, encode_interpretation(record), partition))

    async def _told(self, escalation: Escalation, kind: AlertKind, text: str) -> None:
        partition = self._partition_of[escalation.agent_id]
        if partition in self._processors:
            out = self._processors[partition].on_interpretation(escalation.alarm_id, kind, text, self._now_ns())
            await asyncio.gather(*await self._publish(partition, out))
