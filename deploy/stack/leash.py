"""Becomes a command that dies with the process that started it: `python leash.py PARENT_PID USER COMMAND…`.

A file of its own, run by path, because it must be its own program: code run between fork and exec in the parent (Popen's
preexec_fn, or its user=) runs the fork handlers of every library there, and gRPC's, with calls under way, abort about one
child in four. Standard library only, and imported before the user changes.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(parent: int, user: str, command: list[str]) -> None:
    """Changes to the user ("" keeps it), asks Linux for SIGTERM at the parent's death, even by kill -9, and becomes command."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if user:
        uid = pwd.getpwnam(user).pw_uid
        os.setreuid(uid, uid)
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # asked after the change of user, which would forget it
    if os.getppid() != parent:
        raise SystemExit("the parent ended first")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        raise SystemExit(f"{command[0]}: {error.strerror}") from None


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
