"""Child processes that cannot outlive us, in their own process group so that Ctrl-C is ours to hand on."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

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
