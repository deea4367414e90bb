"""`vigil db`: the schema and the loss ledger."""

from __future__ import annotations

import json
from pathlib import Path

import click
import psycopg
from rich.console import Console
from rich.table import Table

from ecg.errors import VigilError
from stream.recorder.migrate import OWN_MIGRATIONS, migrate
from stream.recorder.store import Store

#: Every folder of migrations, in the order they build on each other.
MIGRATIONS = (
    ("recorder", OWN_MIGRATIONS),
    ("console", Path(__file__).resolve().parents[2] / "cloud" / "console" / "migrations"),
)

dsn_option = click.option(
    "--dsn",
    envvar="VIGIL_RECORDER_DSN",
    required=True,
    help="PostgreSQL or TimescaleDB, postgresql://user@host:port/name (or VIGIL_RECORDER_DSN).",
)


@click.group()
def db() -> None:
    """Migrate the database; print the loss ledger."""


@db.command("migrate")
@dsn_option
def migrate_command(dsn: str) -> None:
    """Apply the migrations that are missing. Safe to run again, and by several at once."""
    try:
        applied = migrate(dsn, MIGRATIONS)
    except psycopg.Error as error:
        raise VigilError(f"database refused: {error}") from error
    click.echo("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


@db.command()
@dsn_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def ledger(dsn: str, as_json: bool) -> None:
    """Where every sequence number of every stream is: stored, declared lost, waiting on an edge disk, or unexplained.

    Exit status 1 when anything is unexplained and older than a minute.
    """
    names = (
        "stream_id",
        "epoch",
        "device_state",
        "expected",
        "stored",
        "declared",
        "declared_reasons",
        "waiting_on_edge",
        "unexplained",
        "open_ranges",
    )
    store = Store(dsn)
    found = store.query(
        f"SELECT {', '.join(names)}, coalesce(reported_at < now() - interval '1 minute', true) FROM loss_ledger"
        " ORDER BY stream_id, epoch"
    )
    store.close()
    lost = any(row[names.index("unexplained")] > 0 and row[-1] for row in found)
    if as_json:
        for row in found:
            click.echo(json.dumps(dict(zip(names, row[:-1], strict=True))))
    else:
        table = Table(
            *(name.replace("_", " ") for name in names), title="Loss ledger (sequence numbers, about 1 s each)"
        )
        for row in found:
            table.add_row(*(str(value) for value in row[:-1]))
        Console().print(table)
    if lost:
        raise SystemExit(1)
