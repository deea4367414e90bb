"""What the `vigil score` commands share: reading an annotator pair, appending a report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ecg.annotations import Annotations
from ecg.ec57.times import LEARNING_PERIOD_S, parse_time, samples_of
from edge.wfdb_files import read_annotations


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators of one record and the interval to score.

    Attributes:
        name: Record name without folder, as it is printed.
        ref: Reference annotations.
        test: Annotations under test.
        start: First sample scored.
        end: Last sample scored; -1 where the record's length is unknown, 0 for the end of either annotator.
    """

    name: str
    ref: Annotations
    test: Annotations
    start: int
    end: int


def each_pair(
    program: str,
    records: tuple[str, ...],
    names: tuple[str, str],
    start: str | None,
    end: str | None,
    *,
    nonstandard: str | None,
) -> Iterator[Pair]:
    """The annotator pair of each record in turn."""
    if start or end or nonstandard:
        click.echo(f"{program}: (warning) nonstandard comparison selected", err=True)
    for record in records:
        yield read_pair(record, names, start, end)


def read_pair(record: str, names: tuple[str, str], start: str | None, end: str | None) -> Pair:
    """Reads two annotators of a record.

    Raises:
        InvalidSignal: A file is missing or broken, or a time is none.
    """
    path = Path(record.removesuffix(".hea"))
    ref, test = (read_annotations(path, name) for name in names)
    first = parse_time(start, ref.fs, ref.n_samples) if start else samples_of(LEARNING_PERIOD_S, ref.fs)
    last = parse_time(end, ref.fs, ref.n_samples) if end else (ref.n_samples or -1)
    return Pair(path.name, ref, test.at_rate(ref.fs), first, last)


def append_report(target: str, text: str, heading: str = "") -> None:
    """Appends to a file, with the heading if it is new; "-" prints, without a heading, as the programs do."""
    if target == "-":
        click.echo(text, nl=False)
        return
    path = Path(target)
    try:
        is_new = not path.exists()
        with path.open("a", encoding="utf-8") as report:
            report.write(heading + text if is_new else text)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
