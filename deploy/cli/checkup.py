"""Checkup: one look at each part, said in plain words: what was seen, what that means, and what to do.

Owns the checks of `vigil doctor`; each is bounded in time, for a part that hangs is the commonest fault of all.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from deploy.cli.up import is_live
from deploy.stack.plan import MODELS
from ecg import topics
from ecg.errors import VigilError
from ecg.manifest import Manifest
from ecg.tls import TlsFiles
from edge.tls import context

#: Longest that a part may take to answer.
ANSWER_S = 4.0
_MIN_FREE_GB = 2.0
#: The recorder stores every few seconds; nothing new for longer than this is a fault where beds are live.
_STORED_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, whether it is well, what was seen, and what to do where it is not."""

    part: str
    well: bool
    seen: str
    remedy: str = ""


def python() -> Finding:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info[:2] in ((3, 11), (3, 12)), version, "Python 3.11 or 3.12 is needed")


def disk(state: Path) -> Finding:
    """Room for logs, database and spool."""
    free_gb = shutil.disk_usage(state if state.exists() else Path()).free / 1e9
    remedy = f"below {_MIN_FREE_GB:g} GB spools and database will stop: make room"
    return Finding("disk", free_gb > _MIN_FREE_GB, f"{free_gb:.1f} GB free", remedy)


def model() -> Finding:
    """The shipped screening model and its checksums."""
    folder = MODELS / "screening"
    try:
        manifest = Manifest.from_json((folder / "manifest.json").read_bytes())
        manifest.check_files({name: (folder / name).read_bytes() for name in manifest.files})
    except (OSError, VigilError) as error:
        return Finding("screening model", False, str(error), "windows go unscreened (and flagged) until it is there")
    return Finding("screening model", True, f"{manifest.model_id}, {len(manifest.labels)} labels, checksums right")


def broker(brokers: str, tls: TlsFiles | None = None) -> Finding:
    """Kafka and its topics; tls: of a cluster that asks for a certificate."""
    from kafka.admin import KafkaAdminClient

    begun = time.monotonic()
    limit_ms = round(1000 * ANSWER_S)
    secure = {} if tls is None else {"security_protocol": "SSL", "ssl_context": context(tls)}
    admin = KafkaAdminClient(
        bootstrap_servers=brokers.split(","), bootstrap_timeout_ms=limit_ms, request_timeout_ms=limit_ms, **secure
    )
    try:
        found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics()}
    finally:
        admin.close()
    wrong = [t.name for t in topics.ALL if found.get(t.name) != topics.PARTITIONS]
    took = f"Kafka at {brokers} answered in {1000 * (time.monotonic() - begun):.0f} ms"
    if wrong:
        remedy = f"`vigil topics --brokers {brokers}` creates what is missing"
        return Finding("broker", False, f"{took}; missing or misshapen: {', '.join(wrong)}", remedy)
    return Finding("broker", True, f"{took}; {len(topics.ALL)} topics of {topics.PARTITIONS} partitions")


def _connect(dsn: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(dsn, connect_timeout=round(ANSWER_S))


def database(dsn: str) -> Finding:
    """PostgreSQL and its migrations."""
    with _connect(dsn) as connection:
        timescale = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        present = connection.execute("SELECT to_regclass('schema_migration') IS NOT NULL").fetchone()
        applied = (
            connection.execute("SELECT count(*) FROM schema_migration").fetchone() if present and present[0] else None
        )
    kind = f"TimescaleDB {timescale[0]}" if timescale else "plain PostgreSQL"
    if applied is None:
        return Finding(
            "database", False, f"{kind} without Vigil's tables", f"`vigil db migrate --dsn {dsn}` makes them"
        )
    return Finding("database", True, f"{kind}, {applied[0]} migrations applied")


def ledger(dsn: str, grows: bool = True) -> Finding:
    """What was stored, and what is not accounted for; grows: something must have come of late."""
    with _connect(dsn) as connection:
        row = connection.execute(
            "SELECT count(*), coalesce(sum(stored), 0), coalesce(sum(declared), 0), coalesce(sum(unexplained), 0),"
            " extract(epoch FROM now() - max(reported_at)) FROM loss_ledger WHERE reported_at > now() - interval '1 hour'"
        ).fetchone()
    streams, stored, declared, unexplained, age_s = row or (0, 0, 0, 0, None)
    seen = f"{streams} streams in the last hour: {stored} segments stored, {declared} declared lost, {unexplained} open"
    if grows and age_s is not None and age_s > _STORED_S:
        return Finding(
            "ledger", False, f"nothing was stored for {age_s:.0f} s; {seen}", "look at the recorder and the edge"
        )
    # What the recorder holds until its next flush is open: some 20 s of each stream.
    well = unexplained <= 20 * max(streams, 1)
    return Finding("ledger", bool(well), seen, f"`vigil db ledger --dsn {dsn}` shows which ranges are open")


def reasoner(port: int) -> Finding:
    """The reasoner's own word on its health."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=ANSWER_S)
    except grpc.RpcError as error:
        raise TimeoutError(f"gRPC {error.code().name}") from error
    serving = reply.status == health_pb2.HealthCheckResponse.SERVING
    return Finding("reasoner", serving, "serves" if serving else "is up, but says that it does not serve")


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=ANSWER_S) as reply:
        found: bytes = reply.read()
    return found


def _metrics(port: int) -> dict[str, float]:
    """Values without labels that a service prints."""
    text = _read(f"http://127.0.0.1:{port}/metrics").decode()
    return {name: float(value) for name, value in re.findall(r"^(vigil_\w+) (\S+)$", text, re.M)}


def recorder(port: int) -> Finding:
    """The recorder, and whether its database takes what it has."""
    found = _metrics(port)
    waiting = f"{found.get('vigil_recorder_buffer_bytes', 0) / 1e6:.1f} MB wait to be stored"
    if found.get("vigil_recorder_database_up", 1.0) < 1:
        return Finding("recorder", False, f"runs, but its database does not answer; {waiting}", "look at the database")
    return Finding("recorder", True, f"runs; {waiting}")


def stream(port: int) -> Finding:
    """The stream worker."""
    found = _metrics(port)
    beds, alarms = (int(found.get(f"vigil_stream_{name}", 0)) for name in ("beds", "open_alarms"))
    return Finding("stream", True, f"runs; {beds} beds streaming, {alarms} open alarms")


def edge(port: int) -> Finding:
    """The edge agent and its way to Kafka."""
    found = _metrics(port)
    waiting = f"{found.get('vigil_edge_spool_segments', 0):.0f} segments wait on its disk"
    if found.get("vigil_edge_connected", 1.0) < 1:
        return Finding(
            "edge", False, f"runs and alarms at the bedside, but Kafka takes nothing; {waiting}", "look at the broker"
        )
    return Finding("edge", True, f"runs, connected to Kafka; {waiting}")


def console(url: str) -> Finding:
    """The page's own word on its health."""
    health = json.loads(_read(f"{url}/healthz"))
    seen = f"{url} answers: {health['beds']} beds, {health['standing_alarms']} standing alarms, history {health['history']}"
    if not health["kafka"]:
        return Finding("console", False, f"{url} answers, but receives nothing from Kafka", "look at the broker")
    if health["history"] == "down":
        return Finding("console", False, f"{seen}: its database does not answer", "look at the database")
    if health["unpublished_commands"]:
        return Finding(
            "console", False, f"{seen}; {health['unpublished_commands']} requests of nurses wait", "look at the broker"
        )
    return Finding("console", True, seen)


def beds(url: str, has_edge: bool) -> Finding:
    """Whether signals arrive at the page."""
    found = json.loads(_read(f"{url}/api/beds"))
    live = [bed for bed in found if is_live(bed)]
    silent = [bed for bed in found if not is_live(bed)]
    ended = [bed["bed"] for bed in silent if bed["device_state"] == "ended"]
    quiet = [bed["bed"] for bed in silent if bed["device_state"] != "ended"]
    seen = f"{len(live)} of {len(found)} beds live"
    seen += f"; silent: {_few(quiet)}" if quiet else ""
    seen += f"; played to their end: {_few(ended)}" if ended else ""
    if not found and not has_edge:
        return Finding("beds", True, "no bed has sent anything yet: this stack has no edge agent of its own")
    remedy = (
        "the edge agent's log says what its devices do: a bed that fell silent is one whose device or agent is gone"
    )
    return Finding("beds", not quiet and bool(found), seen, remedy)


def _few(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
