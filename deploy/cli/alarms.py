"""`vigil alarms`: what a bed would have raised, by the stream worker's own processor, with no broker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from deploy.cli.records import read, resolve
from ecg import topics, wire
from ecg.alarms import AlarmCommand, AlertEvent, AlertKind, CommandKind
from ecg.segments import SegmentBatch
from edge.recordings import START_NS, segments
from edge.sources.wfdb_replay import Recording
from stream.outputs import Position
from stream.processor import Processor


def replay(recording: Recording, name: str, latched: bool = False) -> Iterator[AlertEvent]:
    """Every alarm event of a recording, in order, as the worker would publish them; time runs with the samples.

    Args:
        latched: Nobody acknowledges; otherwise each alarm is acknowledged as it is raised, so that the next is a new one.
    """
    processor = Processor()
    for segment in segments(recording, name):
        payload = wire.encode_segment_batch(SegmentBatch("replay", "replay", 0, (segment,)))
        now_ns = segment.time_ns_at(segment.end_sample)
        at = Position(topics.SEGMENTS.name, 0, segment.seq)
        events = processor.on_segments(payload, at, now_ns).alerts + processor.on_time(now_ns).alerts
        yield from events
        for event in events:
            if event.kind is AlertKind.RAISED and not latched:
                yield from processor.on_command(wire.encode_alarm_command(_acknowledgement(event)), at, now_ns).alerts


def _acknowledgement(event: AlertEvent) -> AlarmCommand:
    of = event.condition
    kind = CommandKind.ACKNOWLEDGE
    return AlarmCommand(event.alarm_id, event.alarm_id, of.stream_id, of.agent_id, kind, "replay", event.time_ns)


def alarms_of(recording: Recording, name: str, latched: bool = False) -> list[dict[str, Any]]:
    """One row an alarm: class, onset, raised, ended (None while it lasts), reason, evidence; times in s of the record."""
    rows: dict[str, dict[str, Any]] = {}
    for event in replay(recording, name, latched):
        condition = event.condition.condition
        row = rows.setdefault(
            event.alarm_id,
            {
                "record": name,
                "class": condition.code.value,
                "priority": event.priority.value,
                "onset_s": round(condition.onset_sample / recording.fs_hz, 3),
                "raised_s": round((event.time_ns - START_NS) / 1e9, 3),
                "ended_s": None,
                "reason": condition.reason,
                "evidence": [],
                "alarm_id": event.alarm_id,
            },
        )
        if event.kind in (AlertKind.RAISED, AlertKind.UPDATED, AlertKind.CONDITION_ENDED):
            row["reason"] = condition.reason
            row["evidence"] = [{"name": e.name, "value": e.value, "unit": e.unit} for e in condition.evidence]
        if condition.ended_sample is not None:
            row["ended_s"] = round(condition.ended_sample / recording.fs_hz, 3)
    return list(rows.values())


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, one alarm a line (the default when piped).")
@click.option("--leads", help="Only these ECG leads: numbers `0,1` or names `II,V1`.")
@click.option("--lethal", is_flag=True, help="Only the lethal five (ASY EBR ETC VTA VFB).")
@click.option("--latched", is_flag=True, help="Nobody acknowledges: a lethal alarm stands until the end of the record.")
@click.option("--out", type=click.Path(path_type=Path), help="Write JSON lines to this file.")
def alarms(
    records: tuple[str, ...], as_json: bool, leads: str | None, lethal: bool, latched: bool, out: Path | None
) -> None:
    """Every alarm a bed would raise on RECORD: class, onset, time raised, time ended, evidence.

    RECORD is a WFDB record: a path without extension, or a name found below ./data. It is run through the stream
    worker's processor second by second, as a bed would, as fast as it goes; each alarm is acknowledged as it is raised, so
    that every episode is an alarm of its own (--latched: nobody acknowledges). Times are seconds of the record; alarms that
    last at its end have no ended_s.
    """
    screen = Console(stderr=True)
    found: list[dict[str, Any]] = []
    for record in track(records, "replaying", console=screen, transient=True, disable=len(records) == 1):
        path = resolve(record)
        found += alarms_of(read(path, leads), path.name, latched)
    if lethal:
        found = [row for row in found if row["class"] in ("ASY", "EBR", "ETC", "VTA", "VFB")]
    lines = "".join(json.dumps(row) + "\n" for row in found)
    if out is not None:
        out.write_text(lines)
    elif as_json or not Console().is_terminal:
        click.echo(lines, nl=False)
    else:
        Console().print(_table(found))


def _table(found: list[dict[str, Any]]) -> Table:
    table = Table("record", "class", "priority", "onset s", "raised s", "ended s", "why")
    for row in found:
        ended = "lasts" if row["ended_s"] is None else f"{row['ended_s']:.1f}"
        style = "bold red" if row["priority"] == "high" else "yellow" if row["priority"] == "medium" else ""
        table.add_row(
            row["record"], row["class"], row["priority"], f"{row['onset_s']:.1f}", f"{row['raised_s']:.1f}", ended,
            row["reason"], style=style,
        )  # fmt: skip
    return table
