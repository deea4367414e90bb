"""One part of the stack: a process with a command, a log and a way to tell that it is ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, Self

from deploy.stack.child import ChildProcess
from ecg.errors import Unavailable


class Runnable(Protocol):
    """What the supervisor watches: the embedded broker and database have this form already."""

    def start(self) -> object:
        """Returns when it is ready; raises Unavailable when it will not be."""

    def stop(self) -> None:
        """Ends it; a second call does nothing."""

    @property
    def pid(self) -> int | None:
        """Process id; None when not running."""

    @property
    def finished(self) -> bool:
        """True once it has ended by itself, with nothing to complain of."""


class Service(ChildProcess):
    """A Vigil service as a child process.

    Args:
        name: For messages.
        command: Program and arguments.
        log: File that takes its output, appended.
        ready: True when it answers; None where running is enough.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        ready: Callable[[], bool] | None = None,
        ready_s: float = 60.0,
    ) -> None:
        super().__init__(log)
        self.name = name
        self.command = list(command)
        self.log = log
        self._ready = ready
        self._ready_s = ready_s

    def start(self) -> Self:
        """Starts it and returns when it is ready.

        Raises:
            Unavailable: It ended or was not ready in time; the text has the end of its log.
        """
        process = self._spawn(self.command)
        deadline = time.monotonic() + self._ready_s
        while self._ready is not None and not self._ready():
            if process.poll() is not None or time.monotonic() > deadline:
                code = process.poll()
                self.stop()
                ended = f"ended with status {code}" if code is not None else f"was not ready within {self._ready_s:g} s"
                raise Unavailable(f"{self.name} {ended}; the end of {self.log}:\n{tail(self.log)}")
            time.sleep(0.1)
        return self


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, or why there are none."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return str(error)
