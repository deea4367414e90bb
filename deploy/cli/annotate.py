"""`vigil annotate`: the causal kernel's beats and rhythm changes as WFDB annotations, for any outside scorer."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from deploy.cli.records import read, resolve
from edge.annotator import annotations_of
from edge.wfdb_files import write_annotations


@click.command()
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@click.option(
    "-a", "--annotator", "extension", default="vgl", show_default=True, help="Extension of the files written."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Folder for them; here by default."
)
@click.option("--leads", help="Only these ECG leads: numbers `0,1` or names `II,V1`.")
def annotate(records: tuple[str, ...], extension: str, out: Path, leads: str | None) -> None:
    """Write WFDB annotations of RECORD: beats with class, rhythm changes, and [ ] around fibrillation.

    The kernel is causal: every annotation was made from samples at most 1.5 s later than it. Score them with `vigil score`
    or with the WFDB programs.
    """
    if not extension.isalnum():
        raise click.UsageError(f"-a {extension!r}: an annotator is letters and digits, the extension of its file")
    out.mkdir(parents=True, exist_ok=True)
    for record in track(records, "annotating", console=Console(stderr=True), transient=True):
        path = resolve(record)
        found = annotations_of(read(path, leads), path.name)
        click.echo(f"{write_annotations(out / path.name, extension, found)}: {int(found.beats().sample.size)} beats")
