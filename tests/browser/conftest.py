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
from tests.browser.ward import Ward

ROOT = Path(__file__).resolve().parents[2]
CSS, ID = "css selector", "id"
#: Inked pixels of a canvas.
INK = """
    const canvas = document.querySelector(arguments[0]);
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let ink = 0;
    for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 40) ink += 1;
    return ink;
"""


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


def tile(page: Any, bed: str) -> Any:
    """A bed's tile."""
    return page.find_element(CSS, f'.tile[data-bed="{bed}"]')


def item(page: Any, bed: str, name: str) -> Any:
    """An alarm in the list; None where it is not there."""
    found = [
        one for one in page.find_elements(CSS, ".item") if f"Bed {int(bed[4:])}\n" in one.text and name in one.text
    ]
    return found[0] if found else None


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


@pytest.fixture(scope="module")
def ward(request: pytest.FixtureRequest, brokers: str, console: ConsoleProcess) -> Iterator[Ward]:
    """The module's BEDS, on its AGENTS."""
    beds: tuple[str, ...] = request.module.BEDS
    ward = Ward(brokers, len(beds), agents=request.module.AGENTS, kinds=beds, start_s=8)
    ward.start()
    yield ward
    ward.stop()


@pytest.fixture(scope="module")
def page(browser: Any, console: ConsoleProcess, ward: Ward) -> Any:
    """The page with every bed on it."""
    browser.get(console.url)
    until(lambda: len(browser.find_elements(CSS, ".tile")) == len(ward.beds), 20, "every bed has a tile")
    return browser
