"""Fixtures every kind of test may use: recordings, databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Real recordings, unpacked; git ignores them (docs/data.md).
DATA = Path(os.environ.get("VIGIL_DATA", ROOT / "data"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real recordings; skips where it is missing."""
    if not DATA.is_dir():
        pytest.skip(f"no recordings in {DATA}: unpack them there, or set VIGIL_DATA")
    return DATA


@pytest.fixture(scope="session")
def _postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from deploy.database import EmbeddedPostgres

    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server.dsn


@pytest.fixture
def postgres_dsn(_postgres_server: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, empty database on plain PostgreSQL."""
    name = f"test_{abs(hash(request.node.nodeid)):x}"
    with psycopg.connect(_postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {name}".encode())
    yield _postgres_server.rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
def timescale_dsn() -> Iterator[str]:
    """A fresh, empty TimescaleDB (PGlite); skips where Node.js or its packages are missing."""
    from deploy.database import EmbeddedTimescale

    reason = EmbeddedTimescale.missing()
    if reason:
        pytest.skip(reason)
    with EmbeddedTimescale() as server:
        yield server.dsn


@pytest.fixture(params=["postgres", "timescale"])
def dsn(request: pytest.FixtureRequest) -> str:
    """A fresh database, once on plain PostgreSQL and once on TimescaleDB."""
    return str(request.getfixturevalue(f"{request.param}_dsn"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the number of skips; where VIGIL_NO_SKIP is set (CI), a skip is a failure of the machine's set-up."""
    skipped = len(terminalreporter.stats.get("skipped", []))
    terminalreporter.write_line(f"skipped: {skipped}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fails a run that skipped where nothing may be skipped."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("VIGIL_NO_SKIP") and reporter and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
