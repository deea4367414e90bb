"""The escalator against a real gRPC server in this process: answers, refusals, absence, deadlines and a full queue."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
import pytest

from deploy.broker import free_port
from ecg.alarms import AlertKind
from ecg.conditions import Priority
from ecg.interpretation import Accepted, Escalation, Failed, Finished, InterpretationRecord, Step, Summarised
from ecg.wire.reasoner import escalation_from_proto, response_to_proto
from stream.escalator import Escalator
from tests.unit.stream.segments import segment
from vigil.v1 import reasoner_pb2_grpc

EVENTS = (Accepted(0, "protocol-1"), Step(1, "Rhythm", "Sinus."), Summarised("Sinus rhythm."), Finished("raw", 3))


def escalation(name: str, priority: Priority = Priority.HIGH, within_s: float = 5.0, alarm: bool = True) -> Escalation:
    deadline_ns = time.time_ns() + round(within_s * 1e9)
    return Escalation(name, f"alarm-{name}" if alarm else "", "agent-1", priority, deadline_ns, segment(0))


class Reasoner(reasoner_pb2_grpc.ReasonerServiceServicer):
    """A reasoner that does as the test says, and keeps what it was asked and how long it was given."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.given_s: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.abort: grpc.StatusCode | None = None
        self.break_after: int | None = None

    async def Interpret(self, request, context):  # type: ignore[no-untyped-def]  # noqa: N802
        wanted = escalation_from_proto(request.escalation)
        self.asked.append(wanted.escalation_id)
        self.given_s.append(context.time_remaining())
        await self.gate.wait()
        if self.abort is not None:
            await context.abort(self.abort, "the test says so")
        for number, event in enumerate(EVENTS):
            if self.break_after == number:
                self.break_after = None
                await context.abort(grpc.StatusCode.UNAVAILABLE, "broke off")
            yield response_to_proto(wanted.escalation_id, number, event)


class Heard:
    """What the escalator published and told."""

    def __init__(self) -> None:
        self.records: list[InterpretationRecord] = []
        self.told: list[tuple[str, AlertKind, str]] = []

    async def publish(self, _: Escalation, record: InterpretationRecord) -> None:
        self.records.append(record)

    async def tell(self, asked: Escalation, kind: AlertKind, text: str) -> None:
        self.told.append((asked.alarm_id, kind, text))

    def events(self, name: str) -> list[object]:
        return [record.event for record in self.records if record.escalation_id == name]

    async def until(self, true: Callable[[], bool], within_s: float = 5.0) -> None:
        end_s = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < end_s, (self.records, self.told)
            await asyncio.sleep(0.01)


Make = Callable[..., Awaitable[tuple[Escalator, Reasoner, Heard]]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes an escalator with its reasoner listening (or, with serve=False, not yet)."""
    ends: list[Callable[[], Awaitable[object]]] = []

    async def start(serve: bool = True, **options: object) -> tuple[Escalator, Reasoner, Heard]:
        reasoner, heard = Reasoner(), Heard()
        port = free_port()

        async def listen() -> None:
            server = grpc.aio.server()
            reasoner_pb2_grpc.add_ReasonerServiceServicer_to_server(reasoner, server)  # type: ignore[no-untyped-call]
            server.add_insecure_port(f"127.0.0.1:{port}")
            await server.start()
            ends.append(lambda: server.stop(None))

        reasoner.listen = listen  # type: ignore[attr-defined]
        if serve:
            await listen()
        escalator = Escalator(f"127.0.0.1:{port}", heard.publish, heard.tell, **options)  # type: ignore[arg-type]
        await escalator.start()
        ends.append(escalator.stop)
        return escalator, reasoner, heard

    yield start
    for end in reversed(ends):
        await end()


async def test_every_event_is_published_in_order_and_the_alarm_told(make: Make) -> None:
    escalator, reasoner, heard = await make()
    await escalator.submit(escalation("a"))
    await heard.until(lambda: bool(heard.told))
    assert heard.events("a") == list(EVENTS)
    assert [r.number for r in heard.records] == [0, 1, 2, 3]
    assert {r.model_id for r in heard.records} == {"protocol-1"}
    assert heard.told == [("alarm-a", AlertKind.INTERPRETED, "Sinus rhythm.")]
    assert 4 < reasoner.given_s[0] <= 5, "the deadline reaches the server"


async def test_the_same_escalation_is_asked_once_while_it_is_open(make: Make) -> None:
    escalator, reasoner, heard = await make()
    reasoner.gate.clear()
    for _ in range(3):
        await escalator.submit(escalation("a"))
    reasoner.gate.set()
    await heard.until(lambda: bool(heard.told))
    assert reasoner.asked == ["a"]


async def test_a_refusal_is_a_failed_event_with_its_reason_and_is_not_retried(make: Make) -> None:
    escalator, reasoner, heard = await make()
    reasoner.abort = grpc.StatusCode.RESOURCE_EXHAUSTED
    await escalator.submit(escalation("a"))
    await heard.until(lambda: bool(heard.told))
    assert reasoner.asked == ["a"]
    (failed,) = heard.events("a")
    assert isinstance(failed, Failed) and "RESOURCE_EXHAUSTED: the test says so" in failed.reason
    assert heard.told[0][2].startswith("interpretation unavailable: RESOURCE_EXHAUSTED")


async def test_a_reasoner_that_is_away_is_waited_for_and_the_alarm_says_pending(make: Make) -> None:
    escalator, reasoner, heard = await make(serve=False)
    await escalator.submit(escalation("a", within_s=10))
    await heard.until(lambda: bool(heard.told))
    assert heard.told == [("alarm-a", AlertKind.INTERPRETATION_PENDING, "interpretation pending: the reasoner is away")]
    await reasoner.listen()  # type: ignore[attr-defined]
    await heard.until(lambda: len(heard.told) == 2, 8)
    assert heard.told[1][1] is AlertKind.INTERPRETED and heard.events("a") == list(EVENTS)


async def test_a_reasoner_that_stays_away_is_given_up_at_the_deadline(make: Make) -> None:
    escalator, _, heard = await make(serve=False)
    begun_s = time.monotonic()
    await escalator.submit(escalation("a", within_s=1.0))
    await heard.until(lambda: len(heard.told) == 2)
    assert 0.9 < time.monotonic() - begun_s < 3
    assert heard.told[1][1] is AlertKind.INTERPRETED and "too late" in heard.told[1][2]


async def test_a_call_that_hangs_ends_at_its_deadline(make: Make) -> None:
    escalator, reasoner, heard = await make()
    reasoner.gate.clear()
    await escalator.submit(escalation("a", within_s=0.5))
    await heard.until(lambda: bool(heard.told))
    assert heard.told[0][2] == "interpretation unavailable: too late: no answer by the deadline"


async def test_a_connection_that_breaks_is_taken_up_and_no_event_is_published_twice(make: Make) -> None:
    escalator, reasoner, heard = await make()
    reasoner.break_after = 2
    await escalator.submit(escalation("a"))
    await heard.until(lambda: any(kind is AlertKind.INTERPRETED for _, kind, _ in heard.told))
    assert reasoner.asked == ["a", "a"]
    assert heard.events("a") == list(EVENTS)


async def test_the_urgent_goes_first_and_a_full_queue_gives_up_the_least_urgent_aloud(make: Make) -> None:
    escalator, reasoner, heard = await make(calls=1, max_queue=2)
    reasoner.gate.clear()
    await escalator.submit(escalation("first", Priority.LOW))
    await heard.until(lambda: reasoner.asked == ["first"])
    await escalator.submit(escalation("low", Priority.LOW, alarm=False))
    await escalator.submit(escalation("medium", Priority.MEDIUM))
    await escalator.submit(escalation("high", Priority.HIGH))
    (failed,) = heard.events("low")
    assert isinstance(failed, Failed) and "queue of 2 is full" in failed.reason
    pending = [alarm for alarm, kind, _ in heard.told if kind is AlertKind.INTERPRETATION_PENDING]
    assert pending == ["alarm-medium", "alarm-high"]
    reasoner.gate.set()
    await heard.until(lambda: len(reasoner.asked) == 3)
    assert reasoner.asked == ["first", "high", "medium"]
