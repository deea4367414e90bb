"""Migrations: plain SQL files applied in order, each once, each in its own transaction.

A file NAME.timescale.sql is applied only where TimescaleDB is there, NAME.plain.sql only where it is not, NAME.sql always.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from ecg.errors import VigilError

OWN_MIGRATIONS = Path(__file__).parent / "migrations"
#: Any number, the same for all: two recorders that start together must not migrate together.
_LOCK = 7_346_211

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its set (folder's owner), name without suffixes, flavour ("", "timescale" or "plain") and text."""

    owner: str
    name: str
    flavour: str
    sql: str

    @property
    def sha256(self) -> str:
        """Of the text: an applied migration must not change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_migrations(owner: str, folder: Path) -> list[Migration]:
    """The migrations of one folder in order of name."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        name, _, flavour = path.stem.partition(".")
        if flavour not in ("", "timescale", "plain"):
            raise VigilError(f"{path}: flavour {flavour!r} is neither timescale nor plain")
        found.append(Migration(owner, name, flavour, path.read_text()))
    return found


def enable_timescale(connection: Connection) -> bool:
    """True when TimescaleDB is there, creating the extension where the server offers it."""
    offered = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'").fetchone()
    if offered is None:
        return False
    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    return True


def migrate(dsn: str, folders: Sequence[tuple[str, Path]] = (("recorder", OWN_MIGRATIONS),)) -> list[str]:
    """Applies what is missing.

    Args:
        dsn: PostgreSQL connection string.
        folders: (owner, folder) in the order they build on each other.

    Returns:
        "owner/name" of what was applied now.

    Raises:
        VigilError: An applied migration was edited since.
        psycopg.Error: The database refused; that migration is rolled back, earlier ones stay.
    """
    applied_now = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        timescale = enable_timescale(connection)
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (owner text, name text, flavour text NOT NULL, sha256 text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (owner, name))"
        )
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            rows = connection.execute("SELECT owner, name, sha256, flavour FROM schema_migration").fetchall()
            applied = {(owner, name): (sha256, flavour) for owner, name, sha256, flavour in rows}
            for owner, folder in folders:
                for migration in read_migrations(owner, folder):
                    if migration.flavour and migration.flavour != ("timescale" if timescale else "plain"):
                        continue
                    if _is_applied(migration, applied):
                        continue
                    _apply(connection, migration)
                    applied_now.append(f"{owner}/{migration.name}")
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
    return applied_now


def _is_applied(migration: Migration, applied: dict[tuple[str, str], tuple[str, str]]) -> bool:
    known = applied.get((migration.owner, migration.name))
    if known is None:
        return False
    if known[1] == migration.flavour and known[0] != migration.sha256:
        raise VigilError(
            f"migration {migration.owner}/{migration.name} was edited after it was applied: write a new one instead"
        )
    return True


def _apply(connection: Connection, migration: Migration) -> None:
    with connection.transaction():
        connection.execute(migration.sql.encode())
        connection.execute(
            "INSERT INTO schema_migration (owner, name, flavour, sha256) VALUES (%s, %s, %s, %s)",
            (migration.owner, migration.name, migration.flavour, migration.sha256),
        )
