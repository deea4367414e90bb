"""Edge, broker, recorder and database, each taken away in turn: afterwards the ledger accounts for every number.

    broker frozen 30 s · recorder killed · database killed · agent killed        (then each comes back)

A frozen broker (SIGSTOP) is what a cut network looks like from both sides: connections stay open, nothing answers.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.broker import EmbeddedBroker
from deploy.cli.db import MIGRATIONS
from deploy.database import EmbeddedPostgres
from deploy.kafka_topics import create_topics
from stream.recorder.migrate import migrate
from tests.integration.stream_harness import Process
from tests.integration.test_edge_agent import BACKFILL, SEGMENTS, numbers

pytestmark = pytest.mark.slow
BEDS = 3
CUT_S, DOWN_S = 30.0, 6.0


def ledger(dsn: str) -> list[tuple[Any, ...]]:
    """(stream, epoch, expected, stored, declared, reasons, open ranges), oldest epoch first."""
    with psycopg.connect(dsn, connect_timeout=5) as connection:
        return connection.execute(
            "SELECT stream_id, epoch, expected, stored, declared, declared_reasons, open_ranges FROM loss_ledger"
            " ORDER BY epoch, stream_id"
        ).fetchall()


def until(what: str, true: Callable[[], bool], within_s: float = 60.0) -> None:
    end_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end_s, what
        time.sleep(0.3)


def stored(dsn: str) -> int:
    return sum(row[3] for row in ledger(dsn))


def test_every_number_is_accounted_for_whatever_is_taken_away(tmp_path: Path) -> None:
    database = EmbeddedPostgres(tmp_path / "postgres", log=tmp_path / "database.log")
    with EmbeddedBroker(log=tmp_path / "broker.log") as broker, database, ExitStack() as running:
        create_topics(broker.brokers)
        dsn = database.dsn
        migrate(dsn, MIGRATIONS)

        def edge() -> Process:
            options = ("--agent-id=ward-a", f"--spool={tmp_path / 'a.spool'}", "--no-idempotent", "--no-monitor")
            log, beds = tmp_path / "edge.log", f"--beds=normal*{BEDS}"
            return running.enter_context(Process(log, "edge", f"--brokers={broker.brokers}", beds, *options))

        def recorder() -> Process:
            log, brokers = tmp_path / "recorder.log", f"--brokers={broker.brokers}"
            return running.enter_context(Process(log, "stream.recorder", brokers, f"--dsn={dsn}", "--flush-s=1"))

        agent, keeper = edge(), recorder()
        until("nothing was stored at first", lambda: stored(dsn) >= 5 * BEDS)

        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        time.sleep(CUT_S)
        before = stored(dsn)
        os.kill(broker.pid, signal.SIGCONT)
        until("nothing came after the cut", lambda: stored(dsn) >= before + (CUT_S + 5) * BEDS, 90)
        live, late = numbers(broker.brokers, SEGMENTS), numbers(broker.brokers, BACKFILL)
        assert {n[2] for n in late} and max(n[2] for n in live) > max(n[2] for n in late), "live did not wait"

        keeper.kill()
        time.sleep(DOWN_S)
        keeper = recorder()
        seen = stored(dsn)
        until("the recorder did not take up again", lambda: stored(dsn) >= seen + DOWN_S * BEDS)

        assert database.pid is not None
        os.kill(database.pid, signal.SIGKILL)
        time.sleep(DOWN_S)
        database.stop()
        database.start()
        seen = stored(dsn)
        until("nothing was stored after the database came back", lambda: stored(dsn) >= seen + DOWN_S * BEDS)

        agent.kill()
        time.sleep(DOWN_S)
        agent = edge()
        until("the second epoch was not stored", lambda: len([r for r in ledger(dsn) if r[3] > 5]) == 2 * BEDS)
        assert agent.stop() < 8
        until("ranges stay open", lambda: all(row[6] == "{}" for row in ledger(dsn)))
        rows = ledger(dsn)
    old, new = rows[:BEDS], rows[BEDS:]
    assert len(new) == BEDS
    for _, _, expected, kept, declared, _, _ in rows:
        assert expected == kept + declared
    assert all(reasons == "agent_down" and DOWN_S <= declared <= DOWN_S + 10 for *_, declared, reasons, _ in old), old
    assert all(declared == 0 for *_, declared, _, _ in new), "nothing was lost but what nobody saw"
