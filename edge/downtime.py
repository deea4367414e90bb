"""Downtime: what an agent that ended without a word did not see, declared when it starts again.

Owns two small tables of the spool: which streams were running, and when the last tick was stored. Works on the spool's
own connection, inside its transactions. Must not import the agent.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from ecg.gaps import GapReason, GapRecord

SCHEMA = """
CREATE TABLE IF NOT EXISTS running (stream_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last_tick (id INTEGER PRIMARY KEY CHECK (id = 0), time_ns INTEGER NOT NULL);
"""
_NS = 1_000_000_000


def note_running(db: sqlite3.Connection, stream_ids: Iterable[str]) -> None:
    """These streams run until `note_tick` says that they ended."""
    db.executemany("INSERT OR IGNORE INTO running VALUES (?)", [(stream,) for stream in stream_ids])


def note_tick(db: sqlite3.Connection, now_ns: int, ended: Iterable[str]) -> None:
    """A tick was stored at now_ns (UTC ns), and these streams have ended in good order."""
    db.execute("INSERT OR REPLACE INTO last_tick VALUES (0, ?)", (now_ns,))
    db.executemany("DELETE FROM running WHERE stream_id = ?", [(stream,) for stream in ended])


def take_downtime(db: sqlite3.Connection, now_ns: int) -> list[GapRecord]:
    """One gap per stream that was running when the agent died, a number per second since; taken once.

    The gap goes on where the stream's numbers ended, in its old epoch; `stream.next_seq` follows it.
    """
    row = db.execute("SELECT time_ns FROM last_tick").fetchone()
    if row is None:
        return []
    down_s = max(0.0, (now_ns - row[0]) / _NS)
    n = max(1, round(down_s))
    found = db.execute("SELECT stream_id, epoch, next_seq FROM running JOIN stream USING (stream_id)").fetchall()
    detail = f"the agent ended without a word and was away for {down_s:.0f} s"
    db.execute("UPDATE stream SET next_seq = next_seq + ? WHERE stream_id IN (SELECT stream_id FROM running)", (n,))
    db.execute("DELETE FROM running")
    return [
        GapRecord(stream, epoch, next_seq, next_seq + n, GapReason.AGENT_DOWN, detail, now_ns)
        for stream, epoch, next_seq in found
    ]
