"""Load: how many beds the whole path carries in real time on this machine, and what each part costs.

    python -m tests.benchmarks.load --beds 500 --seconds 60

Everything runs as `vigil up` runs it: edge agents (100 beds each, 2 leads, 250 Hz), broker, worker with the screening
model, recorder, database, reasoner, and the console with one page open on 48 beds. CPU is user + system time of each
part's processes over the measured stretch, per bed and second, beside the budget of the design.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table

from deploy.broker import free_port
from deploy.kafka import missing as kafka_missing
from deploy.stack.parts import Service
from deploy.stack.plan import Options, make_plan
from deploy.stack.supervisor import Supervisor, Watched

BEDS_PER_AGENT = 100
#: ms of CPU per bed and second (DESIGN §5); screening has no line of its own there and is part of the stream's.
BUDGET_MS = {"edge": 0.15, "broker": 0.1, "stream": 0.3, "recorder": 0.15, "console": 0.05}


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured.

    Attributes:
        live: Beds whose newest sample on the page was younger than 3 s at the end.
        cpu_ms: Part to ms of CPU per bed and second.
    """

    beds: int
    live: int
    p50_ms: float
    p99_ms: float
    cpu_ms: dict[str, float]
    rss_mb: dict[str, float]
    kafka: str

    @property
    def sustained(self) -> bool:
        """Every bed live, and p99 within the 2 s limit (CLINICAL §3)."""
        return self.live == self.beds and self.p99_ms <= 2000


def measure(
    beds: int, seconds: float, warm_s: float, kafka: str, say: Console, beds_spec: str = "normal,af,ectopy"
) -> Load:
    """Runs the stack with so many beds and measures it after warm_s seconds of settling."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        options = Options(Path(folder), port=free_port(), kafka=kafka, with_edge=False, flush_s=10.0)
        watched, brokers, _ = make_plan(options)
        n_agents = -(-beds // BEDS_PER_AGENT)
        for i in range(n_agents):
            count = min(BEDS_PER_AGENT, beds - i * BEDS_PER_AGENT)
            command: list[str | Path] = [
                sys.executable, "-m", "edge", "--agent-id", f"ward-{i:02}", "--brokers", brokers, "--beds", beds_spec,
                "--count", str(count), "--first-bed", str(1 + i * BEDS_PER_AGENT), "--seed", str(i),
                "--spool", Path(folder) / f"ward-{i:02}.spool", "--metrics-port", "0",
            ]  # fmt: skip
            if kafka == "embedded":
                command.append("--no-idempotent")
            watched.append(Watched(f"edge-{i:02}", Service(f"edge-{i:02}", command, options.logs / f"edge-{i:02}.log")))
        supervisor = Supervisor(watched, lambda line: say.print(f"[yellow]{line}[/]"))
        supervisor.start()
        try:
            return asyncio.run(_watch(supervisor, options, beds, seconds, warm_s, say))
        finally:
            supervisor.stop()


async def _watch(
    supervisor: Supervisor, options: Options, beds: int, seconds: float, warm_s: float, say: Console
) -> Load:
    viewer = asyncio.create_task(_page(options.port, 48))
    try:
        await _pump(supervisor, warm_s, say, "settling")
        before = _cpu(supervisor.watched)
        begun = time.monotonic()
        await _pump(supervisor, seconds, say, "measuring")
        took = time.monotonic() - begun
        after = _cpu(supervisor.watched)
        health = _get(f"{options.url}/healthz")
        ages = [bed["signal_age_s"] for bed in _get(f"{options.url}/api/beds")]
    finally:
        viewer.cancel()
    cpu: dict[str, float] = {}
    for name, s in after.items():
        part = name.split("-")[0]
        cpu[part] = cpu.get(part, 0.0) + 1000 * (s - before.get(name, 0.0)) / took / beds
    return Load(
        beds,
        sum(age is not None and age < 3 for age in ages),
        health["edge_to_console_p50_ms"] or float("inf"),
        health["edge_to_console_p99_ms"] or float("inf"),
        cpu,
        _rss(supervisor.watched),
        options.kafka,
    )


async def _pump(supervisor: Supervisor, seconds: float, say: Console, what: str) -> None:
    until = time.monotonic() + seconds
    say.print(f"{what} {seconds:.0f} s")
    while time.monotonic() < until:
        supervisor.turn()
        await asyncio.sleep(0.5)


async def _page(port: int, n_beds: int) -> None:
    """One page open on the first beds, as a browser would have it."""
    import websockets

    while True:
        try:
            async with websockets.connect(f"ws://127.0.0.1:{port}/ws", max_size=None) as socket:
                beds = await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/api/beds")
                shown = [bed["bed"] for bed in beds][:n_beds]
                await socket.send(json.dumps({"type": "view", "beds": shown}))
                opened = time.monotonic()
                async for _ in socket:
                    if len(shown) < n_beds and time.monotonic() - opened > 5:
                        break  # not all beds were there yet: look again
        except (OSError, websockets.WebSocketException):
            await asyncio.sleep(1)


def _get(url: str) -> dict:  # type: ignore[type-arg]
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)  # type: ignore[no-any-return]


def _processes(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu(watched: Sequence[Watched]) -> dict[str, float]:
    """Part to seconds of CPU so far, ended children included (PostgreSQL's)."""
    found = {}
    for one in watched:
        total = 0.0
        for process in _processes(one.part.pid or -1):
            times = process.cpu_times()
            total += times.user + times.system
        found[one.name] = total
    return found


def _rss(watched: Sequence[Watched]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in watched:
        part = one.name.split("-")[0]
        found[part] = found.get(part, 0.0) + sum(p.memory_info().rss for p in _processes(one.part.pid or -1)) / 1e6
    return found


def table_of(load: Load) -> Table:
    """The measurement for people."""
    word = "sustained" if load.sustained else "NOT sustained"
    delay = f"edge → console p50 {load.p50_ms:.0f} ms, p99 {load.p99_ms:.0f} ms"
    title = f"{load.beds} beds on {load.kafka}: {word}, {load.live} live; {delay}"
    table = Table("part", "CPU ms per bed and s", "budget", "RSS MB", title=title)
    for part, ms in sorted(load.cpu_ms.items(), key=lambda item: -item[1]):
        budget = f"{BUDGET_MS[part]:g}" if part in BUDGET_MS else "-"
        table.add_row(part, f"{ms:.3f}", budget, f"{load.rss_mb.get(part, 0):.0f}")
    table.add_row("all", f"{sum(load.cpu_ms.values()):.3f}", "0.8", f"{sum(load.rss_mb.values()):.0f}")
    return table


@click.command()
@click.option("--beds", multiple=True, type=int, default=(500,), show_default=True, help="Beds; may be repeated.")
@click.option("--seconds", default=60.0, show_default=True, help="Measured stretch.")
@click.option("--warm", "warm_s", default=40.0, show_default=True, help="Settling before it.")
@click.option("--kafka", type=click.Choice(["auto", "embedded", "apache"]), default="auto", show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Append one JSON line per run.")
def main(beds: tuple[int, ...], seconds: float, warm_s: float, kafka: str, json_file: Path | None) -> None:
    """Beds in real time on this machine, latency, and CPU of every part beside its budget."""
    console = Console()
    chosen = kafka if kafka != "auto" else "embedded" if kafka_missing() else "apache"
    for n in beds:
        load = measure(n, seconds, warm_s, chosen, console)
        console.print(table_of(load))
        if json_file is not None:
            fields = asdict(load) | {"sustained": load.sustained}
            with json_file.open("a") as out:
                out.write(json.dumps(fields) + "\n")


if __name__ == "__main__":
    main()
