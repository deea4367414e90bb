"""Apache Kafka in KRaft mode without Docker: one node from its Maven artefacts, on loopback, for tests and benchmarks.

Owns fetching the jars, formatting, starting, waiting for and stopping it. Must not import services.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.broker import free_port
from deploy.stack.child import ChildProcess
from ecg.errors import Unavailable, VigilError

FOLDER = Path(__file__).parent
LIBS = FOLDER / "libs"
#: Any base64 of 16 bytes: a cluster of one needs no secret.
_CLUSTER_ID = "dmlnaWwta2Fma2EtMDAwMQ"

_CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={logs}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
message.max.bytes={max_message_bytes}
"""

_LOG4J = """\
<Configuration status="WARN"><Appenders><Console name="out" target="SYSTEM_OUT">
<PatternLayout pattern="%d{ISO8601} %-5p %c{1} %m%n"/></Console></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"""


def missing() -> str:
    """What keeps Apache Kafka from running on this machine; empty when nothing does."""
    if shutil.which("java") is None:
        return "Java 17 is not installed"
    if not list(LIBS.glob("kafka_2.13-*.jar")):
        return "the Kafka jars are not there: run `python -m deploy.kafka.run fetch` (needs Maven)"
    return ""


def fetch() -> None:
    """Copies Kafka's jars to libs/ with Maven; does nothing where they are.

    Raises:
        VigilError: Maven is missing or failed.
    """
    if list(LIBS.glob("kafka_2.13-*.jar")):
        return
    if shutil.which("mvn") is None:
        raise VigilError("Maven is not installed; Apache Kafka comes through it")
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={LIBS}"]
    if subprocess.run(command, cwd=FOLDER).returncode:
        raise VigilError("Maven could not fetch Apache Kafka; its output above says why")


class ApacheKafka(ChildProcess):
    """A one-node cluster as a child process.

    Args:
        folder: Data folder, kept; a temporary one that goes with the object where None.
        port: Loopback port; 0 picks a free one.
        log: File for the broker's output; None discards it.
        max_message_bytes: The broker's limit; tests of oversize messages raise it.
        properties: Lines of server.properties that come after ours and win, with {port} and {controller_port} in them.
    """

    end_patience_s = 15.0

    def __init__(
        self,
        folder: Path | None = None,
        port: int = 0,
        log: Path | None = None,
        ready_s: float = 60.0,
        max_message_bytes: int = 64 * 1024 * 1024,
        properties: str = "",
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="vigil-kafka-") if folder is None else None
        self.folder = Path(self._temporary.name) if self._temporary else Path(str(folder)).resolve()
        self.port = port or free_port()
        self._controller_port = free_port()
        self.brokers = f"127.0.0.1:{self.port}"
        super().__init__(log)
        self._ready_s = ready_s
        self._max_message_bytes = max_message_bytes
        self._properties = properties

    def start(self) -> Self:
        """Formats the folder the first time, starts the broker and returns when it answers.

        Raises:
            VigilError: Java or the jars are missing.
            Unavailable: It died or did not answer in time.
        """
        reason = missing()
        if reason:
            raise VigilError(reason)
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "server.properties"
        config.write_text(
            (_CONFIG + self._properties).format(
                port=self.port,
                controller_port=self._controller_port,
                logs=self.folder / "logs",
                max_message_bytes=self._max_message_bytes,
            )
        )
        (self.folder / "log4j2.xml").write_text(_LOG4J)
        if not (self.folder / "logs" / "meta.properties").exists():
            self._run("kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(config))
        self._spawn(self._java("kafka.Kafka", str(config)))
        self._wait()
        return self

    def _java(self, main: str, *arguments: str) -> list[str]:
        log4j = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}"
        return ["java", "-Xmx512m", log4j, "-cp", f"{LIBS}/*", main, *arguments]

    def _run(self, main: str, *arguments: str) -> None:
        done = subprocess.run(self._java(main, *arguments), capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"{main} failed: {(done.stderr or done.stdout)[-500:]}")

    def _wait(self) -> None:
        deadline = time.monotonic() + self._ready_s
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=0.5):
                    return
            except OSError:
                code = self._process.poll() if self._process else None
                if code is not None or time.monotonic() > deadline:
                    self.stop()
                    raise Unavailable(f"Apache Kafka did not answer on port {self.port} (exit status {code})") from None
                time.sleep(0.1)

    def kill(self) -> None:
        """Ends it as a crash would; start() brings it back with what it had on disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._temporary is not None:
            self._temporary.cleanup()
