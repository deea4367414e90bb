"""`vigil doctor` on a running stack, each part stopped in turn: it names the part in plain words and says what to do.

A stopped process (SIGSTOP) is the hardest to see: its port stays open, it takes connections, and it never answers.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import free_port
from deploy.stack.running import RunningStack, read_stack, write_stack

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
#: The name of the supervised part, what the doctor calls it, and words that must be said of it.
PARTS = (
    ("cloud", "reasoner", "without explanations"),
    ("recorder", "recorder", "nothing new is stored"),
    ("stream", "stream", "look at the bedside monitors"),
    ("edge", "edge", "do not alarm: look at the bedside monitors"),
    ("console", "console", "page is dead or frozen"),
    ("database", "database", "history is not shown"),
    ("broker", "broker", "Edge agents go on alarming at the bedside"),
)


class Up:
    """`vigil up` as its own process, in a folder of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        command = [
            sys.executable,
            "-m",
            "deploy.cli",
            "up",
            "--state",
            str(state),
            "--port",
            str(free_port()),
            "--beds",
            "normal,af",
        ]
        self.said = state.with_suffix(".said")
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(command, cwd=ROOT, stderr=said)

    def wait(self, what: str, true: Callable[[], Any], within_s: float) -> Any:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if found := true():
                return found
            assert self.process.poll() is None, self.said.read_text()
            time.sleep(0.3)
        pytest.fail(f"{what}: not within {within_s:g} s: {self.said.read_text()} {doctor(self.state)}")

    @property
    def stack(self) -> RunningStack:
        stack = read_stack(self.state)
        assert stack is not None
        return stack

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0


def doctor(state: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """(exit status, findings by part, in their order)."""
    command = [sys.executable, "-m", "deploy.cli", "doctor", "--json", "--state", str(state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=40)
    assert "Traceback" not in done.stderr, done.stderr
    findings = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {finding["part"]: finding for finding in findings}


def ill(found: dict[str, dict[str, Any]]) -> list[str]:
    return [part for part, finding in found.items() if not finding["well"]]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("up")
    folder.chmod(0o755)
    running = Up(folder / "state")
    running.wait("started", lambda: "Vigil is up" in running.said.read_text(), 90)
    yield running
    running.stop()
    assert doctor(running.state)[1]["stack"]["well"], "a stack that was stopped is no fault"


def test_a_running_stack_is_well(up: Up) -> None:
    status, found = up.wait("all well", lambda: (d := doctor(up.state))[0] == 0 and d, 30)
    assert status == 0 and {
        "broker",
        "database",
        "reasoner",
        "recorder",
        "stream",
        "edge",
        "console",
        "beds",
        "ledger",
    } < set(found)
    assert "2 of 2 beds live" in found["beds"]["seen"]


@pytest.mark.parametrize(("name", "called", "says"), PARTS, ids=[part[1] for part in PARTS])
def test_a_part_that_hangs_is_named_with_what_it_means_and_what_to_do(
    up: Up, name: str, called: str, says: str
) -> None:
    up.wait("all well", lambda: doctor(up.state)[0] == 0, 60)
    pid = up.stack.parts[name].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        status, found = doctor(up.state)
        assert time.monotonic() - begun < 15
    finally:
        os.kill(pid, signal.SIGCONT)
    assert status == 1 and ill(found)[0] == called, found
    assert "does not answer" in found[called]["seen"] and says in found[called]["seen"]
    assert f"its process {pid} is stopped" in found[called]["remedy"] and f"{name}.log" in found[called]["remedy"]
    assert f"kill -CONT {pid}" in found[called]["remedy"]
    for part in ill(found)[1:]:
        assert "comes of the" in found[part]["remedy"], f"{part} is only ill with {called}: {found[part]}"


def test_a_part_that_keeps_ending_is_named(up: Up) -> None:
    up.wait("all well", lambda: doctor(up.state)[0] == 0, 60)
    for _ in range(2):
        pid = up.wait("a reasoner", lambda: up.stack.parts["cloud"].pid, 30)
        os.kill(pid, signal.SIGKILL)
        up.wait("its end is seen", lambda pid=pid: up.stack.parts["cloud"].pid != pid, 20)
    status, found = doctor(up.state)
    if up.stack.parts["cloud"].pid is None:
        assert status == 1 and "has ended, and `vigil up` starts it again" in found["reasoner"]["remedy"]
    up.wait("all well again", lambda: doctor(up.state)[0] == 0, 60)
    assert up.stack.parts["cloud"].restarts == 2


def test_a_stack_that_was_killed_is_no_running_stack(tmp_path: Path) -> None:
    write_stack(tmp_path, RunningStack("http://127.0.0.1:1", "127.0.0.1:1", "postgresql://127.0.0.1:1/x", 1, {}, {}))
    status, found = doctor(tmp_path)
    assert status == 1 and "was killed" in found["stack"]["seen"] and "starts it again" in found["stack"]["remedy"]


def test_addresses_where_nothing_is_are_named(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.cli", "doctor", "--json", "--state", str(tmp_path), "--brokers", "127.0.0.1:1",
               "--dsn", "postgresql://127.0.0.1:1/x", "--url", "http://127.0.0.1:1"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=40)
    found = {finding["part"]: finding for finding in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 1 and ill(found) == ["broker", "database", "console", "beds", "ledger"]
    assert all("does not answer" in found[part]["seen"] for part in ill(found))
