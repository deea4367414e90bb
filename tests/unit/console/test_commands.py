"""The command desk: an acknowledgement is never lost, whatever goes down between asking and doing."""

from __future__ import annotations

import pytest

from cloud.console.alarm_book import AlarmBook
from cloud.console.commands import CONFIRM_S, CommandDesk
from cloud.console.latency import Telemetry
from ecg.alarms import Alarm, AlarmCommand, AlertKind, CommandKind
from ecg.errors import Unavailable
from tests.unit.console.wire_samples import T0_NS, event


class Topic:
    """Where commands go; may be down."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[AlarmCommand] = []

    async def publish(self, command: AlarmCommand) -> None:
        """Takes a command, or refuses it as a broker that is down does."""
        if not self.up:
            raise Unavailable("broker down")
        self.sent.append(command)


class Table:
    """The outbox table, in memory; outlives the desk as a database does; may be down."""

    def __init__(self) -> None:
        self.up = True
        self.rows: dict[str, tuple[AlarmCommand, bool]] = {}

    def _check(self) -> None:
        if not self.up:
            raise Unavailable("database down")

    async def store_command(self, command: AlarmCommand, remote: str) -> None:
        """Adds a row once."""
        self._check()
        self.rows.setdefault(command.command_id, (command, False))

    async def commands_of_last_day(self) -> list[tuple[AlarmCommand, bool]]:
        """All rows."""
        self._check()
        return list(self.rows.values())

    async def mark_published(self, command_ids: list[str]) -> None:
        """Marks rows."""
        self._check()
        for command_id in command_ids:
            self.rows[command_id] = (self.rows[command_id][0], True)


class Bench:
    """A desk with everything around it."""

    def __init__(self, table: Table | None = None, topic: Topic | None = None) -> None:
        self.topic = topic or Topic()
        self.table = table
        self.book = AlarmBook()
        self.book.on_event(event(0, AlertKind.RAISED))
        self.now_s = 100.0
        self.desk = CommandDesk(self.book, self.topic, table, Telemetry(), lambda: self.now_s)

    @property
    def alarm(self) -> Alarm:
        """The alarm as it stands."""
        return self.book.entries["alarm-1"].alarm

    async def acknowledge(self) -> str:
        """Acknowledges as a nurse does; the command's id."""
        receipt = await self.desk.submit(self.alarm, CommandKind.ACKNOWLEDGE, "Demo nurse", "", T0_NS, "::1")
        return receipt.command_id


async def test_an_acknowledgement_is_stored_then_published_then_marked() -> None:
    bench = Bench(Table())
    receipt = await bench.desk.submit(bench.alarm, CommandKind.ACKNOWLEDGE, "Demo nurse", "seen", T0_NS, "::1")
    assert (receipt.stored, receipt.published) == (True, True)
    (sent,) = bench.topic.sent
    assert (sent.kind, sent.user, sent.comment, sent.agent_id) == (
        CommandKind.ACKNOWLEDGE, "Demo nurse", "seen", "agent-1"
    )  # fmt: skip
    assert bench.table is not None
    assert [published for _, published in bench.table.rows.values()] == [True]


async def test_asking_twice_is_one_command_and_asking_after_the_event_is_none() -> None:
    bench = Bench(Table())
    assert await bench.acknowledge() == await bench.acknowledge()
    assert bench.table is not None
    assert len(bench.table.rows) == len(bench.topic.sent) == 1
    bench.book.on_event(event(1, AlertKind.ACKNOWLEDGED, actor="Demo nurse"))
    assert await bench.acknowledge() == ""


async def test_a_broker_that_is_down_gets_it_later_even_after_a_restart() -> None:
    table, topic = Table(), Topic()
    topic.up = False
    before = Bench(table, topic)
    receipt = await before.desk.submit(before.alarm, CommandKind.ACKNOWLEDGE, "Demo nurse", "", T0_NS, "::1")
    assert (receipt.stored, receipt.published) == (True, False)
    after = Bench(table, topic)
    await after.desk.try_again()
    assert after.desk.unpublished == 1
    topic.up = True
    await after.desk.try_again()
    assert [command.command_id for command in topic.sent] == [receipt.command_id]
    assert table.rows[receipt.command_id][1]


async def test_without_a_database_a_dead_broker_is_said_at_once() -> None:
    bench = Bench()
    bench.topic.up = False
    with pytest.raises(Unavailable, match="broker down"):
        await bench.acknowledge()
    assert bench.desk.unpublished == 0


async def test_a_dead_database_does_not_keep_a_command_from_kafka_and_gets_it_later() -> None:
    bench = Bench(Table())
    assert bench.table is not None
    bench.table.up = False
    receipt = await bench.desk.submit(bench.alarm, CommandKind.AUDIO_PAUSE, "Demo nurse", "", T0_NS, "::1")
    assert (receipt.stored, receipt.published) == (False, True)
    bench.table.up = True
    await bench.desk.try_again()
    assert list(bench.table.rows) == [receipt.command_id]
    assert len(bench.topic.sent) == 1


async def test_an_acknowledgement_that_has_no_effect_is_sent_again_until_it_has() -> None:
    bench = Bench(Table())
    await bench.acknowledge()
    await bench.desk.try_again()
    assert len(bench.topic.sent) == 1
    bench.now_s += CONFIRM_S + 1
    await bench.desk.try_again()
    assert len(bench.topic.sent) == 2
    bench.book.on_event(event(1, AlertKind.ACKNOWLEDGED, actor="Demo nurse"))
    bench.now_s += CONFIRM_S + 1
    await bench.desk.try_again()
    await bench.desk.try_again()
    assert len({command.command_id for command in bench.topic.sent}) == 1
    assert len(bench.topic.sent) == 2


async def test_a_published_acknowledgement_that_a_lost_broker_forgot_is_sent_again_after_a_restart() -> None:
    table = Table()
    await Bench(table).acknowledge()
    fresh = Topic()
    after = Bench(table, fresh)
    await after.desk.try_again()
    assert [command.kind for command in fresh.sent] == [CommandKind.ACKNOWLEDGE]


async def test_each_pause_and_each_judgement_is_its_own_command() -> None:
    bench = Bench(Table())
    for kind in (CommandKind.AUDIO_PAUSE, CommandKind.AUDIO_PAUSE, CommandKind.JUDGE_TRUE, CommandKind.JUDGE_FALSE):
        await bench.desk.submit(bench.alarm, kind, "Demo nurse", "", T0_NS, "::1")
    assert len({command.command_id for command in bench.topic.sent}) == 4
