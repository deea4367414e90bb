"""An agent is killed with SIGKILL in the middle of writing: whatever was stored before is there, none of it damaged."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.spool import Spool
from vigil.v1 import signal_pb2

_WRITER = """
import sys
import numpy as np
from pathlib import Path
from ecg.segments import Lead, Segment
from edge.batches import pack
from edge.spool import Spool
from edge.spool_rows import Acked, Encoded, Kind

spool = Spool(Path(sys.argv[1]), 3_000_000)
epoch = spool.begin_epoch(["bed-01"], 1_700_000_000_000_000_000)["bed-01"]
print("epoch", epoch, flush=True)
samples = np.ones((8, 2000), np.int16)
leads = tuple(Lead(f"L{i}") for i in range(8))
last = None
for seq in range(100_000):
    segment = Segment("bed-01", epoch, seq, seq * 2000, 500.0, 1, leads, samples)
    ((_, payload),) = pack("a", "0", 1, [segment])
    acked = [Acked(Kind.BATCH, last)] if last is not None and seq % 3 == 0 else []
    if acked:
        print("acked", seq - 1, flush=True)
    (last,) = spool.commit([Encoded(payload, 1, 1)], [], [], acked, {"bed-01": seq + 1}, 1).batches
    print("stored", seq, flush=True)
"""


@pytest.mark.parametrize("run", range(3))
def test_what_was_stored_survives_kill_9(tmp_path: Path, run: int) -> None:
    path, rng = tmp_path / "a.spool", random.Random(run)
    epochs: list[int] = []
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        epochs.append(int(writer.stdout.readline().split()[1]))
        time.sleep(rng.uniform(0.05, 0.5))
        writer.send_signal(signal.SIGKILL)
        # the spool logs to the same pipe, and the kill can cut the last line short: only whole lines of two words are ours
        whole = [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        said = [line.split() for line in whole if line.count(" ") == 1]
        writer.wait()
        writer.stdout.close()
        stored = {int(n) for what, n in said if what == "stored"}
        acked = {int(n) for what, n in said if what == "acked"}
        assert stored, "the writer wrote nothing before it was killed"
        spool = Spool(path, 3_000_000)
        kept, gone = _numbers(spool, epochs[-1])
        assert spool.streams()["bed-01"][0] == epochs[-1]
        assert spool.streams()["bed-01"][1] >= max(stored) + 1
        spool.close()
        assert stored <= kept | gone | acked, "stored, and now neither there nor declared nor acknowledged"
        assert not kept & gone
    assert epochs == sorted(set(epochs)), "every start has an epoch of its own"


def _numbers(spool: Spool, epoch: int) -> tuple[set[int], set[int]]:
    """Numbers of this epoch that are stored, and that are declared dropped."""
    kept = {
        segment.seq
        for row in spool.batch_ids()
        for segment in signal_pb2.SegmentBatch.FromString(spool.batch(row) or b"").segments
        if segment.epoch == epoch
    }
    gone = {n for _, gap in spool.gaps(10_000) if gap.epoch == epoch for n in range(gap.first_seq, gap.end_seq)}
    return kept, gone
