"""Replays the reference programs' golden runs: every file of data/ec57-golden, letter for letter, and nst bit for bit.

Made by: the commands in data/ec57-golden/commands.txt (WFDB Software Package, source of 2022-06-10).
"""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from deploy.cli.score import score

DATA = Path(__file__).parents[2] / "data"
GOLDEN = DATA / "ec57-golden"
ANNOTATIONS = GOLDEN / "annotations"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not GOLDEN.exists(), reason="data/ec57-golden is not here: the reference outputs"),
]

GOLDEN_FILES = (
    "bxb-line-first10min.out",
    "bxb-line-first10min.sumstats",
    "bxb-line.out",
    "bxb-line.sumstats",
    "bxb-matrix.out",
    "epicmp-af-matrix.out",
    "epicmp-af.out",
    "epicmp-af.sumstats",
    "epicmp-vf-matrix.out",
    "epicmp-vf.out",
    "epicmp-vf.sumstats",
    "rxr-matrix.out",
    "rxr-sve.out",
    "rxr-sve.sumstats",
    "rxr-ve.out",
    "rxr-ve.sumstats",
    "sd-line-first10min.out",
    "sd-line.out",
    "sd-line.sumstats",
)


def run(words: list[str]) -> str:
    outcome = CliRunner().invoke(score, words, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every command of commands.txt, run through `vigil score` into a fresh folder, all records of a kind at once."""
    folder = tmp_path_factory.mktemp("golden")
    grouped: dict[tuple[str, ...], list[str]] = {}
    sums: list[tuple[str, str]] = []
    for line in (GOLDEN / "commands.txt").read_text().splitlines():
        words = shlex.split(line)
        if words[0] == "sumstats":
            sums.append((words[1], words[3]))
            continue
        at = words.index("-r")
        record, rest = words[at + 1], words[:at] + words[at + 2 :]
        rest = [str(folder / Path(word).name) if word.startswith("../") else word for word in rest]
        grouped.setdefault(tuple(rest), []).append(record)
    for words, records in grouped.items():
        repeated = [part for record in records for part in ("-r", str(ANNOTATIONS / record))]
        run([words[0], *repeated, *words[1:]])
    for source, target in sums:
        (folder / target).write_text(run(["sumstats", str(folder / source)]))
    return folder


def test_no_golden_file_is_left_out() -> None:
    made = {path.name for path in GOLDEN.iterdir() if path.suffix in (".out", ".sumstats")}
    assert made == set(GOLDEN_FILES)


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_report_is_the_reference_programs(replayed: Path, name: str) -> None:
    assert (replayed / name).read_text() == (GOLDEN / name).read_text()


@pytest.mark.skipif(
    not (DATA / "nstdb" / "118e06.dat").exists() or not (DATA / "mitdb" / "118.dat").exists(),
    reason="data/nstdb and data/mitdb are not here",
)
def test_nst_makes_118e06_bit_for_bit(tmp_path: Path) -> None:
    made = tmp_path / "118e06"
    run(["nst", "-i", str(DATA / "mitdb" / "118"), str(DATA / "nstdb" / "em"), "-s", "6", "-o", str(made)])
    mine = np.fromfile(made.with_suffix(".dat"), dtype="<i2")
    theirs = np.fromfile(DATA / "nstdb" / "118e06.dat", dtype="<i2")
    np.testing.assert_array_equal(mine, theirs)
    assert made.with_suffix(".hea").read_text().splitlines()[0] == "118e06 2 360 650000"
