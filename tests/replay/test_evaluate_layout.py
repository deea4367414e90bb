"""`vigil evaluate TASK --json FILE` on a few real records of every data set: the layout of DESIGN section 8, for every task."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import main
from deploy.cli.evaluate import TASKS
from training.evaluation.chain_questions import read_chains

#: A few records of each data set by name, and the files beside them that say what they are.
FEW = {
    "mitdb": ("100.*", "208.*"),
    "nstdb": ("em.*",),
    "vfdb": ("426.*",),
    "cudb": ("cu01.*",),
    "ludb": ("data/1.*", "data/8.*", "*.csv"),
    "cinc2011": ("*",),
    "cinc2015": ("ALARMS",),
    "cinc2017": ("REFERENCE.csv",),
    "ptb-xl": ("*.csv", "labels/*", "records500/0000?_hr.*"),
    "criteria": ("*",),
}
#: Data sets of many small records: how many of them.
FIRST = {"cinc2011": 24, "cinc2015": 8, "cinc2017": 12}


@pytest.fixture(scope="module")
def few(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for name, patterns in FEW.items():
        chosen = {path for pattern in patterns for path in (data_dir / name).glob(pattern) if path.is_file()}
        headers = sorted((data_dir / name).rglob("*.hea"))[: FIRST.get(name, 0)]
        if name in FIRST:
            chosen = {path for path in chosen if path.suffix not in (".hea", ".dat", ".mat")}
        chosen |= {path for header in headers for path in header.parent.glob(f"{header.stem}.*")}
        if name == "ptb-xl":
            for chain in read_chains(next((data_dir / "criteria").glob("*.jsonl*")))[:3]:
                chosen |= set((data_dir / name / "records500").glob(f"{chain.record_id:05d}_hr.*"))
        for path in chosen:
            link = folder / name / path.relative_to(data_dir / name)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
    return folder


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


@pytest.mark.parametrize("task", TASKS)
def test_the_json_has_the_layout_of_the_design(task: str, few: Path, tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    result = CliRunner().invoke(main, ["evaluate", task, "--data", str(few), "--json", str(target)], prog_name="vigil")
    assert result.exit_code == 0, result.output[-2000:]
    told = json.loads(target.read_text(), parse_constant=_refuse)
    assert {"task", "data", "records", "model", "figures"} <= set(told)
    assert told["task"] == task and told["data"] == str(few) and told["records"] and "vigil" in told["model"]
    names = [figure["name"] for figure in told["figures"]]
    assert len(names) == len(set(names)) > 0
    for figure in told["figures"]:
        assert set(figure) == {"name", "value", "low", "high", "n", "unit"}, figure
        assert isinstance(figure["unit"], str) and isinstance(figure["n"], int) and figure["n"] >= 0
        value, low, high = figure["value"], figure["low"], figure["high"]
        assert value is None or math.isfinite(value)
        assert (low is None) == (high is None)
        if value is not None and low is not None:
            assert low - 1e-9 <= value <= high + 1e-9, figure
