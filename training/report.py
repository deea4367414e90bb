"""`make report`: docs/performance.md, every figure of every task, as `vigil evaluate` measures it. Regenerated, never typed.

Owns the order of the runs and their cache (one JSON a run); what each figure is held to is training.report_targets', the
page training.report_page's. Must not import a task: each runs in a process of its own, and one that fails is reported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from training.report_page import Measured, page

#: (task, split); beats also on the half of mitdb that nothing was fitted on.
RUNS: tuple[tuple[str, str | None], ...] = (
    ("beats", None),
    ("beats", "DS2"),
    ("delineation", None),
    ("quality", None),
    ("rhythm", None),
    ("lethal", None),
    ("alarms", None),
    ("measurements", None),
    ("chains", None),
    ("encoder", None),
)


@dataclass(frozen=True, slots=True)
class Report:
    """Where recordings stand and where the measured runs are kept."""

    data: Path
    cache: Path
    limit_s: float

    def measured(self, task: str, split: str | None) -> Measured:
        """The run as it was measured last; one that never was says so."""
        stored = self._path(task, split)
        if not stored.is_file():
            return Measured(task, split, str(self.data), "", 0.0, (), "not run yet")
        found = json.loads(stored.read_text(encoding="utf-8"))
        return Measured(**{**found, "figures": tuple(found["figures"])})

    def measure(self, task: str, split: str | None) -> Measured:
        """Runs `vigil evaluate` and keeps what it says; a failure is kept as its last line."""
        self.cache.mkdir(parents=True, exist_ok=True)
        out = self._path(task, split).with_suffix(".figures")
        out.unlink(missing_ok=True)
        command = [sys.executable, "-m", "deploy.cli", "evaluate", task, "--data", str(self.data), "--json", str(out)]
        command += ["--split", split] if split else []
        begun = time.monotonic()
        figures, failure = (), ""
        try:
            done = subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=self.limit_s
            )
            if done.returncode == 0 and out.is_file():
                figures = tuple(json.loads(out.read_text(encoding="utf-8"))["figures"])
            else:
                failure = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1].strip()
        except subprocess.TimeoutExpired:
            failure = f"not done after {self.limit_s:.0f} s"
        out.unlink(missing_ok=True)
        made = Measured(task, split, str(self.data), _revision(), time.monotonic() - begun, figures, failure)
        self._path(task, split).write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
        return made

    def _path(self, task: str, split: str | None) -> Path:
        return self.cache / f"{task}{f'-{split}' if split else ''}.json"


def _revision() -> str:
    """Short revision of the checkout, with + where files differ from it; empty outside a checkout."""
    try:
        head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
        changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", "*.py", "*.npz", "*.json"]).returncode == 1
    except OSError:
        return ""
    return f"{head}+" if changed and head else head


@click.command()
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), default=Path("data"))
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/performance.md"), show_default=True)
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/report"), show_default=True)
@click.option(
    "--tasks", help="Measure only these anew (beats,quality ...), take the rest as last measured; '' for none."
)
@click.option("--limit-s", type=click.FloatRange(1), default=3600.0, show_default=True, help="Longest run of one task.")
def main(data: Path, out: Path, cache: Path, tasks: str | None, limit_s: float) -> None:
    """Measure every task on the recordings in DATA and write the page OUT. Takes some minutes."""
    known = {task for task, _ in RUNS}
    wanted = known if tasks is None else {task for task in tasks.split(",") if task}
    if wanted - known:
        raise click.UsageError(f"--tasks {', '.join(sorted(wanted - known))}: there are {', '.join(sorted(known))}")
    report = Report(data, cache, limit_s)
    found: list[Measured] = []
    with click.progressbar(RUNS, label="measuring", file=sys.stderr, item_show_func=_shown) as runs:
        for task, split in runs:
            found.append(report.measure(task, split) if task in wanted else report.measured(task, split))
            out.parent.mkdir(parents=True, exist_ok=True)
            left = [report.measured(*run) for run in RUNS[len(found) :]]
            out.write_text(page([*found, *left]), encoding="utf-8")
    for run in found:
        if run.failure:
            click.echo(f"{run.title}: not measured: {run.failure}", err=True)
    click.echo(f"written to {out}")


def _shown(run: tuple[str, str | None] | None) -> str | None:
    return run and " ".join(filter(None, run))


if __name__ == "__main__":
    main()
