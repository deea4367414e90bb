"""Time per record of the EC57 scorer, beside the WFDB programs where they are on PATH.

Run: python tests/benchmarks/bench_ec57.py [--data data/ec57-golden/annotations] [--repeats 20]

The programs start a process a record, and that is how they are used; the scorer is called in one process. Where the
programs are not installed, the time to start the smallest process stands for the least they could take.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from ecg.annotations import Annotations
from ecg.ec57 import EpisodeType, score_beats, score_episodes, score_runs
from edge.wfdb_files import read_annotations

Pair = tuple[Annotations, Annotations]


def best_us(call: Callable[[], object], n_records: int, repeats: int) -> float:
    """Microseconds a record of the fastest of `repeats` passes (the machine is shared: the rest is other work)."""
    call()  # compiled code is loaded here
    fastest = min(_timed_s(call) for _ in range(repeats))
    return fastest / n_records * 1e6


def _timed_s(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def program_us(words: list[str], folder: Path, records: list[str], repeats: int) -> float:
    """Microseconds a record of a program run once a record, as its users run it."""

    def all_records() -> None:
        with tempfile.TemporaryDirectory() as scratch:
            for record in records:
                filled = [word.format(record=record, scratch=scratch) for word in words]
                subprocess.run(filled, cwd=folder, check=True, capture_output=True)

    return best_us(all_records, len(records), repeats)


def main() -> None:
    """Prints the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    default = Path(__file__).parents[2] / "data" / "ec57-golden" / "annotations"
    arguments.add_argument("--data", type=Path, default=default, help="folder with .hea, .atr and .tst files")
    arguments.add_argument("--repeats", type=int, default=20)
    given = arguments.parse_args()
    folder, repeats = given.data, given.repeats
    records = sorted(path.stem for path in folder.glob("*.hea"))
    if not records:
        sys.exit(f"no records in {folder}")

    def read() -> list[Pair]:
        return [(read_annotations(folder / r, "atr"), read_annotations(folder / r, "tst")) for r in records]

    pairs = read()
    reading = best_us(read, len(records), repeats)
    print(f"{len(records)} records; microseconds a record, best of {repeats}")
    print(f"{'reading two annotators':28s} {reading:8.0f}")
    rows: list[tuple[str, Callable[[], object], list[str]]] = [
        ("bxb", lambda: [score_beats(*pair) for pair in pairs], ["-L", "{scratch}/a", "{scratch}/b"]),
        ("rxr", lambda: [score_runs(*pair) for pair in pairs], ["-L", "{scratch}/a", "{scratch}/b"]),
        (
            "epicmp",
            lambda: [score_episodes(*pair, kind) for pair in pairs for kind in (EpisodeType.AF, EpisodeType.VF)],
            ["-A", "{scratch}/a", "-V", "{scratch}/b", "-L"],
        ),
    ]
    for name, call, options in rows:
        ours = best_us(call, len(records), repeats)
        text = f"{name:28s} {ours:8.0f}   with reading {ours + reading:8.0f}"
        if shutil.which(name):
            theirs = program_us([name, "-r", "{record}", "-a", "atr", "tst", *options], folder, records, 3)
            text += f"   the C program {theirs:8.0f}"
        else:
            text += "   the C program is not on PATH"
        print(text)
    least = program_us(["/bin/true"], folder, records, 3)
    print(f"{'starting an empty process':28s} {least:8.0f}   (the least any program a record can take here)")


if __name__ == "__main__":
    main()
