"""The publisher: hands messages to Kafka from a thread of its own, live ones first, and says what became of each.

Owns the connection, its back-off and the two queues. It knows nothing of the disk: what it could not deliver it gives back
by name. Must not import the spool nor the agent.

Order of delivery: live queue first; the backfill queue moves only while the live queue is empty and at most
MAX_BACKFILL_IN_FLIGHT late messages are unacknowledged, so that live segments never wait behind old ones.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import kafka.record.util as kafka_record_util
import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError, UnsupportedVersionError
from kafka.net.compat import KafkaNetClient

from ecg.errors import VigilError

_log = structlog.get_logger("vigil.edge.publisher")

MAX_LIVE_QUEUED = 512
MAX_BACKFILL_IN_FLIGHT = 2
MAX_BACKFILL_QUEUED = 32
#: Unacknowledged for this long, a live message is no longer live: the connection counts as lost and it goes by backfill.
DELIVERY_TIMEOUT_S = 8.0
_REQUEST_TIMEOUT_S = 5.0
_BACKOFF_FIRST_S, _BACKOFF_MOST_S = 0.25, 15.0
_REMIND_S = 30.0
_CLOSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `name` is the caller's, given back with the outcome; None where the caller does not care."""

    topic: str
    payload: bytes
    name: Hashable = None


class Fate(Enum):
    """What became of a message."""

    DELIVERED = "delivered"
    RETURNED = "returned"  # not delivered as far as we know: send it again
    REFUSED = "refused"  # the broker will never take it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message that has a name."""

    name: Hashable
    fate: Fate


def require_fast_crc32c() -> None:
    """Refuses to run where kafka-python would checksum in pure Python (0.35 s instead of 0.04 s at 2,000 beds).

    Raises:
        VigilError: The package crc32c is not there, or kafka-python did not find it.
    """
    if kafka_record_util.crc32c_c is None:
        raise VigilError("kafka-python has no fast CRC-32C: install the package crc32c in this environment")


class Publisher:
    """Connects in the background and stays connected; `offer` never blocks.

    Args:
        brokers: "host:port,host:port".
        agent_id: Key of every message.
        idempotent: Ask the broker for idempotent production; a broker that cannot is used without, and logged.
        tls: What is trusted and shown; None for plain text.
    """

    def __init__(self, brokers: str, agent_id: str, idempotent: bool = True, tls: ssl.SSLContext | None = None) -> None:
        require_fast_crc32c()
        self._brokers = brokers.split(",")
        self._key = agent_id.encode()
        self._idempotent = idempotent
        self._tls = tls
        self._live: deque[Message] = deque()
        self._late: deque[Message] = deque()
        self._outcomes: deque[Outcome] = deque()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._connected = threading.Event()
        self._broken = threading.Event()
        self._lock = threading.Lock()
        self._in_flight: dict[int, tuple[Message, bool]] = {}
        self._number = 0
        self._late_in_flight = 0
        self._thread = threading.Thread(target=self._run, name="edge-publisher", daemon=True)

    def start(self) -> None:
        """Starts connecting."""
        self._thread.start()

    @property
    def connected(self) -> bool:
        """True while the broker takes messages."""
        return self._connected.is_set()

    @property
    def queued(self) -> int:
        """Messages not yet handed to the client."""
        return len(self._live) + len(self._late)

    @property
    def room_for_late(self) -> int:
        """Late messages that may be offered now."""
        return max(0, MAX_BACKFILL_QUEUED - len(self._late)) if self.connected else 0

    def offer(self, message: Message) -> bool:
        """Queues a live message. False where there is no connection or no room: it is the caller's again."""
        if not self.connected or len(self._live) >= MAX_LIVE_QUEUED:
            return False
        self._live.append(message)
        self._wake.set()
        return True

    def offer_late(self, message: Message) -> bool:
        """Queues a message of the spool, behind everything live. False where there is no room."""
        if not self.room_for_late:
            return False
        self._late.append(message)
        self._wake.set()
        return True

    def outcomes(self) -> list[Outcome]:
        """What was delivered or given back since the last call."""
        out = []
        while self._outcomes:
            out.append(self._outcomes.popleft())
        return out

    def close(self, timeout_s: float = 3.0) -> None:
        """Sends what is queued, for at most timeout_s, and disconnects."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s + 1.0)

    # The thread

    def _run(self) -> None:
        delay_s, lost_s, reminded_s = _BACKOFF_FIRST_S, time.monotonic(), 0.0
        while not self._stop.is_set():
            try:
                producer = self._connect()
            except (KafkaError, OSError, ValueError) as error:
                now_s = time.monotonic()
                if not reminded_s or now_s - reminded_s >= _REMIND_S:
                    reminded_s = now_s
                    _log.warning(
                        "broker_unreachable", brokers=self._brokers, error=str(error) or type(error).__name__,
                        for_s=round(now_s - lost_s, 1),
                    )  # fmt: skip
                self._stop.wait(delay_s * random.uniform(0.5, 1.0))
                delay_s = min(_BACKOFF_MOST_S, delay_s * 2)
                continue
            _log.info("broker_connected", brokers=self._brokers, after_s=round(time.monotonic() - lost_s, 1))
            self._broken.clear()
            self._connected.set()
            try:
                self._pump(producer)
            finally:
                self._connected.clear()
                self._hand_back(producer)
            if not self._stop.is_set():
                delay_s, lost_s, reminded_s = _BACKOFF_FIRST_S, time.monotonic(), time.monotonic()
                _log.warning("broker_lost", brokers=self._brokers)

    def _connect(self) -> Any:
        clients: list[Any] = []

        def client(**options: Any) -> Any:
            clients.append(KafkaNetClient(**options))
            return clients[-1]

        options: dict[str, Any] = {
            "bootstrap_servers": self._brokers,
            "client_id": "vigil-edge",
            "acks": "all",
            "allow_auto_create_topics": False,
            "linger_ms": 2,
            "max_block_ms": 3000,
            "bootstrap_timeout_ms": 3000,
            "request_timeout_ms": round(_REQUEST_TIMEOUT_S * 1000),
            "delivery_timeout_ms": round(DELIVERY_TIMEOUT_S * 1000),
            "reconnect_backoff_max_ms": 1000,
            "metrics_enabled": False,
            "kafka_client": client,
        }
        if self._tls is not None:
            options |= {"security_protocol": "SSL", "ssl_context": self._tls}
        try:
            return KafkaProducer(enable_idempotence=self._idempotent, **options)
        except UnsupportedVersionError as error:
            if not self._idempotent:
                raise
            _log.warning("broker_not_idempotent", error=str(error))
            self._idempotent = False
            return KafkaProducer(enable_idempotence=False, **options)
        except BaseException:
            for opened in clients:  # KafkaProducer leaves its client open where it finds no broker
                opened.close()
            raise

    def _pump(self, producer: Any) -> None:
        while not self._broken.is_set():
            message, late = None, False
            if self._live:
                message = self._live.popleft()
            elif self._late and self._late_in_flight < MAX_BACKFILL_IN_FLIGHT:
                message, late = self._late.popleft(), True
            if message is None:
                if self._stop.is_set():
                    return
                self._wake.clear()
                if not self._live:  # offered between the look and the clear
                    self._wake.wait(0.2)
                continue
            self._send(producer, message, late)

    def _send(self, producer: Any, message: Message, late: bool) -> None:
        self._number += 1
        number = self._number
        with self._lock:
            self._in_flight[number] = (message, late)
            self._late_in_flight += late
        try:
            future = producer.send(message.topic, value=message.payload, key=self._key)
        except (KafkaError, ValueError, AssertionError) as error:
            self._failed(number, error)
            return
        future.add_callback(self._delivered, number)
        future.add_errback(self._failed, number)

    def _delivered(self, number: int, *_: object) -> None:
        self._settle(number, Fate.DELIVERED)

    def _failed(self, number: int, error: object) -> None:
        if isinstance(error, MessageSizeTooLargeError | RecordListTooLargeError):
            _log.error("broker_refused_message", error=str(error))
            self._settle(number, Fate.REFUSED)
            return
        if not self._broken.is_set():
            _log.warning("send_failed", error=str(error) or type(error).__name__)
        self._broken.set()
        self._settle(number, Fate.RETURNED)
        self._wake.set()

    def _settle(self, number: int, fate: Fate) -> None:
        with self._lock:
            found = self._in_flight.pop(number, None)
            if found is None:  # handed back before the client spoke of it
                return
            message, late = found
            self._late_in_flight -= late
        if late:
            self._wake.set()
        if message.name is not None:
            self._outcomes.append(Outcome(message.name, fate))

    def _hand_back(self, producer: Any) -> None:
        """Closes the client and gives back everything that has no outcome yet."""
        graceful = self._stop.is_set() and not self._broken.is_set()
        try:
            producer.close(timeout=_CLOSE_S if graceful else 0)
        except KafkaError:
            # kafka-python's close() waits for a flush first and lets its timeout through before it ends its thread.
            producer._sender.force_close()
            producer._sender.join(1.0)
            producer._closed = True
        for number in list(self._in_flight):
            self._settle(number, Fate.RETURNED)
        for queue in (self._live, self._late):
            while queue:
                message = queue.popleft()
                if message.name is not None:
                    self._outcomes.append(Outcome(message.name, Fate.RETURNED))
