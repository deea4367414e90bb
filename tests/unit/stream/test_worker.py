"""The worker's own rules: what it keeps over a rebalance, and that nothing is done before it is published."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from ecg import topics
from stream.outputs import Position
from stream.settings import Settings
from stream.worker import Worker
from tests.unit.stream.segments import T0, S, message, segment

SEGMENTS, COMMANDS = topics.SEGMENTS.name, topics.COMMANDS.name


class Broker:
    """Takes messages, and says when they are on the broker."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes, int]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def send(self, topic: str, key: bytes, value: bytes, partition: int) -> Awaitable[object]:
        self.sent.append((topic, value, partition))
        return self.open.wait()


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def worker(broker: Broker) -> Worker:
    return Worker(Settings(reasoner="", model=None), broker.send, now_ns=lambda: T0 + 100 * S)


async def live(worker: Worker, committed: dict[tuple[str, int], int | None]) -> list[int]:
    fresh = worker.keep(committed)
    for partition in fresh:
        await worker.go_live(partition)
    worker.wake()
    return fresh


async def test_a_message_is_done_only_when_all_of_it_is_on_the_broker(worker: Worker, broker: Broker) -> None:
    broker.open.clear()
    done = asyncio.ensure_future(await worker.handle(Position(SEGMENTS, 3, 0), b"agent-1", message(segment(0))))
    await asyncio.sleep(0.05)
    assert [topic for topic, _, _ in broker.sent] == [topics.VITALS.name] and not done.done()
    broker.open.set()
    await asyncio.wait_for(done, 1)
    assert {partition for _, _, partition in broker.sent} == {3}, "outputs stand beside their input"


async def test_screenings_belong_to_the_message_whose_windows_they_are(worker: Worker, broker: Broker) -> None:
    for second in range(11):
        await (await worker.handle(Position(SEGMENTS, 3, second), b"agent-1", message(segment(second))))
    assert [topic for topic, _, _ in broker.sent].count(topics.SCREENINGS.name) == 1


async def test_a_processor_that_fails_is_a_dead_letter_and_not_the_end(
    worker: Worker, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = Position(SEGMENTS, 3, 7)
    await (await worker.refuse(at, b"agent-1", b"payload", RuntimeError("unforeseen")))
    assert [topic for topic, _, _ in broker.sent] == [topics.DEAD_LETTERS.name]


async def test_what_stays_ours_over_a_rebalance_is_kept(worker: Worker) -> None:
    assert await live(worker, {(SEGMENTS, 3): 5, (COMMANDS, 3): 2, (SEGMENTS, 4): None}) == [3, 4]
    await (await worker.handle(Position(SEGMENTS, 3, 5), b"agent-1", message(segment(0))))
    kept = worker.processor(3)
    assert await live(worker, {(SEGMENTS, 3): 6, (COMMANDS, 3): 2}) == []
    assert worker.processor(3) is kept and kept.beds == 1
    assert await live(worker, {(SEGMENTS, 3): 6, (COMMANDS, 3): 2, (SEGMENTS, 4): None}) == [4], "4 had gone"


async def test_what_someone_else_went_on_with_is_recovered(worker: Worker) -> None:
    await live(worker, {(SEGMENTS, 3): 5, (COMMANDS, 3): 2})
    assert await live(worker, {(SEGMENTS, 3): 5, (COMMANDS, 3): 3}) == [3]


async def test_a_recovery_that_a_rebalance_broke_off_is_done_again(worker: Worker) -> None:
    assert worker.keep({(SEGMENTS, 3): 5}) == [3]
    worker.processor(3).warm(message(segment(0)), T0)
    assert worker.keep({(SEGMENTS, 3): 5}) == [3]
    assert worker.processor(3).beds == 0


async def test_time_does_not_pass_while_a_rebalance_lasts(worker: Worker, broker: Broker) -> None:
    await live(worker, {(SEGMENTS, 3): 0})
    await (await worker.handle(Position(SEGMENTS, 3, 0), b"agent-1", message(segment(0))))
    worker._now_ns = lambda: T0 + 200 * S
    broker.sent.clear()
    worker.rest()
    await worker.tick()
    assert broker.sent == []
    worker.wake()
    await worker.tick()
    assert [topic for topic, _, _ in broker.sent] == [topics.ALARMS.name], "no signal for 100 s"


async def test_segments_too_old_to_be_live_are_passed_over(worker: Worker, broker: Broker) -> None:
    await live(worker, {(SEGMENTS, 3): 0})
    worker.skip_to(3, 2)
    for second in range(3):
        await (await worker.handle(Position(SEGMENTS, 3, second), b"agent-1", message(segment(second))))
    assert [topic for topic, _, _ in broker.sent] == [topics.VITALS.name]
