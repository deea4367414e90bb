"""`vigil analyze`: one stretch of a record read aloud, with every claim checked."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli.records import read, resolve
from ecg.beats.beat import Beat
from ecg.conditions import Condition
from ecg.interpretation import Verdict
from ecg.interpreter import Interpretation, interpret
from ecg.interpreter.listening import Heard, HeardLead, listen
from ecg.measurements.measure import measure_beats
from ecg.rhythm.record_class import RecordClass, judge
from ecg.windows import Window
from edge.annotator import run_monitor
from edge.kernel_blocks import look_at
from edge.recordings import window
from edge.sources.wfdb_replay import Recording

_MARK = {Verdict.SUPPORTED: "[green]✓[/]", Verdict.CONTRADICTED: "[red]✗[/]", Verdict.NOT_MEASURABLE: "[yellow]?[/]"}
#: The monitor needs this much before the stretch to have learnt the patient.
_LEAD_IN_S = 60.0
#: Recordings the record class was fitted on, s (CinC 2017).
_SHORTEST_S, _LONGEST_S = 9.0, 61.0


@click.command()
@click.argument("record")
@click.option("--from", "from_s", default=0.0, show_default=True, help="Start, s.")
@click.option("--to", "to_s", type=float, help="End, s; 10 s after the start by default.")
@click.option("--leads", help="Only these ECG leads: numbers `0,1` or names `II,V1`.")
@click.option("--json", "as_json", is_flag=True, help="JSON on standard output.")
@click.option("--beats", "each_beat", is_flag=True, help="With --json: the measurements of every single beat too.")
@click.option("--png", type=click.Path(path_type=Path), help="Draw the stretch with its findings to this file.")
def analyze(
    record: str, from_s: float, to_s: float | None, leads: str | None, as_json: bool, each_beat: bool, png: Path | None
) -> None:
    """Quality, beats, rhythm, measurements, protocol findings and interpretation of RECORD, every claim judged.

    RECORD is a WFDB record: a path without extension, or a name found below ./data. Beats and rhythm are the causal
    monitor's, which listens to the minute before the stretch too.
    """
    if each_beat and not as_json:
        raise click.UsageError("--beats goes with --json")
    path = resolve(record)
    recording = read(path, leads)
    end_s = to_s if to_s is not None else min(from_s + 10, recording.samples.shape[1] / recording.fs_hz)
    stretch = window(recording, path.name, from_s, end_s)
    beats, conditions = heard(recording, stretch)
    inner = [dataclasses.replace(b, sample=b.sample - stretch.first_sample) for b in beats]
    reading = interpret(stretch, inner or None, None, conditions)
    if png is not None:
        from deploy.cli.draw import draw_strip

        draw_strip(stretch, inner, reading.measurements, reading.reply.labels, png)
    whole = class_of(recording, stretch)
    if as_json:
        told = as_dict(path.name, stretch, beats, conditions, reading) | {"record_class": whole}
        if each_beat:
            told["beat_measurements"] = of_each_beat(stretch, inner)
        click.echo(json.dumps(told, indent=2, allow_nan=False))
    else:
        show(Console(), path.name, stretch, beats, conditions, reading, whole)
        if png is not None:
            click.echo(f"drawn to {png}")


def heard(recording: Recording, stretch: Window) -> tuple[list[Beat], list[Condition]]:
    """The monitor's beats and conditions within the stretch, on the record's clock."""
    fs = recording.fs_hz
    first = max(0, stretch.first_sample - round(_LEAD_IN_S * fs))
    part = dataclasses.replace(recording, samples=recording.samples[:, first : stretch.end_sample].copy())
    beats, conditions = run_monitor(part, stretch.stream_id)
    inside = [dataclasses.replace(b, sample=b.sample + first) for b in beats]
    kept = [
        dataclasses.replace(
            c,
            onset_sample=c.onset_sample + first,
            detected_sample=c.detected_sample + first,
            ended_sample=None if c.ended_sample is None else c.ended_sample + first,
        )
        for c in conditions
    ]
    return (
        [b for b in inside if stretch.first_sample <= b.sample < stretch.end_sample],
        [c for c in kept if c.ended_sample is None or c.ended_sample > stretch.first_sample],
    )


def class_of(recording: Recording, stretch: Window) -> dict[str, Any]:
    """The stretch as one recording: normal, atrial fibrillation, another rhythm, or too noisy, with probabilities.

    Returns:
        "class" (None where the stretch is too short or too long to be judged) and "probability" of each.
    """
    part = dataclasses.replace(
        recording, samples=recording.samples[:, stretch.first_sample : stretch.end_sample].copy()
    )
    seconds = stretch.signal_mv.shape[1] / stretch.fs_hz
    look = look_at(part) if _SHORTEST_S <= seconds <= _LONGEST_S else None
    if look is None or not look.signal:
        return {"class": None, "probability": {}}
    called, probability = judge(look)
    return {
        "class": called.value,
        "probability": {kind.value: round(float(p), 3) for kind, p in zip(RecordClass, probability, strict=True)},
    }


def as_dict(
    name: str, stretch: Window, beats: list[Beat], conditions: list[Condition], reading: Interpretation
) -> dict[str, Any]:
    """The whole reading as plain values; samples and times on the record's clock."""
    fs, quality = stretch.fs_hz, listen(stretch)
    return {
        "record": name,
        "fs_hz": fs,
        "leads": list(stretch.lead_names),
        "from_s": stretch.first_sample / fs,
        "to_s": stretch.end_sample / fs,
        "quality": [
            {"lead": lead.name, "index": round(lead.index, 3), "problems": _words(lead)} for lead in quality.leads
        ],
        "rhythm": {"label": reading.reply.labels[0], "wfdb": quality.rhythm},
        "beats": [
            {"sample": b.sample, "time_s": round(b.sample / fs, 3), "class": b.label.value, "confidence": b.confidence}
            for b in beats
        ],
        "conditions": [
            {
                "class": c.code.value,
                "onset_s": round(c.onset_sample / fs, 3),
                "ended_s": None if c.ended_sample is None else round(c.ended_sample / fs, 3),
                "reason": c.reason,
            }
            for c in conditions
        ],
        "measurements": [dataclasses.asdict(row) for row in reading.measurements],
        "findings": [
            {
                "criterion": f.criterion.id,
                "phase": f.criterion.phase,
                "statement": f.criterion.statement,
                "state": f.state.value,
                "leads": list(f.leads),
                "reason": f.reason,
                "suggests": list(f.criterion.suggests) if f.present else [],
                "argues_against": list(f.criterion.excludes) if f.present else [],
                "citation": f.criterion.citation,
                "evidence": [dataclasses.asdict(row) for row in f.evidence],
            }
            for f in reading.findings
        ],
        "interpretation": {
            "abstained": reading.reply.abstained,
            "reason": reading.reply.reason,
            "steps": [dataclasses.asdict(step) for step in reading.reply.steps],
            "summary": reading.reply.summary,
            "labels": list(reading.reply.labels),
            "text": reading.reply.as_text(),
        },
        "claims": [
            dataclasses.asdict(claim) | {"kind": claim.kind.value, "verdict": claim.verdict.value}
            for claim in reading.claims
        ],
    }


def of_each_beat(stretch: Window, beats: list[Beat]) -> list[dict[str, Any]]:
    """Every beat's own measurements; samples on the record's clock."""
    return [
        {
            "sample": beat.sample + stretch.first_sample,
            "time_s": round((beat.sample + stretch.first_sample) / stretch.fs_hz, 3),
            "dominant": beat.dominant,
            "measurements": [dataclasses.asdict(row) for row in beat.table],
        }
        for beat in measure_beats(stretch, beats or None)
    ]


def show(
    console: Console,
    name: str,
    stretch: Window,
    beats: list[Beat],
    conditions: list[Condition],
    reading: Interpretation,
    whole: dict[str, Any],
) -> None:
    """The reading for a terminal."""
    fs = stretch.fs_hz
    console.rule(
        f"{name}  {stretch.first_sample / fs:g}-{stretch.end_sample / fs:g} s  {', '.join(stretch.lead_names)}"
    )
    classes = " ".join(b.label.value for b in beats)
    console.print(f"[bold]{len(beats)} beats[/] {classes}")
    console.print(_quality_line(listen(stretch)))
    if whole["class"] is not None:
        called = RecordClass(whole["class"])
        sure = whole["probability"][called.value]
        console.print(f"[bold]as a whole[/] {called.name.lower().replace('_', ' ')}, probability {sure:.2f}")
    for c in conditions:
        console.print(f"[red]{c.code.value}[/] {escape(c.reason)}")
    table = Table("measurement", "lead", "value", "unit", "or why not", show_edge=False)
    for row in reading.measurements:
        value = "" if row.value is None else f"{row.value:.3g}"
        table.add_row(row.name, row.lead or "", value, row.unit, escape(row.reason))
    console.print(table)
    for step in reading.reply.steps:
        console.print(f"\n[bold]Step {step.number}: {step.title}[/]\n{escape(step.text)}")
    if reading.reply.summary:
        console.print(f"\n[bold]{escape(reading.reply.summary)}[/]")
    console.print(
        f"labels: {'; '.join(reading.reply.labels)}" + (f" ({reading.reply.reason})" if reading.reply.reason else "")
    )
    for claim in reading.claims:
        console.print(f"{_MARK[claim.verdict]} {escape(claim.text)} [dim]{escape(claim.evidence)}[/]")
    console.print("[dim]Research software: a second reader, never the sole source of a diagnosis or an alarm.[/]")


def _quality_line(quality: Heard) -> str:
    """Each lead's quality index, with what disturbs it."""
    leads = [
        f"{escape(lead.name)} {lead.index:.2f}" + (f" ({', '.join(_words(lead))})" if lead.problems else "")
        for lead in quality.leads
    ]
    return "[bold]quality[/] " + "; ".join(leads)


def _words(lead: HeardLead) -> list[str]:
    """What disturbs a lead, in words."""
    return [str(problem.name).lower().replace("_", " ") for problem in lead.problems]
