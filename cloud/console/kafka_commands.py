"""Kafka commands: publishes what people ask. The only producer of the console, and the only writer of its topic."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from ecg.alarms import AlarmCommand
from ecg.errors import Unavailable
from ecg.topics import COMMANDS
from ecg.wire import encode_alarm_command

#: A nurse waits for the answer; what is not through by then is stored and sent again.
_PUBLISH_TIMEOUT_S = 3.0
NO_TLS: Mapping[str, Any] = MappingProxyType({})


class KafkaCommandPublisher:
    """Publishes commands, connecting when the first is sent and again after a failure.

    Args:
        brokers: host:port,host:port.
        tls: By cloud.tls.kafka_options.
    """

    def __init__(self, brokers: str, tls: Mapping[str, Any] = NO_TLS) -> None:
        self._brokers = brokers
        self._tls = tls
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            if self._producer is None:
                # Not idempotent: commands are, by command_id, and the embedded broker cannot do it (DESIGN.md §3).
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._brokers,
                    client_id="vigil-console-commands",
                    acks="all",
                    enable_idempotence=False,
                    request_timeout_ms=3000,
                    **self._tls,
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def publish(self, command: AlarmCommand) -> None:
        """Sends one command and waits until the brokers have it.

        Raises:
            Unavailable: They do not, within a few seconds.
        """
        try:
            async with asyncio.timeout(_PUBLISH_TIMEOUT_S):
                producer = await self._connected()
                await producer.send_and_wait(
                    COMMANDS.name, encode_alarm_command(command), key=command.agent_id.encode()
                )
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"Kafka does not take the command: {error or type(error).__name__}") from error

    async def close(self) -> None:
        """Closes the connection."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(2.0):
                    await producer.stop()
            except TimeoutError:
                return  # the brokers are gone; nothing waits here: what was not acknowledged is in the outbox
