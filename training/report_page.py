"""The performance page: measured runs as Markdown, targets first, then every figure of every task.

Owns the text. Must not measure anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from training.report_targets import provenance_of, target_of

_HEAD = """# Performance

Printed by `make report`, each section by the command under its title, on the recordings docs/data.md names. Every data set
there is a part of the original: figures are of that part. Intervals are 95 %. "Fitted" says what the recordings behind a
figure were used for before: an in-sample figure shows that the code runs, not how well it will do elsewhere
(docs/experiments.md). `make report` measures all anew, `python -m training.report --tasks quality` one task.
"""
#: Title, recordings and method of each task.
_TASKS = {
    "beats": ("Beats", "MIT-BIH (mitdb), EC57 gross; noise stress: 118 and 119 with `em` of nstdb, the recipe of `nst`. Beat "
              "classes: first five minutes left out; `leads_01` both leads, `leads_0` the first alone."),
    "delineation": ("Delineation", "LUDB, each lead inside its annotated span, matched within 150 ms; NeuroKit2 in the same "
                    "run with R peaks of its own from lead II. CSE tolerances (2 SD): P on 10.2, P off 12.7, QRS on 6.5, QRS "
                    "off 11.6, T off 30.6 ms."),
    "quality": ("Quality", "CinC 2011, 12 leads, acceptable or not. Every kind of problem laid on mitdb in known stretches, "
                "noise from nstdb's last third; the index; the artefact ladder."),
    "rhythm": ("Rhythm", "mitdb: each annotated rhythm word that has a rule, counted as `epicmp` counts atrial fibrillation "
               "(AB, NOD, PREX and SBR have none); pauses: annotated RR of 2 s or more. CinC 2017: N, A, O, ~."),
    "lethal": ("Lethal arrhythmias", "vfdb, cudb and mitdb: episodes, durations, time from annotated onset to alarm."),
    "alarms": ("Alarms", "CinC 2015: is the monitor's alarm true? Score of the challenge: a miss counts five times."),
    "measurements": ("Measurements", "Synthetic ECGs of known values; PTB-XL against its readers' codes."),
    "chains": ("Reasoning chains", "ECG-Reasoning-Benchmark on PTB-XL: every step of a chain right, by stage and whole."),
    "encoder": ("Screening encoder", "Test split of every data set, by patient; area under the ROC curve per label."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of `vigil evaluate`.

    Attributes:
        figures: As its JSON holds them.
        failure: Why there are none; empty where it ran to its end.
        took_s: Wall time.
    """

    task: str
    split: str | None
    data: str
    revision: str
    took_s: float
    figures: tuple[dict[str, Any], ...]
    failure: str

    @property
    def title(self) -> str:
        """What a reader calls it: "Beats, split DS2"."""
        return _TASKS[self.task][0] + (f", split {self.split}" if self.split else "")

    @property
    def command(self) -> str:
        """The command that prints the same figures."""
        return f"vigil evaluate {self.task} --data {self.data}" + (f" --split {self.split}" if self.split else "")


def page(runs: Sequence[Measured]) -> str:
    """The whole page."""
    return "\n".join([_HEAD, _against_targets(runs), *(_section(run) for run in runs)])


def _against_targets(runs: Sequence[Measured]) -> str:
    rows = [row for run in runs for row in _targeted(run)]
    note = "No score: one figure may stand here for several sets, and in-sample rows beside held-out ones."
    head = ["## Against the targets", "", note, ""]
    table = ["| figure | value | 95 % interval | n | target | fitted | |", "|---|---:|---|---:|---|---|---|"]
    return "\n".join([*head, *table, *rows, ""])


def _targeted(run: Measured) -> Iterator[str]:
    values = {figure["name"]: figure["value"] for figure in run.figures}
    for figure in run.figures:
        target = target_of(figure["name"], run.split, values)
        if target is None:
            continue
        name = figure["name"] + (f" ({run.split})" if run.split else "")
        state = "met" if target.met(figure["value"]) else "missed"
        cells = (name, _value(figure), _interval(figure), figure["n"], target, provenance_of(figure["name"], run.split))
        yield f"| {' | '.join(map(str, cells))} | {state} |"


def _section(run: Measured) -> str:
    title = f"## {run.title}\n\n{_TASKS[run.task][1]}\n\n`{run.command}`"
    if run.failure:
        return f"{title}\n\nNot measured: {run.failure}\n"
    title += f" (revision {run.revision or 'unknown'}, {run.took_s:.0f} s)"
    values = {figure["name"]: figure["value"] for figure in run.figures}
    rows = ["| figure | value | 95 % interval | n | unit | target | fitted |", "|---|---:|---|---:|---|---|---|"]
    for figure in run.figures:
        target = target_of(figure["name"], run.split, values)
        cells = (
            figure["name"],
            _value(figure),
            _interval(figure),
            figure["n"],
            figure["unit"],
            target or "",
            provenance_of(figure["name"], run.split),
        )
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return f"{title}\n\n" + "\n".join(rows) + "\n"


def _value(figure: dict[str, Any]) -> str:
    return "not measurable" if figure["value"] is None else _number(figure["value"])


def _interval(figure: dict[str, Any]) -> str:
    low, high = figure["low"], figure["high"]
    return "" if low is None or high is None else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
