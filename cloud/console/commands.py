"""Command desk: what people ask of alarms, on its way to the stream. An acknowledgement is never lost.

Order: 1 the alarm is known; 2 command and audit entry are stored in one transaction; 3 the command is published;
4 it is marked published. A crash between the steps, or a broker that does not answer, leaves a row without
published_at, which is sent again until it is there: commands are idempotent by command_id. An acknowledgement that was
published but has not come back as an event within CONFIRM_S is sent again too. The alarm itself changes only when the
stream publishes the event.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from cloud.console.alarm_book import AlarmBook
from cloud.console.latency import Telemetry
from ecg.alarms import Alarm, AlarmCommand, CommandKind
from ecg.errors import Unavailable

log = structlog.get_logger()

#: An acknowledgement must be effective everywhere within 2 s (CLINICAL.md §3); after this it is sent again.
CONFIRM_S = 5.0
_RETRY_S = 1.0
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:vigil:alarm-command:v1")


class CommandPublisher(Protocol):
    """Puts a command on Kafka; raises Unavailable where it cannot."""

    async def publish(self, command: AlarmCommand) -> None: ...


class CommandStore(Protocol):
    """The outbox and the audit log; each raises Unavailable where the database does not answer."""

    async def store_command(self, command: AlarmCommand, remote: str) -> None: ...
    async def commands_of_last_day(self) -> list[tuple[AlarmCommand, bool]]: ...
    async def mark_published(self, command_ids: list[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a request.

    Attributes:
        command_id: Empty where nothing had to be done (acknowledged already, or over).
        stored: It is in the database.
        published: It is on Kafka.
    """

    command_id: str
    stored: bool
    published: bool


@dataclass(slots=True)
class _Pending:
    command: AlarmCommand
    remote: str
    stored: bool
    published: bool
    marked: bool
    sent_s: float = 0.0


class CommandDesk:
    """Takes commands, stores them, publishes them, and goes on until they are done.

    Args:
        book: The alarms, to know which exist and what has come of a command.
        publisher: The way to Kafka.
        store: The database; None: commands live in memory until they are published.
        telemetry: Counts what is not published.
        clock_s: Monotonic seconds.
    """

    def __init__(
        self,
        book: AlarmBook,
        publisher: CommandPublisher,
        store: CommandStore | None,
        telemetry: Telemetry,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._publisher = publisher
        self._store = store
        self._telemetry = telemetry
        self._clock_s = clock_s
        self._pending: dict[str, _Pending] = {}
        self._restored = store is None
        self._working = asyncio.Lock()

    @property
    def unpublished(self) -> int:
        """Commands not on Kafka yet."""
        return sum(not pending.published for pending in self._pending.values())

    async def submit(
        self, alarm: Alarm, kind: CommandKind, user: str, comment: str, now_ns: int, remote: str
    ) -> Receipt:
        """Takes one request.

        Args:
            alarm: The alarm as the book has it.
            kind: What is asked.
            user: Who asks.
            comment: Free text of the user.
            now_ns: UTC ns.
            remote: Address the request came from, for the audit log.

        Raises:
            Unavailable: Neither stored nor published: it would be lost with this process.
        """
        done = (alarm.acknowledged_by or alarm.cleared) if kind is CommandKind.ACKNOWLEDGE else alarm.cleared
        if done and kind in (CommandKind.ACKNOWLEDGE, CommandKind.AUDIO_PAUSE):
            return Receipt("", True, True)
        command = _command(alarm, kind, user, comment, now_ns)
        pending = self._pending.setdefault(command.command_id, _Pending(command, remote, False, False, False))
        failures: list[str] = []
        try:
            await self._advance(pending)
        except Unavailable as error:
            failures.append(str(error))
        if not (pending.stored or pending.published):
            self._pending.pop(command.command_id, None)
            raise Unavailable(f"the request was not taken: {'; '.join(failures)}", retry_after_s=2.0)
        return Receipt(command.command_id, pending.stored, pending.published)

    async def _advance(self, pending: _Pending) -> None:
        """Takes a command as far as it goes now: a database that is down does not keep it from Kafka."""
        lost: Unavailable | None = None
        if self._store is not None and not pending.stored:
            try:
                await self._store.store_command(pending.command, pending.remote)
                pending.stored = True
            except Unavailable as error:
                lost = error
        if not pending.published:
            await self._publisher.publish(pending.command)
            pending.published, pending.sent_s = True, self._clock_s()
        if lost is not None:
            raise lost
        if self._store is not None and not pending.marked:
            await self._store.mark_published([pending.command.command_id])
            pending.marked = True

    async def restore(self) -> None:
        """Takes over what an earlier run left: unpublished commands, and acknowledgements not seen to take effect.

        Raises:
            Unavailable: The database does not answer.
        """
        if self._store is None:
            return
        for command, published in await self._store.commands_of_last_day():
            if command.command_id not in self._pending and (not published or self._waits(command)):
                self._pending[command.command_id] = _Pending(command, "", True, published, published)
        self._restored = True

    async def run(self) -> None:
        """Tries again what is not done, until cancelled."""
        while True:
            await asyncio.sleep(_RETRY_S)
            await self.try_again()

    async def try_again(self) -> None:
        """One round over everything that is not done."""
        async with self._working:
            try:
                if not self._restored:
                    await self.restore()
            except Unavailable as error:
                log.warning("outbox_not_read", reason=str(error))
            for command_id, pending in list(self._pending.items()):
                await self._try_one(command_id, pending)
            self._telemetry.unpublished.set(self.unpublished)

    async def _try_one(self, command_id: str, pending: _Pending) -> None:
        unheard = pending.published and self._waits(pending.command)
        if unheard and self._clock_s() - pending.sent_s >= CONFIRM_S:
            pending.published = False
        try:
            await self._advance(pending)
        except Unavailable as error:
            log.warning("command_waits", command_id=command_id, reason=str(error))
            return
        if not self._waits(pending.command):
            self._pending.pop(command_id, None)

    def _waits(self, command: AlarmCommand) -> bool:
        """True for an acknowledgement whose alarm still stands unacknowledged."""
        entry = self._book.entries.get(command.alarm_id)
        return (
            command.kind is CommandKind.ACKNOWLEDGE
            and entry is not None
            and not entry.alarm.acknowledged_by
            and not entry.alarm.cleared
        )


def _command(alarm: Alarm, kind: CommandKind, user: str, comment: str, now_ns: int) -> AlarmCommand:
    """One acknowledgement per alarm, however often it is asked for; every other request is its own."""
    acknowledge = kind is CommandKind.ACKNOWLEDGE
    command_id = uuid.uuid5(_NAMESPACE, alarm.alarm_id) if acknowledge else uuid.uuid4()
    event = alarm.condition
    return AlarmCommand(str(command_id), alarm.alarm_id, event.stream_id, event.agent_id, kind, user, now_ns, comment)
