"""What runs: the file by which `vigil up` says, to `vigil doctor`, which parts it has started and where they answer."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.stack.supervisor import Watched

_FILE, _LOCK = "stack.json", "lock"


@dataclass(frozen=True, slots=True)
class RunningPart:
    """One part under supervision.

    Attributes:
        pid: Its process; None while it is down.
        restarts: How often it had to be started again.
        finished: It has done what it was asked, and is down for that.
    """

    pid: int | None
    restarts: int = 0
    finished: bool = False


@dataclass(frozen=True, slots=True)
class RunningStack:
    """A running `vigil up`.

    Attributes:
        metrics: Port on loopback where each service answers, by its name.
        parts: What is supervised, by name.
    """

    url: str
    brokers: str
    dsn: str
    reasoner_port: int
    metrics: Mapping[str, int]
    parts: Mapping[str, RunningPart] = field(default_factory=dict)


def running_parts(watched: Sequence[Watched]) -> dict[str, RunningPart]:
    """The parts as they are now."""
    return {one.name: RunningPart(one.part.pid, one.restarts, one.finished) for one in watched}


def write_stack(state: Path, stack: RunningStack) -> None:
    """Writes the file, whole or not at all."""
    fresh = state / f"{_FILE}.new"
    fresh.write_text(json.dumps(asdict(stack)))
    fresh.replace(state / _FILE)


def read_stack(state: Path) -> RunningStack | None:
    """What the file says; None where there is none or it cannot be read."""
    try:
        found = json.loads((state / _FILE).read_text())
        parts = {name: RunningPart(**part) for name, part in found.pop("parts").items()}
        return RunningStack(**found, parts=parts)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def remove_stack(state: Path) -> None:
    """Takes the file away."""
    (state / _FILE).unlink(missing_ok=True)


def is_supervised(state: Path) -> bool:
    """True while a `vigil up` holds the folder."""
    try:
        with (state / _LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def process_state(pid: int) -> str:
    """ "running", "stopped" (SIGSTOP, a debugger) or "gone"."""
    try:
        os.kill(pid, 0)
        text = Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return "gone"
    except OSError:
        return "running"  # not ours, or a system without /proc
    letter = text.rpartition(")")[2].split()[0]
    return {"T": "stopped", "t": "stopped", "Z": "gone"}.get(letter, "running")
