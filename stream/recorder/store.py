"""The store: rows into tables, idempotently, many at a time. The only writer of these tables.

INSERT ... SELECT FROM unnest(arrays) ON CONFLICT: one round trip per table, and a repeated row changes nothing.
COPY could not be idempotent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import structlog

from ecg.errors import Unavailable
from stream.recorder.rows import Row, Table

log = structlog.get_logger("recorder.store")

#: Columns written as one literal: psycopg's own lists dump item by item, half of the recorder's work when measured.
_LITERAL_COLUMNS = ("text", "smallint", "integer", "bigint", "real", "double precision", "boolean")
_ARRAY_COLUMNS = ("text[]", "double precision[]", "integer[]", "boolean[]", "real[]")


class Store:
    """A connection that comes back by itself.

    Args:
        dsn: PostgreSQL connection string.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def save(self, rows: Sequence[tuple[Table, Sequence[Row]]]) -> list[tuple[Table, Row, str]]:
        """Saves all rows of all tables in one transaction.

        Returns:
            Rows the database refused for what they hold, each with its reason; the others are saved.

        Raises:
            Unavailable: The database cannot be reached; nothing of this call is to be believed saved.
        """
        try:
            connection = self._open()
            try:
                with connection.transaction():
                    for table, its_rows in rows:
                        _insert(connection, table, its_rows)
                return []
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                log.warning("batch_refused", reason=str(error).splitlines()[0])
                return self._save_one_by_one(connection, rows)
        except psycopg.OperationalError as error:
            self.close()
            raise Unavailable(f"database: {error}", retry_after_s=1.0) from error

    def _save_one_by_one(
        self, connection: psycopg.Connection[tuple[Any, ...]], rows: Sequence[tuple[Table, Sequence[Row]]]
    ) -> list[tuple[Table, Row, str]]:
        refused = []
        for table, its_rows in rows:
            for row in its_rows:
                try:
                    with connection.transaction():
                        _insert(connection, table, [row])
                except (psycopg.DataError, psycopg.IntegrityError) as error:
                    refused.append((table, row, str(error).splitlines()[0]))
        return refused

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query.

        Raises:
            Unavailable: The database cannot be reached.
        """
        try:
            return self._open().execute(sql.encode(), parameters).fetchall()
        except psycopg.OperationalError as error:
            self.close()
            raise Unavailable(f"database: {error}", retry_after_s=1.0) from error

    def transaction(self) -> Any:
        """A context that commits at its end; for upkeep that reads and writes.

        Raises:
            Unavailable: The database cannot be reached.
        """
        try:
            return self._open().transaction()
        except psycopg.OperationalError as error:
            self.close()
            raise Unavailable(f"database: {error}", retry_after_s=1.0) from error

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Runs one statement, inside transaction() where one is open."""
        self._open().execute(sql.encode(), parameters)

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Inserts rows, inside transaction() where one is open."""
        _insert(self._open(), table, rows)

    def close(self) -> None:
        """Drops the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _open(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            # No prepared statements: a statement a flush gains nothing by them, and poolers in between cannot carry them.
            self._connection = psycopg.connect(self._dsn, autocommit=True, connect_timeout=5, prepare_threshold=None)
        return self._connection


def _insert(connection: psycopg.Connection[tuple[Any, ...]], table: Table, rows: Sequence[Row]) -> None:
    if not rows:
        return
    names = ", ".join(name for name, _ in table.columns)
    # unnest flattens arrays of arrays, so array columns travel as their text form and are cast back.
    sources = ", ".join("%s::text[]" if kind in _ARRAY_COLUMNS else f"%s::{kind}[]" for _, kind in table.columns)
    values = ", ".join(f"{name}::{kind}" if kind in _ARRAY_COLUMNS else name for name, kind in table.columns)
    columns: list[object] = []
    for (_, kind), column in zip(table.columns, zip(*rows, strict=True), strict=True):
        if kind in _ARRAY_COLUMNS:
            columns.append(_array_text([None if item is None else _array_text(item) for item in column]))
        elif kind in _LITERAL_COLUMNS:
            columns.append(_array_text(column))
        else:
            columns.append(list(column))
    statement = (
        f"INSERT INTO {table.name} ({names}) SELECT {values} FROM unnest({sources}) AS row({names})"
        f" ON CONFLICT {table.on_conflict}"
    )
    connection.execute(statement.encode(), columns)


def _array_text(items: Sequence[object]) -> str:
    """A PostgreSQL array literal."""
    parts = []
    for item in items:
        if item is None:
            parts.append("NULL")
        elif isinstance(item, bool):
            parts.append("true" if item else "false")
        elif isinstance(item, str):
            escaped = item.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'"{escaped}"')
        else:
            parts.append(repr(item))
    return "{" + ",".join(parts) + "}"
