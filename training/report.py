"""`make report`: docs/performance.md, every figure of every task, as `vigil evaluate` measures it. Regenerated, never typed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

TASKS = ("beats", "delineation", "quality", "rhythm", "lethal", "alarms", "measurements", "chains", "encoder")

_HEAD = """# Performance

Printed by `make report` (each section by the command under its title) on the recordings of docs/data.md that stood in
`{data}`, at revision `{revision}`. Intervals are 95 %. Records of every data set are a part of the original: figures are
of this part, never of the whole. What was fitted on what is in docs/experiments.md and in the manifests.
"""


def section(task: str, data: Path) -> str:
    """One task as Markdown; a task that could not be measured says why."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "deploy.cli", "evaluate", task, "--data", str(data), "--json", str(out)]
        done = subprocess.run(command, capture_output=True, text=True)
        title = f"## {task}\n\n`vigil evaluate {task} --data {data}`\n\n"
        if done.returncode or not out.exists():
            return title + f"Not measured: {(done.stderr or done.stdout).strip().splitlines()[-1]}\n"
        found: dict[str, Any] = json.loads(out.read_text())
    rows = ["| figure | value | 95 % interval | n | unit |", "|---|---|---|---|---|"]
    rows += [_row(figure) for figure in found["figures"]]
    return title + "\n".join(rows) + "\n"


def _row(figure: dict[str, Any]) -> str:
    value = "not measurable" if figure["value"] is None else f"{figure['value']:.5g}"
    low, high = figure["low"], figure["high"]
    interval = "" if low is None or high is None else f"{low:.4g} to {high:.4g}"
    return f"| {figure['name']} | {value} | {interval} | {figure['n']} | {figure['unit']} |"


@click.command()
@click.option("--data", type=click.Path(exists=True, path_type=Path), default=Path("data"), show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/performance.md"), show_default=True)
@click.option("--tasks", default=",".join(TASKS), show_default=True)
def main(data: Path, out: Path, tasks: str) -> None:
    """Measures every task on DATA and writes OUT. Takes some minutes."""
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    parts = [_HEAD.format(data=data, revision=revision)]
    for task in tasks.split(","):
        click.echo(f"measuring {task}", err=True)
        parts.append(section(task, data))
    out.write_text("\n".join(parts))
    click.echo(f"written to {out}")


if __name__ == "__main__":
    main()
