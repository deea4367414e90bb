"""The plan: which parts `vigil up` runs, with which commands, for the options it was given."""

from __future__ import annotations

import functools
import socket
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from deploy.broker import EmbeddedBroker, free_port
from deploy.cli.db import MIGRATIONS
from deploy.database import EmbeddedPostgres
from deploy.kafka import ApacheKafka
from deploy.kafka_topics import create_topics
from deploy.stack.parts import Service
from deploy.stack.restore import restore_open_alarms
from deploy.stack.supervisor import Watched
from ecg.errors import Unavailable, VigilError
from edge.beds import DEMO_BEDS
from stream.recorder.migrate import migrate

MODELS = Path(__file__).resolve().parents[1] / "models"
#: The first thing a newcomer sees: seven simulated beds and five real minutes of MIT-BIH 208 (deploy/demo/mitdb208).
DEMO_RECORD = Path(__file__).resolve().parents[1] / "demo" / "mitdb208" / "208"
#: Longest that a network may take to a real broker.
_REACH_S = 5.0
#: Everything that forgets with a broker that keeps nothing.
KAFKA_CLIENTS = ("stream", "recorder", "console", "edge")


@dataclass(frozen=True, slots=True)
class Options:
    """What `vigil up` was asked for.

    Attributes:
        state: Folder of logs, database, spool.
        port: Of the page.
        kafka: "embedded", "apache", or "host:port" of a real broker.
        dsn: A real database; the embedded one where empty.
        edge_arguments: Passed on to `vigil edge` (beds, recordings, speed).
        max_broker_mb: The embedded broker is started over above this.
    """

    state: Path
    port: int = 8000
    host: str = "127.0.0.1"
    kafka: str = "embedded"
    dsn: str = ""
    model: Path | None = None
    edge_arguments: tuple[str, ...] = ()
    with_edge: bool = True
    max_broker_mb: float = 2000.0
    flush_s: float = 5.0
    reasoner_port: int = field(default_factory=free_port)
    metrics: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("edge", "stream", "recorder", "cloud")}
    )

    @property
    def logs(self) -> Path:
        """Folder of the parts' logs."""
        return self.state / "logs"

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"http://{self.host}:{self.port}"


def check_port(host: str, port: int) -> None:
    """Raises where the page's port is taken, with the way out.

    Raises:
        VigilError: Somebody listens there.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise VigilError(
                f"port {port} on {host} is taken ({error.strerror}). Choose another: `vigil up --port {port + 1}` "
                f"(or `make demo PORT={port + 1}`); `ss -ltnp` shows who has it."
            ) from error


def make_plan(options: Options) -> tuple[list[Watched], str, str]:
    """The parts in order of start.

    Returns:
        (parts, brokers, dsn).

    Raises:
        VigilError: The options do not fit together.
    """
    options.logs.mkdir(parents=True, exist_ok=True)
    watched: list[Watched] = []
    dsn = options.dsn or _database(options, watched)
    brokers = _broker(options, watched, dsn)
    if options.dsn:
        try:
            migrate(dsn, MIGRATIONS)
        except psycopg.OperationalError as error:
            why = " ".join(str(error).split())
            raise Unavailable(
                f"the database of --dsn does not answer: is its address right, and does it run? {why}"
            ) from error
        except psycopg.Error as error:
            raise VigilError(f"the database of --dsn refuses Vigil's tables: {error}") from error
    watched += _services(options, brokers, dsn)
    return watched, brokers, dsn


def _database(options: Options, watched: list[Watched]) -> str:
    database = EmbeddedPostgres(options.state / "postgres", log=options.logs / "database.log")
    watched.append(Watched("database", database, after_start=lambda: _migrate(database.dsn)))
    return database.dsn


def _migrate(dsn: str) -> None:
    migrate(dsn, MIGRATIONS)


def _broker(options: Options, watched: list[Watched], dsn: str) -> str:
    log = options.logs / "broker.log"
    if options.kafka == "embedded":
        broker = EmbeddedBroker(log=log)

        def prepare() -> None:
            create_topics(broker.brokers)
            restore_open_alarms(dsn, broker.brokers)

        def too_big() -> bool:
            return broker.rss_bytes > options.max_broker_mb * 1e6

        watched.append(Watched("broker", broker, prepare, with_it=KAFKA_CLIENTS, too_big=too_big))
        return broker.brokers
    if options.kafka == "apache":
        kafka = ApacheKafka(options.state / "kafka", log=log)
        watched.append(Watched("broker", kafka, after_start=functools.partial(_topics, kafka.brokers)))
        return kafka.brokers
    _topics(options.kafka)
    return options.kafka


def _topics(brokers: str) -> None:
    # The client asks for 30 s before it says that nobody is there.
    if not any(answers(*_host_port(address), timeout_s=_REACH_S) for address in brokers.split(",")):
        raise Unavailable(f"Kafka at {brokers} does not answer: is --brokers right, and does it run there?")
    try:
        create_topics(brokers)
    except VigilError:
        raise
    except Exception as error:
        raise Unavailable(f"Kafka at {brokers} does not answer: {error}") from error


def _host_port(address: str) -> tuple[str, int]:
    """("kafka", 9092) of "kafka:9092".

    Raises:
        VigilError: It is not of this form.
    """
    host, _, port = address.strip().rpartition(":")
    if not host or not port.isdigit():
        raise VigilError(f"--brokers {address!r}: `embedded`, `apache` or host:port[,host:port] is wanted")
    return host.strip("[]"), int(port)


def _services(options: Options, brokers: str, dsn: str) -> list[Watched]:
    def service(name: str, module: str, *arguments: object, ready: Callable[[], bool] | None = None) -> Watched:
        command = [sys.executable, "-m", module, *map(str, arguments)]
        return Watched(name, Service(name, command, options.logs / f"{name}.log", ready))

    reasoner = f"127.0.0.1:{options.reasoner_port}"
    model = options.model or MODELS / "screening"
    metrics = options.metrics
    found = [
        service("cloud", "cloud", "--listen", reasoner, "--metrics-port", metrics["cloud"],
                ready=functools.partial(answers, "127.0.0.1", options.reasoner_port)),
        service("recorder", "stream.recorder", "--brokers", brokers, "--dsn", dsn, "--flush-s", options.flush_s,
                "--metrics-port", metrics["recorder"],
                ready=functools.partial(answers, "127.0.0.1", metrics["recorder"])),
        service("stream", "stream", "--brokers", brokers, "--reasoner", reasoner, "--model", model,
                "--metrics-port", metrics["stream"]),
        service("console", "cloud.console", "--brokers", brokers, "--dsn", dsn, "--host", options.host,
                "--port", options.port, ready=functools.partial(page_answers, options.url)),
    ]  # fmt: skip
    if options.with_edge:
        spool = options.state / "spool"
        spool.mkdir(exist_ok=True)
        edge = (
            service("edge", "edge", "--agent-id", "ward-a", "--brokers", brokers, "--spool", spool / "ward-a.sqlite",
                    "--metrics-port", metrics["edge"], *_edge_arguments(options))
        )  # fmt: skip
        if "--once" in options.edge_arguments:
            edge.may_finish = "edge has played its records to their end; the page stays up"
        found.append(edge)
    return found


def _edge_arguments(options: Options) -> list[str]:
    found = list(options.edge_arguments)
    if not {"--beds", "--wfdb"} & set(found):
        found += ["--beds", f"{DEMO_BEDS},record:{DEMO_RECORD}"]
    if options.kafka == "embedded":
        found.append("--no-idempotent")  # the embedded broker does not take it; the spool and seq keep order and count
    return found


def answers(host: str, port: int, timeout_s: float = 0.5) -> bool:
    """True when something listens there."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def page_answers(url: str) -> bool:
    """True when the console's health page answers 200."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
