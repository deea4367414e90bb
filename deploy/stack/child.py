"""Child processes that cannot outlive us, in their own process group so that Ctrl-C is ours to hand on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

_LEASH = Path(__file__).with_name("leash.py")


def spawn(
    command: Sequence[str | Path],
    output: IO[bytes] | int,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child whose output goes to output; call it from the main thread (the death signal follows the thread).

    A command that cannot be run is a child that ends at once with a status of 1 and the reason as its output.
    """
    leashed = [sys.executable, "-I", "-S", _LEASH, os.getpid(), user or "", *command]
    return subprocess.Popen(
        [str(part) for part in leashed],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if env is None else {**os.environ, **env},
        cwd=cwd,
        process_group=0,
    )


def end(process: subprocess.Popen[bytes], first: signal.Signals = signal.SIGTERM, patience_s: float = 8.0) -> None:
    """Asks the child to end, and kills it when it does not within patience_s."""
    if process.poll() is None:
        process.send_signal(first)
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class ChildProcess:
    """What every server that runs as a child has in common: its log, its process id, its end. start() is its own.

    Args:
        log: File that takes the child's output, appended; None discards it.
    """

    #: How it is asked to end, and how long it may take.
    end_signal: ClassVar[signal.Signals] = signal.SIGTERM
    end_patience_s: ClassVar[float] = 8.0

    def __init__(self, log: Path | None = None) -> None:
        self._log_path = log
        self._log: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Starts it and returns when it is ready."""
        raise TypeError(f"{type(self).__name__} does not say how it starts")

    def _spawn(
        self, command: Sequence[str | Path], *, cwd: Path | None = None, user: str | None = None
    ) -> subprocess.Popen[bytes]:
        """Opens the log and starts the child."""
        self._log = self._log_path.open("ab") if self._log_path else None
        self._process = spawn(command, self._log or subprocess.DEVNULL, cwd=cwd, user=user)
        return self._process

    @property
    def pid(self) -> int | None:
        """Process id; None when not running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def finished(self) -> bool:
        """True once it has ended by itself, with nothing to complain of."""
        return self._process is not None and self._process.poll() == 0

    def stop(self) -> None:
        """Ends it; a second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            end(process, self.end_signal, self.end_patience_s)
        log, self._log = self._log, None
        if log is not None:
            log.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
