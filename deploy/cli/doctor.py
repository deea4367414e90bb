"""`vigil doctor`: checks every part and says what is wrong, in plain words, with the way out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from deploy.cli import checkup
from deploy.cli.checkup import Finding
from deploy.kafka import missing as kafka_missing
from deploy.stack.running import RunningPart, RunningStack, is_supervised, process_state, read_stack
from ecg.tls import TlsFiles, tls_files

#: What it means for the people who look at the page, and at the patients, when a part does not answer.
MEANS = {
    "broker": "no signal, alarm or acknowledgement travels. Edge agents go on alarming at the bedside and keep signals on disk",
    "database": "alarms go on; history is not shown, and what comes is not stored but kept on Kafka",
    "reasoner": "alarms go on, without explanations",
    "recorder": "alarms go on; nothing new is stored, Kafka holds it meanwhile",
    "stream": "the page gets no numbers and no new alarms, those of the edge included: look at the bedside monitors",
    "console": "the page is dead or frozen: look at the bedside monitors",
    "edge": "its beds send nothing and do not alarm: look at the bedside monitors",
}
#: The name `vigil up` gives a part, where it is another.
_SUPERVISED_AS = {"reasoner": "cloud"}
#: What falls ill with what.
_FOLLOWS = {
    "ledger": ("database", "recorder", "broker"),
    "recorder": ("database",),
    "edge": ("broker",),
    "console": ("broker", "database"),
    "beds": ("broker", "console", "edge"),
}
Check = Callable[[], Finding]


@click.command()
@click.option(
    "--state", type=click.Path(path_type=Path), default=Path(".vigil"), show_default=True, help="Folder of `vigil up`."
)
@click.option("--brokers", help="Check this Kafka instead of the running stack's.")
@click.option("--dsn", help="Check this database instead of the running stack's.")
@click.option("--url", help="Check this console instead of the running stack's.")
@click.option(
    "--tls-ca", default="", help="PEM file of the authority to believe; with the next two: mutual TLS to Kafka."
)
@click.option("--tls-certificate", default="", help="PEM file of our certificate.")
@click.option("--tls-key", default="", help="PEM file of its key.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def doctor(
    state: Path,
    brokers: str | None,
    dsn: str | None,
    url: str | None,
    tls_ca: str,
    tls_certificate: str,
    tls_key: str,
    as_json: bool,
) -> None:
    """Check every part and say what is wrong in plain words. Exit status 1 when something is.

    Without options it looks at the stack that `vigil up` runs in this folder; where none runs it checks what a start needs.
    """
    console = Console(soft_wrap=True)
    ill = []
    for finding in examine(state, brokers, dsn, url, tls_files(tls_ca, tls_certificate, tls_key)):
        if not finding.well:
            ill.append(finding.part)
        if as_json:
            about = {"part": finding.part, "well": finding.well, "seen": finding.seen}
            click.echo(json.dumps({**about, "remedy": "" if finding.well else finding.remedy}))
            continue
        mark = "[green]✓[/]" if finding.well else "[bold red]✗[/]"
        console.print(f"{mark} [bold]{finding.part}[/]  {escape(finding.seen)}", highlight=False)
        if finding.remedy and not finding.well:
            console.print(f"    → {escape(finding.remedy)}", highlight=False)
    if ill and not as_json:
        console.print(f"\n[bold red]{len(ill)} not well[/]: begin with [bold]{ill[0]}[/].", highlight=False)
    raise SystemExit(bool(ill))


def examine(
    state: Path, brokers: str | None, dsn: str | None, url: str | None, tls: TlsFiles | None = None
) -> Iterator[Finding]:
    """Every check that applies, in the order in which to mend."""
    yield checkup.python()
    yield checkup.disk(state)
    yield checkup.model()
    yield Finding("Apache Kafka (optional)", True, kafka_missing() or "can run here: `vigil up --brokers apache`")
    stack = read_stack(state)
    given = any((brokers, dsn, url))
    if stack is not None and not is_supervised(state):
        stack = None
        if not given:
            seen = f"`vigil up` was killed: it left {state}/stack.json, but runs no more"
            yield Finding("stack", False, seen, f"`vigil up --state {state}` starts it again, with all that was stored")
            return
    if stack is None and not given:
        yield Finding("stack", True, f"nothing runs in {state}: `vigil up` starts it")
        return
    ill: set[str] = set()
    checks = _checks(stack, brokers, dsn, url, tls)
    with ThreadPoolExecutor(len(checks) or 1) as pool:  # what hangs is waited for together
        for part, found in [(part, pool.submit(_look, part, check, state, stack)) for part, check in checks]:
            finding = _with_cause(found.result(), ill)
            if not finding.well:
                ill.add(part)
            yield finding


def _checks(
    stack: RunningStack | None, brokers: str | None, dsn: str | None, url: str | None, tls: TlsFiles | None
) -> list[tuple[str, Check]]:
    """What there is to look at, by part."""
    found: list[tuple[str, Check]] = []
    metrics: Mapping[str, int] = {}
    if stack:
        brokers, dsn, url, metrics = brokers or stack.brokers, dsn or stack.dsn, url or stack.url, stack.metrics
    if brokers:
        found.append(("broker", partial(checkup.broker, brokers, tls)))
    if dsn:
        found.append(("database", partial(checkup.database, dsn)))
    if stack:
        found.append(("reasoner", partial(checkup.reasoner, stack.reasoner_port)))
    for part, check in (("recorder", checkup.recorder), ("stream", checkup.stream), ("edge", checkup.edge)):
        if stack and part in stack.parts:
            done = stack.parts[part].finished
            found.append((part, _finished if done else partial(check, metrics[part])))
    if url:
        found.append(("console", partial(checkup.console, url)))
        found.append(("beds", partial(checkup.beds, url, stack is not None and "edge" in stack.parts)))
    if dsn:
        grows = stack is None or not any(part.finished for part in stack.parts.values())
        found.append(("ledger", partial(checkup.ledger, dsn, grows)))
    return found


def _finished() -> Finding:
    return Finding("edge", True, "has played its records to their end, as it was asked (--once)")


def _look(part: str, check: Check, state: Path, stack: RunningStack | None) -> Finding:
    """What a check finds; a part that does not answer is told with what that means and with its process."""
    try:
        return check()
    except Exception as error:  # a doctor that falls ill at what it finds helps nobody
        text = str(error).splitlines()
        why = f"{type(error).__name__}: {text[0][:160]}" if text else type(error).__name__
    means = f": {MEANS[part]}" if part in MEANS else ""
    running = stack.parts.get(_SUPERVISED_AS.get(part, part)) if stack else None
    return Finding(part, False, f"does not answer{means} ({why})", _remedy(part, state, running))


def _remedy(part: str, state: Path, running: RunningPart | None) -> str:
    if running is None:
        return "is its address right, and does it run there? What depends on it connects again by itself"
    log = f"its log: {state / 'logs' / (_SUPERVISED_AS.get(part, part) + '.log')}"
    again = f"; it was started again {running.restarts} times" if running.restarts else ""
    condition = "gone" if running.pid is None else process_state(running.pid)
    if condition == "stopped":
        end = f"`kill -CONT {running.pid}` lets it go on, `kill -9 {running.pid}` makes `vigil up` start it anew"
        return f"its process {running.pid} is stopped (by a signal or a debugger): {end}; {log}"
    if condition == "gone":
        return f"it has ended, and `vigil up` starts it again{again}; where it keeps ending, {log}"
    return f"its process {running.pid} runs but hangs: `kill -9 {running.pid}` makes `vigil up` start it anew{again}; {log}"


def _with_cause(finding: Finding, ill: set[str]) -> Finding:
    causes = [part for part in _FOLLOWS.get(finding.part, ()) if part in ill]
    if finding.well or not causes:
        return finding
    return replace(finding, remedy=f"comes of the {causes[0]}, above: mend that first. Else: {finding.remedy}")
