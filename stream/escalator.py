"""The escalator: windows to the cloud by gRPC, in order of priority and deadline, and every answer back.

Owns the bounded queue, the calls, their deadlines and retries. An escalation never ends in silence: it is answered,
failed with a reason, or pending with a reason. What is escalated is `stream.escalations`. Must not import faust.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import grpc
import structlog

from ecg.alarms import AlertKind
from ecg.conditions import Priority
from ecg.errors import InvalidSignal
from ecg.interpretation import (
    Accepted,
    Escalation,
    Failed,
    Finished,
    InterpretationRecord,
    InterpretEvent,
    Labelled,
    Summarised,
)
from ecg.wire.reasoner import escalation_to_proto, response_from_proto
from stream import metrics
from vigil.v1 import reasoner_pb2, reasoner_pb2_grpc

log = structlog.get_logger()

S = 1_000_000_000
PENDING = "interpretation pending: "
UNAVAILABLE = "interpretation unavailable: "
_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2, Priority.TECHNICAL: 3}
_RETRY_S = (0.25, 0.5, 1.0, 2.0, 4.0)
#: Retries of the channel: UNAVAILABLE alone is known not to have been worked on; all else would be work done twice.
SERVICE_CONFIG = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": "vigil.v1.ReasonerService"}],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.2s",
                "maxBackoff": "2s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
}

#: Publishes a record; tells an alarm what became of its interpretation (alarm id, agent id, kind, text).
Publish = Callable[[Escalation, InterpretationRecord], Awaitable[None]]
Tell = Callable[[Escalation, AlertKind, str], Awaitable[None]]


@dataclass(order=True, slots=True)
class _Waiting:
    rank: int
    deadline_ns: int
    number: int
    escalation: Escalation = field(compare=False)
    queued_s: float = field(compare=False)


@dataclass(slots=True)
class _Answer:
    """What has come of one escalation so far; numbers go on across retries, and none is published twice."""

    next_number: int = 0
    model_id: str = ""
    summary: str = ""
    labels: tuple[str, ...] = ()
    done: bool = False


class Escalator:
    """Calls ReasonerService.Interpret for what is submitted.

    Args:
        target: "host:port" of the reasoner; several addresses behind one name are balanced.
        publish: Takes every event of every interpretation.
        tell: Takes what the alarm should say.
        calls: Interpretations at a time.
        max_queue: Escalations that may wait; the least urgent then gives way, and its alarm says so.
        now_ns: UTC clock, ns.
        credentials: What is trusted and shown; None for plain text.
    """

    def __init__(
        self,
        target: str,
        publish: Publish,
        tell: Tell,
        calls: int = 4,
        max_queue: int = 256,
        now_ns: Callable[[], int] = time.time_ns,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self._credentials = credentials
        self._target, self._publish, self._tell = target, publish, tell
        self._calls, self._max_queue, self._now_ns = calls, max_queue, now_ns
        self._queue: list[_Waiting] = []
        self._known: set[str] = set()
        self._number = 0
        self._wake = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._channel: grpc.aio.Channel | None = None
        self._stub: reasoner_pb2_grpc.ReasonerServiceStub | None = None

    async def start(self) -> None:
        """Opens the channel (nobody need be there yet) and begins to work."""
        options = [
            ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
            ("grpc.enable_retries", 1),
            ("grpc.max_reconnect_backoff_ms", 2000),
            ("grpc.keepalive_time_ms", 30_000),
        ]
        self._channel = (
            grpc.aio.insecure_channel(self._target, options=options)
            if self._credentials is None
            else grpc.aio.secure_channel(self._target, self._credentials, options=options)
        )
        self._stub = reasoner_pb2_grpc.ReasonerServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._tasks = [asyncio.create_task(self._work(), name=f"escalator-{i}") for i in range(self._calls)]

    async def stop(self) -> None:
        """Ends what is at work; alarms keep their pending state and are escalated again after a restart."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._channel is not None:
            await self._channel.close(grace=0.5)

    async def submit(self, escalation: Escalation) -> None:
        """Queues an escalation; the same id again is dropped. Returns at once, and never raises for a full queue."""
        if escalation.escalation_id in self._known:
            return
        busy = len(self._known)
        self._known.add(escalation.escalation_id)
        self._number += 1
        entry = _Waiting(_RANK[escalation.priority], escalation.deadline_ns, self._number, escalation, time.monotonic())
        given_up: _Waiting | None = None
        async with self._wake:
            self._queue.append(entry)
            self._queue.sort()
            if len(self._queue) > self._max_queue:
                given_up = self._queue.pop()
            metrics.ESCALATION_QUEUE.set(len(self._queue))
            self._wake.notify()
        if given_up is not None:
            metrics.ESCALATIONS.labels("dropped").inc()
            await self._give_up(given_up.escalation, f"the queue of {self._max_queue} is full of what is more urgent")
        if given_up is not entry and busy >= self._calls:
            await self._say(escalation, AlertKind.INTERPRETATION_PENDING, f"{PENDING}{busy} before it")

    async def _give_up(self, escalation: Escalation, reason: str, answer: _Answer | None = None) -> None:
        """Ends an escalation without an interpretation, and says so where it is looked for."""
        self._known.discard(escalation.escalation_id)
        answer = answer or _Answer()
        await self._record(escalation, answer, answer.next_number, Failed(reason))
        await self._say(escalation, AlertKind.INTERPRETED, UNAVAILABLE + reason)

    async def _work(self) -> None:
        while True:
            async with self._wake:
                await self._wake.wait_for(lambda: bool(self._queue))
                entry = self._queue.pop(0)
                metrics.ESCALATION_QUEUE.set(len(self._queue))
            try:
                await self._interpret(entry.escalation)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # a fault here must not stop the next escalation
                log.error("escalation failed", escalation_id=entry.escalation.escalation_id, error=repr(error))
                try:
                    await self._give_up(entry.escalation, f"internal error {type(error).__name__}")
                except Exception as again:  # the broker is away: the worker stops for that, and escalates again then
                    log.error("escalation could not be given up", error=repr(again))
            metrics.ESCALATION_S.observe(time.monotonic() - entry.queued_s)

    async def _interpret(self, escalation: Escalation) -> None:
        """Calls until it is answered, refused, or too late."""
        answer = _Answer()
        attempt, reason = 0, ""
        while True:
            left_s = (escalation.deadline_ns - self._now_ns()) / S
            if left_s <= 0:
                await self._failed(escalation, answer, "too late" + (f": {reason}" if reason else ""))
                return
            try:
                await self._call(escalation, answer, left_s)
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    await self._failed(escalation, answer, "too late: " + (reason or "no answer by the deadline"))
                    return
                reason = f"{error.code().name}: {error.details() or 'no details'}"[:200]
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    await self._failed(escalation, answer, reason)
                    return
                if attempt == 0:
                    await self._say(escalation, AlertKind.INTERPRETATION_PENDING, f"{PENDING}the reasoner is away")
                await asyncio.sleep(min(_RETRY_S[min(attempt, len(_RETRY_S) - 1)], max(left_s, 0.01)))
                attempt += 1
                continue
            except InvalidSignal as error:
                await self._failed(escalation, answer, f"the reply cannot be read: {error}")
                return
            if not answer.done:
                await self._failed(escalation, answer, "the reply broke off")
                return
            metrics.ESCALATIONS.labels("done").inc()
            self._known.discard(escalation.escalation_id)
            return

    async def _failed(self, escalation: Escalation, answer: _Answer, reason: str) -> None:
        metrics.ESCALATIONS.labels("failed").inc()
        await self._give_up(escalation, reason, answer)

    async def _call(self, escalation: Escalation, answer: _Answer, left_s: float) -> None:
        assert self._stub is not None
        request = reasoner_pb2.InterpretRequest(escalation=escalation_to_proto(escalation))
        async for response in self._stub.Interpret(request, timeout=left_s):
            if response.number < answer.next_number:
                continue  # told before the connection broke
            event = response_from_proto(response)
            await self._record(escalation, answer, response.number, event)
            match event:
                case Accepted(_, model_id):
                    answer.model_id = model_id
                case Summarised(text):
                    answer.summary = text
                case Labelled(labels, abstained, reason):
                    answer.labels = (f"not interpretable: {reason}",) if abstained else labels
                case Finished():
                    answer.done = True
                    text = answer.summary or "; ".join(answer.labels) or "interpreted"
                    await self._say(escalation, AlertKind.INTERPRETED, text)
                case Failed(reason):
                    answer.done = True
                    metrics.ESCALATIONS.labels("failed").inc()
                    await self._say(escalation, AlertKind.INTERPRETED, UNAVAILABLE + reason)
                case _:
                    pass

    async def _record(self, escalation: Escalation, answer: _Answer, number: int, event: InterpretEvent) -> None:
        answer.next_number = number + 1
        model_id = event.model_id if isinstance(event, Accepted) else answer.model_id
        window = escalation.window
        record = InterpretationRecord(
            escalation.escalation_id,
            escalation.alarm_id,
            window.stream_id,
            window.epoch,
            window.first_sample,
            window.end_sample,
            window.fs_hz,
            self._now_ns(),
            model_id,
            number,
            event,
        )
        await self._publish(escalation, record)

    async def _say(self, escalation: Escalation, kind: AlertKind, text: str) -> None:
        if escalation.alarm_id:
            await self._tell(escalation, kind, text)
