"""What a full screen costs: `python -m tests.browser.soak`: 48 beds on one page for minutes, measured as it goes.

Prints, as JSON lines: the page's JavaScript heap after a collection, its DOM nodes, frames drawn a second, the CPU of the
browser's renderer and of the console, and how long acknowledgements take from the click to the page showing them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import psutil

from deploy.broker import EmbeddedBroker
from deploy.kafka_topics import create_topics
from tests.browser.chromium import start_chromium
from tests.browser.conftest import ROOT, ConsoleProcess, until

_FRAMES = """
window.frames_drawn = 0;
const count = () => { window.frames_drawn += 1; requestAnimationFrame(count); };
requestAnimationFrame(count);
"""
#: Clicks the first alarm's button; tells the milliseconds until its item says who acknowledged it.
_ACKNOWLEDGE = """
const done = arguments[arguments.length - 1];
const button = document.querySelector('#alarms-patient .acknowledge:not([hidden]):not(:disabled)');
if (!button) { done(null); } else {
  const item = button.closest('.item');
  const id = item.dataset.alarm;
  const begun = performance.now();
  const look = setInterval(() => {
    const now = document.querySelector(`[data-alarm="${id}"]`);
    if (!now || now.innerText.includes('Acknowledged by')) { clearInterval(look); done(performance.now() - begun); }
  }, 10);
  button.click();
}
"""


def cpu_s(process: psutil.Process) -> float:
    """CPU seconds a process has used."""
    times = process.cpu_times()
    return times.user + times.system


def browser_cpu_s(pid: int) -> dict[str, float]:
    """CPU seconds of a process and all below it, summed by the kind Chromium gives them."""
    found: dict[str, float] = {}
    driver = psutil.Process(pid)
    for process in [driver, *driver.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            kind = " ".join(process.cmdline()).partition("--type=")[2].partition(" ")[0] or "browser"
            found[kind] = found.get(kind, 0.0) + cpu_s(process)
    return found


def measure(driver: Any, console_process: psutil.Process, over_s: float) -> dict[str, Any]:
    """Figures of the next over_s seconds."""
    driver.execute_cdp_cmd("HeapProfiler.collectGarbage", {})
    heap = driver.execute_cdp_cmd("Runtime.getHeapUsage", {})["usedSize"] / 1e6
    counters = driver.execute_cdp_cmd("Memory.getDOMCounters", {})
    begun, console = time.monotonic(), cpu_s(console_process)
    frames = driver.execute_script("return window.frames_drawn")
    before = browser_cpu_s(driver.service.process.pid)
    time.sleep(over_s)
    took = time.monotonic() - begun
    after = browser_cpu_s(driver.service.process.pid)
    return {
        "heap_mb": round(heap, 1),
        "dom_nodes": counters["nodes"],
        "listeners": counters["jsEventListeners"],
        "frames_per_s": round((driver.execute_script("return window.frames_drawn") - frames) / took, 1),
        "browser_cpu_percent": {k: round(100 * (v - before.get(k, 0.0)) / took, 1) for k, v in after.items()},
        "console_cpu_percent": round(100 * (cpu_s(console_process) - console) / took, 1),
    }


def acknowledge(driver: Any, n: int) -> list[float]:
    """Milliseconds from click to shown, of up to n alarms."""
    found = []
    for _ in range(n):
        took = driver.execute_async_script(_ACKNOWLEDGE)
        if took is None:
            break
        found.append(round(took, 1))
    return found


@click.command()
@click.option("--beds", default=48, show_default=True)
@click.option("--minutes", default=5, show_default=True)
def main(beds: int, minutes: int) -> None:
    """Opens a page on a synthetic ward and measures it each minute."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, EmbeddedBroker() as broker:
        create_topics(broker.brokers)
        console = ConsoleProcess(broker.brokers, Path(folder) / "console.log")
        console.start()
        command = [sys.executable, "-m", "tests.browser.ward", "--brokers", broker.brokers, "--beds", str(beds)]
        ward = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT}/proto"})
        driver = start_chromium(Path(folder) / "profile", "1920,1080")
        try:
            driver.set_script_timeout(20)
            driver.get(console.url)
            until(lambda: len(driver.find_elements("css selector", ".tile")) == beds, 30, "every bed has a tile")
            driver.execute_script(_FRAMES)
            driver.find_element("id", "user").click()
            until(lambda: driver.find_elements("css selector", "#sign-in .names .button"), 5, "names")[0].click()
            begun = time.monotonic()
            for minute in range(1, minutes + 1):
                time.sleep(max(0.0, begun + 60 * minute - 20 - time.monotonic()))
                figures = measure(driver, psutil.Process(console.pid), 15.0)
                latency = acknowledge(driver, 4)
                print(json.dumps({"minute": minute, **figures, "acknowledge_ms": latency}), flush=True)
        finally:
            driver.quit()
            ward.terminate()
            ward.wait()
            console.stop()


if __name__ == "__main__":
    main()
