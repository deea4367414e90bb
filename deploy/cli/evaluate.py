"""`vigil evaluate`: the figures of a task on whatever recordings stand in a folder."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

import ecg
from deploy.stack.plan import MODELS
from ecg.errors import InvalidSignal

#: Task to the module of training.evaluation whose evaluate(data_dir, split, progress) measures it.
TASKS = {
    "beats": ("beats", "beat_classes"),
    "delineation": ("delineation",),
    "quality": ("quality", "quality_kinds"),
    "rhythm": ("rhythm",),
    "lethal": ("lethal",),
    "alarms": ("alarms",),
    "measurements": ("measurements",),
    "chains": ("chains",),
    "encoder": ("encoder",),
}
#: The fitted parts behind the figures.
_KERNEL = Path(ecg.__file__).parent
_FITTED = (
    _KERNEL / "beats/detector.npz",
    _KERNEL / "beats/model/classifier.npz",
    _KERNEL / "beats/model/final.npz",
    _KERNEL / "rhythm/wave_model.npz",
    _KERNEL / "delineation/weights_all.npz",
    _KERNEL / "quality/window_model.json",
    _KERNEL / "quality/noise_model.npz",
    MODELS / "screening/model.onnx",
)


def _records(data: Path) -> dict[str, int]:
    """How many records stand in each data set, however deep."""
    return dict(sorted(Counter(path.relative_to(data).parts[0] for path in data.glob("*/**/*.hea")).items()))


def _models() -> str:
    """The version of the product and, for each fitted part, the start of its file's SHA-256."""
    fitted = [f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}" for path in _FITTED]
    return "; ".join([f"vigil {version('vigil-ecg')}", *fitted])


@click.command()
@click.argument("task", type=click.Choice(list(TASKS)))
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True, help="Folder of data sets."
)
@click.option("--split", help="Only this split (e.g. DS1, DS2, test); all records by default.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the figures as JSON to this file.")
def evaluate(task: str, data: Path, split: str | None, json_file: Path | None) -> None:
    """Print the figures of TASK on the recordings in DATA, with 95 % intervals.

    DATA is laid out as docs/data.md says (mitdb/, vfdb/, ludb/ ...): whatever records stand there are evaluated, so that
    another hospital's records in the same layout get the same figures.
    """
    console = Console(stderr=True)
    figures = []
    for module in TASKS[task]:
        run = importlib.import_module(f"training.evaluation.{module}").evaluate
        figures += run(data, split, lambda line: console.print(f"[dim]{line}[/]"))
    if not figures:
        raise InvalidSignal(f"{data}: no record there that {task} could be measured on; docs/data.md says the layout")
    result = {
        "task": task,
        "data": str(data),
        "split": split,
        "records": _records(data),
        "model": _models(),
        "figures": [figure.to_json() for figure in figures],
    }
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n")
    table = Table(title=f"{task} on {data}")
    table.add_column("figure", overflow="fold")
    for heading in ("value", "95 % interval", "n", "unit"):
        table.add_column(heading)
    for f in figures:
        interval = "" if f.low is None or f.high is None else f"{f.low:.4g} to {f.high:.4g}"
        table.add_row(f.name, "not measurable" if f.value is None else f"{f.value:.5g}", interval, str(f.n), f.unit)
    Console().print(table)
