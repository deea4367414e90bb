"""`vigil up`: the local stack, from nothing to live beds on a page, and back to nothing."""

from __future__ import annotations

import fcntl
import json
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from deploy.stack.parts import tail
from deploy.stack.plan import Options, check_port, make_plan
from deploy.stack.running import RunningStack, remove_stack, running_parts, write_stack
from deploy.stack.supervisor import Supervisor
from ecg.errors import VigilError
from edge.beds import GRAMMAR, Play, parse_beds, record_beds, usable

_TURN_S = 0.5
_BEDS_PATIENCE_S = 60.0
#: Records left out that are named one by one.
_REASONS = 5
#: A screen's worth, which one observer watches (CLINICAL.md §4): a folder of records with more is not started whole.
MOST_BEDS = 48
#: A bed whose newest sample is older is not live.
LIVE_S = 5.0


@click.command(epilog=GRAMMAR)
@click.option("--port", default=8000, show_default=True, help="Port of the page.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address the page listens on.")
@click.option("--beds", help="Simulated beds, e.g. `normal,af,vt:60,12lead`, by the grammar below; 8 beds by default.")
@click.option(
    "--wfdb", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Replay a folder of WFDB records."
)
@click.option("--records", help="Only these records of --wfdb, comma separated.")
@click.option(
    "--count",
    type=click.IntRange(1, 100_000),
    help=f"Beds in all, the list taken again and again; by default one each, and of a folder the first {MOST_BEDS}.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, 1000, min_open=True),
    help="Seconds of signal per second, 1 is real time (default); at 4 a minute passes in 15 s.",
)
@click.option(
    "--loop/--once",
    "loop",
    default=None,
    help="Replay records for ever (default), or once: the stack then stays up, with the beds shown as ended.",
)
@click.option("--no-edge", is_flag=True, help="Start no edge agent: agents elsewhere connect to the broker.")
@click.option(
    "--brokers", "kafka", default="embedded", show_default=True,
    help="`embedded` (in memory), `apache` (deploy/kafka, needs Java 17), or host:port of a real Kafka.",
)  # fmt: skip
@click.option("--dsn", default="", help="A real PostgreSQL or TimescaleDB; the embedded PostgreSQL by default.")
@click.option("--model", type=click.Path(exists=True, path_type=Path), help="Folder of the screening model.")
@click.option(
    "--state", type=click.Path(path_type=Path), default=Path(".vigil"), show_default=True, help="Logs, database, spool."
)
@click.option(
    "--max-broker-mb", default=2000.0, show_default=True, help="Memory at which the embedded broker starts over."
)
def up(
    port: int,
    host: str,
    beds: str | None,
    wfdb: Path | None,
    records: str | None,
    count: int | None,
    speed: float | None,
    loop: bool | None,
    no_edge: bool,
    kafka: str,
    dsn: str,
    model: Path | None,
    state: Path,
    max_broker_mb: float,
) -> None:
    """Start the local stack and watch over it until Ctrl-C.

    Runs broker, database, reasoner, stream worker, recorder, console and an edge agent as processes of this machine,
    on loopback, restarts what dies, and keeps one log per part in STATE/logs.

    \b
    Examples:
      vigil up                                 8 simulated and recorded beds
      vigil up --beds normal,vf:30,af          three beds, one fibrillates every 30 s
      vigil up --wfdb data/vfdb --records 418  a real recording, looped
      vigil up --wfdb data/cudb --speed 4 --once
      vigil up --brokers kafka:9092 --dsn postgresql://vigil@db/vigil
    """
    console = Console(stderr=True)
    count = check_beds(beds, wfdb, records, count, lambda line: console.print(f"[yellow]{escape(line)}[/]"))
    edge = edge_arguments(beds, wfdb, records, count, speed, loop)
    options = Options(
        state.resolve(), port, host, kafka, dsn, model, edge, with_edge=not no_edge, max_broker_mb=max_broker_mb
    )
    with only_one(options.state):
        check_port(host, port)
        run(options, console)


def check_beds(
    beds: str | None, wfdb: Path | None, records: str | None, count: int | None, say: Callable[[str], None]
) -> int | None:
    """Looks at what is to be played before anything is started; returns the number of beds to run.

    Raises:
        click.UsageError: Options that exclude each other, or a bed that is not in the grammar.
        InvalidSignal: No record of the folder can be played; the text names it.
    """
    if beds and wfdb:
        raise click.UsageError("--beds and --wfdb: choose one (a bed list may name `record:PATH`, too)")
    if records and not wfdb:
        raise click.UsageError("--records needs --wfdb")
    try:
        specs = (
            parse_beds(beds)
            if beds
            else record_beds(wfdb, tuple(filter(None, (records or "").split(","))))
            if wfdb
            else []
        )
    except ValueError as error:
        raise click.UsageError(f"--beds: {error}; `vigil up --help` has every form") from error
    if specs:
        usable(
            specs, lambda why: say(f"left out: {why}"), Play(), 1
        )  # the agent says of all others which it leaves out
    if wfdb and not records and count is None and len(specs) > MOST_BEDS:
        say(f"{len(specs)} records in {wfdb}: the first {MOST_BEDS} are played. --count or --records choose others.")
        return MOST_BEDS
    return count


def edge_arguments(
    beds: str | None, wfdb: Path | None, records: str | None, count: int | None, speed: float | None, loop: bool | None
) -> tuple[str, ...]:
    """What the edge agent is told."""
    found: list[str] = []
    given = (("--beds", beds), ("--wfdb", wfdb), ("--records", records), ("--count", count), ("--speed", speed))
    for option, value in given:
        if value is not None:
            found += [option, str(value)]
    if loop is not None:
        found.append("--loop" if loop else "--once")
    return tuple(found)


@contextmanager
def only_one(state: Path) -> Iterator[None]:
    """Holds the state folder's lock.

    Raises:
        VigilError: Another `vigil up` holds it.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise VigilError(
                f"another `vigil up` runs on {state}: stop it with Ctrl-C, or give this one a folder of its own: --state DIR"
            ) from None
        yield


def run(options: Options, console: Console) -> None:
    """Starts, announces, watches, stops."""
    begun = time.monotonic()
    for log in options.logs.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))
    watched, brokers, dsn = make_plan(options)
    supervisor = Supervisor(watched, lambda line: console.print(f"[yellow]{time.strftime('%H:%M:%S')} {line}[/]"))
    stopping = _stop_on_signals()
    try:
        with console.status("starting") as status:
            supervisor.start(lambda name: status.update(f"starting {name}"))
            tell = _teller(options, brokers, dsn, supervisor)
            tell()
            status.update("waiting for the first beds")
            n_beds = _wait_for_beds(options, supervisor, stopping)
        took = time.monotonic() - begun
        beds = f"{n_beds} beds live" if options.with_edge else "no edge agent of its own"
        console.print(f"\n[bold green]Vigil is up[/] after {took:.0f} s, {beds}:  [bold]{options.url}[/]")
        reasons = left_out(options.logs / "edge.log") if options.with_edge else []
        for reason in reasons[:_REASONS]:
            console.print(f"[yellow]left out: {escape(reason)}[/]", highlight=False)
        if len(reasons) > _REASONS:
            console.print(f"[yellow]… and {len(reasons) - _REASONS} more: {options.logs / 'edge.log'}[/]")
        console.print(f"[dim]logs in {options.logs}; Kafka on {brokers}; Ctrl-C stops everything[/]")
        console.print("[dim]Research software, a secondary display: never the sole source of alarms.[/]\n")
        while not stopping:
            supervisor.turn()
            tell()
            time.sleep(_TURN_S)
    finally:
        with console.status("stopping"):
            supervisor.stop()
            remove_stack(options.state)
        console.print("stopped: no process and no port is left behind")


def _teller(options: Options, brokers: str, dsn: str, supervisor: Supervisor) -> Callable[[], None]:
    """A function that writes down, for `vigil doctor`, what runs, whenever that has changed."""
    said: list[RunningStack] = []

    def tell() -> None:
        parts = running_parts(supervisor.watched)
        stack = RunningStack(options.url, brokers, dsn, options.reasoner_port, options.metrics, parts)
        if said != [stack]:
            said[:] = [stack]
            write_stack(options.state, stack)

    return tell


def _stop_on_signals() -> list[int]:
    """A list that holds the signal's number once Ctrl-C or SIGTERM came."""
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            raise KeyboardInterrupt  # the second Ctrl-C does not wait
        came.append(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    return came


def _wait_for_beds(options: Options, supervisor: Supervisor, stopping: list[int]) -> int:
    """Beds on the page once their number has settled for a moment.

    Raises:
        VigilError: None came in time.
    """
    if not options.with_edge:
        return 0
    deadline = time.monotonic() + _BEDS_PATIENCE_S
    seen = -1
    while not stopping:
        supervisor.turn()
        now = live_beds(options.url)
        if now > 0 and now == seen:
            return now
        if time.monotonic() > deadline:
            raise VigilError(
                f"no bed came live within {_BEDS_PATIENCE_S:g} s. `vigil doctor` looks for the reason; the edge's log ends:\n"
                + tail(options.logs / "edge.log")
            )
        seen = now
        time.sleep(1.0)
    return 0


def left_out(log: Path) -> list[str]:
    """Why the edge agent left records out, by its log."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        with suppress(ValueError):
            entry = json.loads(line)
            if entry.get("event") == "bed_left_out":
                found.append(str(entry["reason"]))
    return list(dict.fromkeys(found))


def live_beds(url: str) -> int:
    """Beds of /api/beds that are streaming now; 0 when the page does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/api/beds", timeout=2) as reply:
            found = json.load(reply)
    except (OSError, ValueError):
        return 0
    return sum(1 for bed in found if is_live(bed))


def is_live(bed: dict[str, Any]) -> bool:
    """True for a bed of /api/beds whose signal is younger than LIVE_S."""
    age_s = bed["signal_age_s"]
    return age_s is not None and age_s < LIVE_S
