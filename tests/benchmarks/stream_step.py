"""CPU per bed and second of the worker's pure part, and of the encoder: `python -m tests.benchmarks.stream_step [MODEL]`.

Prints the least and the median of several rounds of process time, so that other work on the machine disturbs little.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ecg import topics
from ecg.segments import Lead, Segment, SegmentBatch
from ecg.synthesis import BeatSpec, synthesize
from ecg.windows import Window
from ecg.wire import encode_segment_batch, encode_vitals
from stream.encoder import Encoder
from stream.outputs import Position
from stream.processor import Processor
from stream.screener import screen

FS, BEDS, SECONDS, S = 250, 50, 60, 1_000_000_000
AT = Position(topics.SEGMENTS.name, 0, 0)
LEADS = (Lead("II"), Lead("V1"))


def batches() -> list[bytes]:
    """One agent's messages: BEDS beds of two leads at rates of 55 to 104 a minute, with noise."""
    beds = []
    for bed in range(BEDS):
        rng = np.random.default_rng(bed)
        mv, _ = synthesize(BeatSpec(), 60 / (55 + bed), FS, float(SECONDS), ("II", "V1"), rng, noise_mv=0.02)
        beds.append(np.rint(mv * 200).astype(np.int16))

    def second(i: int) -> bytes:
        segments = tuple(
            Segment(f"bed-{b}", 0, i, i * FS, float(FS), i * S, LEADS, beds[b][:, i * FS : (i + 1) * FS].copy())
            for b in range(BEDS)
        )
        return encode_segment_batch(SegmentBatch("agent", "bench", 0, segments))

    return [second(i) for i in range(SECONDS)]


def rounds(what: Callable[[int], None], starts: range, per: float, name: str) -> None:
    """Runs what(start) for each start and prints its process time, ms, divided by per."""
    took_ms = []
    for start in starts:
        begun_s = time.process_time()
        what(start)
        took_ms.append((time.process_time() - begun_s) * 1e3 / per)
    print(f"{name}: min {min(took_ms):.3f} ms, median {statistics.median(took_ms):.3f} ms")


def main() -> None:
    """Steps 50 beds for a minute, then screens what windows came of it."""
    messages = batches()
    processor = Processor()
    windows: list[Window] = []

    def step(start: int) -> None:
        for i in range(start, start + 5):
            out = processor.on_segments(messages[i], AT, i * S, "agent")
            for agent_id, vitals in out.vitals.items():
                encode_vitals(agent_id, vitals)
            processor.on_time(i * S)
            windows.extend(out.windows)

    for start in (0, 5, 10):
        step(start)
    rounds(step, range(15, SECONDS, 5), 5 * BEDS, "decode, order, monitor, windows, vitals; per bed and second")
    if len(sys.argv) > 1:
        encoder = Encoder(Path(sys.argv[1]))
        print(f"{encoder.manifest.model_id} on {encoder.provider}")
        rounds(
            lambda start: void(screen(encoder, windows[start : start + BEDS])),
            range(0, 400, BEDS),
            BEDS,
            "prepare and encode; per window of 2 leads (hop 2 s: half of it per bed and second)",
        )


def void(_: object) -> None:
    """Nothing: keeps a result from being returned."""


if __name__ == "__main__":
    main()
