"""`vigil doctor`: checks every part and says what is wrong, in plain words, with the way out."""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console

from deploy.cli.up import is_live
from deploy.kafka import missing as kafka_missing
from deploy.stack.plan import MODELS, answers
from ecg import topics
from ecg.errors import VigilError
from ecg.manifest import Manifest

_MIN_FREE_GB = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is well, what was seen, and what to do where it is not."""

    part: str
    well: bool
    seen: str
    remedy: str = ""


@click.command()
@click.option(
    "--state", type=click.Path(path_type=Path), default=Path(".vigil"), show_default=True, help="Folder of `vigil up`."
)
@click.option("--brokers", help="Check this Kafka instead of the running stack's.")
@click.option("--dsn", help="Check this database instead of the running stack's.")
@click.option("--url", help="Check this console instead of the running stack's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def doctor(state: Path, brokers: str | None, dsn: str | None, url: str | None, as_json: bool) -> None:
    """Check every part and say what is wrong in plain words. Exit status 1 when something is.

    Without options it looks at the stack that `vigil up` runs in this folder; where none runs it checks what a start needs.
    """
    stack = _running(state)
    brokers = brokers or stack.get("brokers")
    dsn = dsn or stack.get("dsn")
    url = url or stack.get("url")
    console = Console()
    ill = 0
    for finding in examine(state, stack, brokers, dsn, url):
        ill += not finding.well
        if as_json:
            click.echo(
                json.dumps({"part": finding.part, "well": finding.well, "seen": finding.seen, "remedy": finding.remedy})
            )
            continue
        mark = "[green]✓[/]" if finding.well else "[bold red]✗[/]"
        console.print(f"{mark} [bold]{finding.part}[/]  {finding.seen}", highlight=False)
        if finding.remedy and not finding.well:
            console.print(f"    → {finding.remedy}", highlight=False)
    raise SystemExit(bool(ill))


def _running(state: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((state / "stack.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def examine(
    state: Path, stack: dict[str, Any], brokers: str | None, dsn: str | None, url: str | None
) -> Iterator[Finding]:
    """Every check that applies, in the order a segment travels."""
    yield _python()
    yield _disk(state)
    yield _model()
    yield Finding("Apache Kafka (optional)", True, kafka_missing() or "can run here: `vigil up --brokers apache`")
    if not stack and not (brokers or dsn or url):
        yield Finding("stack", True, f"nothing runs in {state}: `vigil up` starts it")
        return
    checks: list[tuple[str, object, Callable[[], Finding]]] = [
        ("kafka", brokers, lambda: _kafka(str(brokers))),
        ("database", dsn, lambda: _database(str(dsn))),
        ("ledger", dsn, lambda: _ledger(str(dsn))),
        ("reasoner", stack.get("reasoner_port"), lambda: _reasoner(int(stack["reasoner_port"]))),
        ("console", url, lambda: _console(str(url))),
        ("beds", url, lambda: _beds(str(url))),
    ]
    for part, applies, check in checks:
        if applies:
            try:
                yield check()
            except Exception as error:  # a doctor that falls ill at what it finds helps nobody
                yield Finding(
                    part, False, f"{type(error).__name__}: {str(error).splitlines()[0][:200]}", _log(state, part)
                )
    for name, port in stack.get("metrics", {}).items():
        up = answers("127.0.0.1", port)
        yield Finding(name, up, "runs" if up else f"does not answer on its metrics port {port}", _log(state, name))


def _log(state: Path, part: str) -> str:
    names = {"kafka": "broker", "beds": "edge", "ledger": "recorder", "reasoner": "cloud"}
    return f"its log: {state / 'logs' / (names.get(part, part) + '.log')}"


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info[:2] in ((3, 11), (3, 12)), version, "Python 3.11 or 3.12 is needed")


def _disk(state: Path) -> Finding:
    free = shutil.disk_usage(state if state.exists() else Path()).free / 1e9
    seen = f"{free:.1f} GB free"
    return Finding(
        "disk", free > _MIN_FREE_GB, seen, f"below {_MIN_FREE_GB:g} GB spools and database will stop: make room"
    )


def _model() -> Finding:
    folder = MODELS / "screening"
    try:
        manifest = Manifest.from_json((folder / "manifest.json").read_bytes())
        manifest.check_files({name: (folder / name).read_bytes() for name in manifest.files})
    except (OSError, VigilError) as error:
        return Finding("screening model", False, str(error), "windows go unscreened (and flagged) until it is there")
    return Finding("screening model", True, f"{manifest.model_id}, {len(manifest.labels)} labels, checksums right")


def _kafka(brokers: str) -> Finding:
    from kafka.admin import KafkaAdminClient

    begun = time.monotonic()
    admin = KafkaAdminClient(bootstrap_servers=brokers.split(","), request_timeout_ms=5000)
    try:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    finally:
        admin.close()
    wrong = [t.name for t in topics.ALL if found.get(t.name) != topics.PARTITIONS]
    took = f"answered in {1000 * (time.monotonic() - begun):.0f} ms"
    if wrong:
        return Finding(
            "kafka", False, f"{took}; missing or misshapen: {', '.join(wrong)}", f"vigil topics --brokers {brokers}"
        )
    return Finding("kafka", True, f"{took}; {len(topics.ALL)} topics of {topics.PARTITIONS} partitions")


def _database(dsn: str) -> Finding:
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        timescale = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        applied = connection.execute("SELECT count(*) FROM schema_migration").fetchone()
    kind = f"TimescaleDB {timescale[0]}" if timescale else "plain PostgreSQL"
    return Finding("database", True, f"{kind}, {applied[0] if applied else 0} migrations applied")


def _ledger(dsn: str) -> Finding:
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT count(*), coalesce(sum(stored), 0), coalesce(sum(declared), 0), coalesce(sum(unexplained), 0)"
            " FROM loss_ledger WHERE reported_at > now() - interval '1 hour'"
        ).fetchone()
    streams, stored, declared, unexplained = row or (0, 0, 0, 0)
    seen = f"{streams} streams in the last hour: {stored} segments stored, {declared} declared lost, {unexplained} open"
    # What the recorder holds until its next flush is open: some 20 s of each stream.
    well = unexplained <= 20 * max(streams, 1)
    return Finding("ledger", bool(well), seen, "`vigil db ledger --dsn ...` shows which ranges are open")


def _reasoner(port: int) -> Finding:
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    serving = reply.status == health_pb2.HealthCheckResponse.SERVING
    return Finding(
        "reasoner", serving, "serving" if serving else "up, but not serving", "alarms go on without interpretation"
    )


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as reply:
        return json.load(reply)


def _console(url: str) -> Finding:
    health = _get(f"{url}/healthz")
    return Finding("console", True, f"{url} answers: " + json.dumps(health)[:160])


def _beds(url: str) -> Finding:
    beds = _get(f"{url}/api/beds")
    live = [bed for bed in beds if is_live(bed)]
    silent = [bed["bed"] for bed in beds if not is_live(bed)]
    seen = f"{len(live)} of {len(beds)} beds live" + (f"; silent: {', '.join(silent)}" if silent else "")
    return Finding("beds", bool(live), seen, "is an edge agent running? its log says what its devices do")
