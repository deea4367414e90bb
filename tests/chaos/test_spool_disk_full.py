"""The disk is full: live goes on, what is lost is declared, and when there is room again the spool stores again.

The kernel refuses the writes (RLIMIT_FSIZE, in a process of its own), SQLite meets the refusal as on a full disk.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_WRITER = """
import json, resource, signal, sys
import numpy as np
from pathlib import Path
from ecg.segments import Lead, Segment
from edge.batches import pack
from edge.spool import Spool
from edge.spool_rows import Encoded, SpoolFull
from vigil.v1 import signal_pb2

path, limit = Path(sys.argv[1]), int(sys.argv[2])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
spool = Spool(path, 50_000_000)
epoch = spool.begin_epoch(["bed-01"], 10**18)["bed-01"]
spool.commit([], [], [], [], {}, 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
leads = tuple(Lead(f"L{i}") for i in range(8))
made, refused = 0, []

def store(seq):
    segment = Segment("bed-01", epoch, seq, seq * 2000, 500.0, 1, leads, np.ones((8, 2000), np.int16))
    ((_, payload),) = pack("a", "0", 1, [segment])
    try:
        spool.commit([Encoded(payload, 1, 1)], [], [], [], {}, 1)
    except SpoolFull:
        refused.append(seq)

for seq in range(300):
    store(seq)
during = len(refused)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for seq in range(300, 310):
    store(seq)
kept = [s.seq for row in spool.batch_ids() for s in signal_pb2.SegmentBatch.FromString(spool.batch(row)).segments]
gone = [n for _, gap in spool.gaps() for n in range(gap.first_seq, gap.end_seq)]
print("BOOK", json.dumps({"kept": kept, "gone": gone, "refused": refused, "during": during, "bytes": spool.waiting_bytes}))
"""


@pytest.mark.parametrize("limit_mb", [1, 3, 8])
def test_a_full_disk_is_met_without_losing_a_number(tmp_path: Path, limit_mb: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _WRITER, str(tmp_path / "a.spool"), str(limit_mb * 1_000_000)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    book = json.loads(done.stdout.rpartition("BOOK")[2])
    assert sorted(book["kept"] + book["gone"] + book["refused"]) == list(range(310)), "lost or doubled in silence"
    assert book["gone"] or book["refused"], "the disk was never full: the test showed nothing"
    assert set(range(300, 310)) <= set(book["kept"]), "room again, and it does not store"
    assert len(book["refused"]) == book["during"]
