"""Child processes that cannot outlive us, in their own process group so that Ctrl-C is ours to hand on."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Self

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def own_group_and_die_with_parent() -> None:
    """For Popen's preexec_fn: a process group of its own, and on Linux SIGTERM when the parent dies, even by kill -9."""
    os.setpgid(0, 0)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def spawn(
    command: Sequence[str | Path],
    output: IO[bytes] | int,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child whose output goes to output; call it from the main thread (the death signal follows the thread)."""
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=None if env is None else {**os.environ, **env},
        cwd=cwd,
        user=user,
        preexec_fn=own_group_and_die_with_parent,
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
