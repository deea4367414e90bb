"""The spool: a crash-safe store on disk of what the broker has not acknowledged, bounded in bytes and in age.

Order of every tick: store, publish, delete on acknowledgement. What must be dropped is declared as a GapRecord in the same
transaction. One thread uses it: the tick's. Must not import the publisher nor the sources.

SQLite in WAL mode with synchronous=FULL: one fsync per tick and agent, so that a bedside whose plug is pulled loses nothing
that was published or waits (NORMAL would lose the last transactions; the price is one fsync a second, not CPU). One row per
batch, not per segment. 16 KiB pages, because a batch is 50 to 256 KB.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from ecg.errors import VigilError
from ecg.gaps import GapReason, GapRecord
from edge import downtime
from edge.spool_rows import Acked, Encoded, Kind, Note, SpoolFull, Stored, gaps_of
from vigil.v1 import signal_pb2

_log = structlog.get_logger("vigil.edge.spool")

#: UTC s of the epoch numbers' zero, 2020-01-01: seconds since then are monotonic even where the spool's disk was replaced
#: or a device moved to another agent, and fit int32 until 2088.
EPOCH_ZERO_S = 1_577_836_800
#: When a bound is passed, this share of it is freed at once: few, long gap records instead of one per tick.
_FREE_SHARE = 0.05
_ATTEMPTS = 3
_NS = 1_000_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time_ns INTEGER NOT NULL, n_segments INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS gap (
    id INTEGER PRIMARY KEY AUTOINCREMENT, stream_id TEXT NOT NULL, epoch INTEGER NOT NULL, first_seq INTEGER NOT NULL,
    end_seq INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, time_ns INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS gap_end ON gap (stream_id, epoch, reason, end_seq);
CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS stream (
    stream_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, next_seq INTEGER NOT NULL) WITHOUT ROWID;
"""


class Spool:
    """The store of one agent.

    Args:
        path: Database file; its folder is made.
        max_bytes: Of batches waiting; above it the oldest are dropped and declared.
        max_age_s: Of batches waiting.
        max_notes: Condition events waiting; above it the oldest are dropped and logged.

    Attributes:
        waiting_bytes: Payload bytes of batches.
        waiting_segments: Segments in them.
        dropped_segments: Segments dropped since it was opened.
    """

    def __init__(self, path: Path, max_bytes: int, max_age_s: float = 72 * 3600.0, max_notes: int = 20_000) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._max_bytes, self._max_age_ns, self._max_notes = max_bytes, round(max_age_s * _NS), max_notes
        self._db = sqlite3.connect(path, isolation_level=None, timeout=0.1)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise VigilError(
                f"spool {path} cannot be opened: {error}. Another agent may hold it, or the file is damaged: "
                "move it away to start with an empty one"
            ) from error
        self.dropped_segments = 0
        self._dropped_rows: list[int] = []
        self.waiting_bytes, self.waiting_segments, self._n_notes, self._n_gaps = self._count()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA page_size=16384")
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")  # one agent per spool; also spares the shared-memory file
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA wal_autocheckpoint=1024")
        self._db.executescript(_SCHEMA + downtime.SCHEMA)

    def _count(self) -> tuple[int, int, int, int]:
        size, segments = self._db.execute(
            "SELECT COALESCE(SUM(LENGTH(payload)), 0), COALESCE(SUM(n_segments), 0) FROM batch"
        ).fetchone()
        (notes,) = self._db.execute("SELECT COUNT(*) FROM note").fetchone()
        (gaps,) = self._db.execute("SELECT COUNT(*) FROM gap").fetchone()
        return int(size), int(segments), int(notes), int(gaps)

    def close(self) -> None:
        """Closes the file; what waits stays."""
        self._db.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk may have rolled back already
                self._db.execute("ROLLBACK")
            self.waiting_bytes, self.waiting_segments, self._n_notes, self._n_gaps = self._count()
            raise

    # Epochs

    def begin_epoch(self, stream_ids: Sequence[str], wall_ns: int) -> dict[str, int]:
        """Gives every stream a new epoch, above all it had before, and keeps it.

        Args:
            stream_ids: The agent's streams.
            wall_ns: UTC ns now.

        Returns:
            Epoch by stream.
        """
        now = max(1, wall_ns // _NS - EPOCH_ZERO_S)
        before = self.streams()
        epochs = {stream: max(now, before[stream][0] + 1 if stream in before else 1) for stream in stream_ids}
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO stream VALUES (?, ?, 0)", list(epochs.items()))
            downtime.note_running(self._db, epochs)
        return epochs

    def declare_downtime(self, wall_ns: int) -> list[GapRecord]:
        """Declares what was not seen since an agent on this spool ended without a word; to be called before begin_epoch."""
        with self._transaction():
            gaps = downtime.take_downtime(self._db, wall_ns)
            self._declare(gaps)
        return gaps

    def streams(self) -> dict[str, tuple[int, int]]:
        """(epoch, next_seq as last kept) of every stream this spool has known."""
        return {name: (epoch, seq) for name, epoch, seq in self._db.execute("SELECT * FROM stream")}

    # Storing

    def commit(
        self,
        batches: Sequence[Encoded],
        gaps: Sequence[GapRecord],
        notes: Sequence[Note],
        acked: Iterable[Acked],
        next_seq: Mapping[str, int],
        now_ns: int,
        ended: Sequence[str] = (),
    ) -> Stored:
        """One tick's transaction: deletes what arrived, keeps within bounds, stores what is new.

        Args:
            batches: To store, oldest first.
            gaps: To declare.
            notes: To store.
            acked: Rows the broker has.
            next_seq: Ledger's upper edge by stream.
            now_ns: UTC ns.
            ended: Streams that ended in good order.

        Returns:
            Row ids.

        Raises:
            SpoolFull: The disk took nothing; nothing of this call is kept, and the acked rows are still there.
        """
        acked = list(acked)
        coming = sum(len(batch.payload) for batch in batches)
        for attempt in range(_ATTEMPTS):
            try:
                with self._transaction():
                    stored = self._commit(batches, gaps, notes, acked, next_seq, now_ns)
                    downtime.note_tick(self._db, now_ns, ended)
                    return stored
            except sqlite3.OperationalError as error:
                # Only this many: where the disk takes nothing at all, dropping more of what waits would not help.
                if attempt == _ATTEMPTS - 1 or not self._make_room(coming, now_ns, str(error)):
                    raise SpoolFull(f"spool: {error}") from error
        raise AssertionError("the last attempt returns or raises")

    def _commit(
        self,
        batches: Sequence[Encoded],
        gaps: Sequence[GapRecord],
        notes: Sequence[Note],
        acked: list[Acked],
        next_seq: Mapping[str, int],
        now_ns: int,
    ) -> Stored:
        self._delete(acked)
        coming = sum(len(batch.payload) for batch in batches)
        self._keep_bounds(coming, now_ns)
        self._declare(gaps)
        batch_ids = []
        for batch in batches:
            row = self._db.execute(
                "INSERT INTO batch (time_ns, n_segments, payload) VALUES (?, ?, ?)",
                (batch.time_ns, batch.n_segments, batch.payload),
            ).lastrowid
            batch_ids.append(int(row or 0))
            self.waiting_bytes += len(batch.payload)
            self.waiting_segments += batch.n_segments
        note_ids = [
            int(
                self._db.execute("INSERT INTO note (topic, payload) VALUES (?, ?)", (n.topic, n.payload)).lastrowid or 0
            )
            for n in notes
        ]
        self._n_notes += len(notes)
        if next_seq:
            rows = [(seq, stream) for stream, seq in next_seq.items()]
            self._db.executemany("UPDATE stream SET next_seq = ? WHERE stream_id = ?", rows)
        return Stored(tuple(batch_ids), tuple(note_ids))

    def _delete(self, acked: list[Acked]) -> None:
        for mark in acked:
            if mark.kind is Kind.BATCH:
                gone = self._db.execute(
                    "DELETE FROM batch WHERE id = ? RETURNING LENGTH(payload), n_segments", (mark.row,)
                ).fetchall()
                for size, segments in gone:
                    self.waiting_bytes -= size
                    self.waiting_segments -= segments
            elif mark.kind is Kind.GAP:
                cursor = self._db.execute("DELETE FROM gap WHERE id = ? AND end_seq = ?", (mark.row, mark.end_seq))
                self._n_gaps -= cursor.rowcount
            else:
                self._n_notes -= self._db.execute("DELETE FROM note WHERE id = ?", (mark.row,)).rowcount

    # Bounds

    def _keep_bounds(self, coming_bytes: int, now_ns: int) -> None:
        oldest = self._db.execute("SELECT MIN(time_ns) FROM batch").fetchone()[0]
        if oldest is not None and now_ns - oldest > self._max_age_ns:
            limit_ns = now_ns - self._max_age_ns
            self._drop("SELECT id FROM batch WHERE time_ns < ? ORDER BY id", (limit_ns,), None, "too old", now_ns)
        over = self.waiting_bytes + coming_bytes - self._max_bytes
        if over > 0 and self.waiting_segments:
            self._drop("SELECT id FROM batch ORDER BY id", (), over + self._max_bytes * _FREE_SHARE, "full", now_ns)
        if self._n_notes > self._max_notes:
            n = self._n_notes - self._max_notes
            self._db.execute("DELETE FROM note WHERE id IN (SELECT id FROM note ORDER BY id LIMIT ?)", (n,))
            self._n_notes -= n
            _log.error("condition_events_dropped", count=n, reason="too many wait for the broker")

    def _make_room(self, coming_bytes: int, now_ns: int, why: str) -> bool:
        """After the disk refused a write: drops the oldest batches, freeing pages in the file. False where it cannot."""
        try:
            self._db.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            if not self.waiting_segments:
                return False
            with self._transaction():
                size = coming_bytes + self.waiting_bytes * _FREE_SHARE
                self._drop("SELECT id FROM batch ORDER BY id", (), size, f"disk: {why}", now_ns)
        except sqlite3.OperationalError:
            return False
        return True

    def _drop(
        self, query: str, arguments: tuple[int, ...], at_least_bytes: float | None, why: str, now_ns: int
    ) -> None:
        freed = segments = 0
        lost: dict[tuple[str, int], list[int]] = {}
        for (row,) in self._db.execute(query, arguments).fetchall():
            if at_least_bytes is not None and freed >= at_least_bytes:
                break
            payload, n = self._db.execute("SELECT payload, n_segments FROM batch WHERE id = ?", (row,)).fetchone()
            for segment in signal_pb2.SegmentBatch.FromString(payload).segments:
                lost.setdefault((segment.stream_id, segment.epoch), []).append(segment.seq)
            self._db.execute("DELETE FROM batch WHERE id = ?", (row,))
            self._dropped_rows.append(row)
            freed, segments = freed + len(payload), segments + n
        self.waiting_bytes -= freed
        self.waiting_segments -= segments
        self.dropped_segments += segments
        self._declare(gaps_of(lost, GapReason.SPOOL_DROPPED, f"spool {why}", now_ns))
        if segments:
            _log.error("spool_dropped", segments=segments, bytes=freed, reason=why)

    def _declare(self, gaps: Sequence[GapRecord]) -> None:
        for gap in gaps:
            key = (gap.stream_id, gap.epoch, gap.reason.value)
            grown = self._db.execute(
                "UPDATE gap SET end_seq = ?, time_ns = ? WHERE stream_id = ? AND epoch = ? AND reason = ? AND end_seq = ?",
                (gap.end_seq, gap.time_ns, *key, gap.first_seq),
            ).rowcount
            if not grown:
                self._db.execute(
                    "INSERT INTO gap (stream_id, epoch, first_seq, end_seq, reason, detail, time_ns) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (gap.stream_id, gap.epoch, gap.first_seq, gap.end_seq, gap.reason.value, gap.detail, gap.time_ns),
                )
                self._n_gaps += 1

    # Reading back

    def take_dropped(self) -> list[int]:
        """Rows of batches dropped since the last call (their gaps are declared)."""
        rows, self._dropped_rows = self._dropped_rows, []
        return rows

    def batch_ids(self) -> list[int]:
        """Rows of batches that wait, oldest first."""
        return [row for (row,) in self._db.execute("SELECT id FROM batch ORDER BY id")]

    def batch(self, row: int) -> bytes | None:
        """A batch's payload; None where it was dropped since."""
        found = self._db.execute("SELECT payload FROM batch WHERE id = ?", (row,)).fetchone()
        return None if found is None else bytes(found[0])

    def gaps(self, limit: int = 500) -> list[tuple[int, GapRecord]]:
        """The oldest gap records that wait, with their rows."""
        if not self._n_gaps:
            return []
        rows = self._db.execute("SELECT * FROM gap ORDER BY id LIMIT ?", (limit,)).fetchall()
        return [(r[0], GapRecord(r[1], r[2], r[3], r[4], GapReason(r[5]), r[6], r[7])) for r in rows]

    def notes(self, limit: int = 500) -> list[tuple[int, Note]]:
        """The oldest notes that wait, with their rows."""
        if not self._n_notes:
            return []
        rows = self._db.execute("SELECT id, topic, payload FROM note ORDER BY id LIMIT ?", (limit,)).fetchall()
        return [(row, Note(topic, bytes(payload))) for row, topic, payload in rows]
