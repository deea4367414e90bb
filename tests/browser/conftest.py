"""A real console on a real broker, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.broker import EmbeddedBroker, free_port
from deploy.kafka_topics import create_topics
from tests.browser.chromium import MISSING, start_chromium

ROOT = Path(__file__).resolve().parents[2]


class ConsoleProcess:
    """`vigil console` as its own process, which can be stopped and started again on the same port."""

    def __init__(self, brokers: str, log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._brokers = brokers
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it serves and reads Kafka."""
        command = [sys.executable, "-m", "cloud.console", "--brokers", self._brokers, "--port", str(self.port)]
        environment = {
            **os.environ,
            "VIGIL_CONSOLE_SESSION_SECRET": "browser-tests",
            "PYTHONPATH": f"{ROOT}:{ROOT}/proto",
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log)
        until(lambda: self.get("/healthz")["status"] == "ok", 30, "the console is up")

    @property
    def pid(self) -> int:
        """Process id while it runs."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Ends it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> float:
        """Ends it with SIGTERM; seconds it took."""
        process, self._process = self._process, None
        if process is None:
            return 0.0
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return time.monotonic() - begun

    def get(self, path: str) -> Any:
        """What the API answers."""
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)


def until(condition: Callable[[], object], timeout_s: float, what: str) -> Any:
    """Waits until condition is true; returns it."""
    deadline = time.monotonic() + timeout_s
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            value = condition()
        except Exception as error:
            last = error
        else:
            if value:
                return value
        time.sleep(0.05)
    raise AssertionError(f"not within {timeout_s} s: {what}") from last


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """An embedded broker with every topic."""
    with EmbeddedBroker() as broker:
        create_topics(broker.brokers)
        yield broker.brokers


@pytest.fixture(scope="module")
def console(brokers: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    """A running console."""
    console = ConsoleProcess(brokers, tmp_path_factory.mktemp("console") / "log")
    console.start()
    yield console
    console.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium."""
    if MISSING:
        pytest.skip(MISSING)
    driver = start_chromium(tmp_path_factory.mktemp("chromium"))
    driver.set_script_timeout(20)
    yield driver
    driver.quit()
