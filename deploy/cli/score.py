"""`vigil score`: the EC57 scorers on WFDB files, with the options of the WFDB programs of the same names.

Owns the options, the files read and the reports appended to; every count is `ecg/ec57`'s. See docs/ec57.md.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from deploy.cli.score_files import Pair, append_report, each_pair
from deploy.cli.score_nst import nst
from ecg.ec57 import EpisodeType, beat_report, episode_report, measurements, runs, summarise
from ecg.ec57.beats import score_beats_between
from ecg.ec57.episodes import EpisodeRules, score_episodes_between
from ecg.ec57.marked import marked_annotations, marked_beats
from ecg.ec57.runs import score_runs_between
from ecg.ec57.times import MATCH_WINDOW_S, parse_time, samples_of
from ecg.errors import InvalidSignal
from edge.wfdb_files import write_annotations

Command = TypeVar("Command", bound=Callable[..., Any])


class PlainErrors(click.Group):
    """Bad input ends a command with one line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except InvalidSignal as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=PlainErrors, context_settings={"help_option_names": ["-h", "--help"]})
def score() -> None:
    """Score annotations against a reference by ANSI/AAMI EC57, as the WFDB programs do.

    RECORD is the path of a WFDB record without extension ("data/mitdb/100"), TEST the annotator to score ("qrs").
    Reports are appended to FILE ("-": printed), so one command a record makes one table; sumstats adds it up.
    TIME is SS, MM:SS, HH:MM:SS, sNNN (samples) or e (end of record).
    """


score.add_command(nst)


def _pair_options(command: Command) -> Command:
    """Options that every comparison shares."""
    options = [
        click.option("-r", "records", multiple=True, required=True, metavar="RECORD", help="Record; may be repeated."),
        click.option("-a", "names", nargs=2, required=True, metavar="REF TEST", help="Reference and test annotator."),
        click.option("-f", "start", metavar="TIME", help="Begin at TIME (default: 5 minutes, the learning period)."),
        click.option(
            "-t", "end", metavar="TIME", help="Stop at TIME (default: end of record; 0: end of either annotator)."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _window(text: str | None, pair: Pair) -> int:
    return parse_time(text, pair.ref.fs) if text else samples_of(MATCH_WINDOW_S, pair.ref.fs)


def _the_one(chosen: dict[str, Any], default: tuple[str, Any]) -> tuple[str, Any]:
    """The report format asked for; the programs take the last of several, we take none."""
    given = [(name, value) for name, value in chosen.items() if value]
    if len(given) > 1:
        raise click.UsageError(f"choose one report format, not {', '.join('-' + name for name, _ in given)}")
    return given[0] if given else default


@score.command()
@_pair_options
@click.option("-c", "c", metavar="FILE", help="Append a condensed report to FILE.")
@click.option("-C", "c_sveb", metavar="FILE", help="As -c, with SVEB statistics.")
@click.option("-l", "l", nargs=2, metavar="FILE1 FILE2", help="Append line-format reports: beats, shutdown.")
@click.option("-L", "l_sveb", nargs=2, metavar="FILE1 FILE2", help="As -l, with SVEB statistics.")
@click.option("-s", "s", metavar="FILE", help="Append a standard report to FILE (default: -s -).")
@click.option("-S", "s_sveb", metavar="FILE", help="As -s, with SVEB statistics.")
@click.option("-w", "window", metavar="TIME", help="Match window (default: 0.15 s).")
@click.option("-o", "mark", is_flag=True, help="Write RECORD.bxb here: agreeing beats, notes where labels differ.")
@click.option("-O", "mark_all", is_flag=True, help="Write RECORD.bxb here from all annotations, and nothing else.")
@click.option("-v", "verbose", is_flag=True, help="List every discrepancy on standard error.")
def bxb(
    records: tuple[str, ...],
    names: tuple[str, str],
    start: str | None,
    end: str | None,
    window: str | None,
    mark: bool,
    mark_all: bool,
    verbose: bool,
    **formats: Any,
) -> None:
    """Compare beat by beat: QRS, VEB and SVEB sensitivity and predictivity, RR error, shutdown."""
    keys = {"c": "c", "c_sveb": "C", "l": "l", "l_sveb": "L", "s": "s", "s_sveb": "S"}
    form, target = _the_one({keys[key]: value for key, value in formats.items()}, ("s", "-"))
    sveb = form.isupper()
    for pair in each_pair("bxb", records, names, start, end, nonstandard=window):
        match_dt = _window(window, pair)
        if mark_all:
            found = marked_annotations(pair.ref, pair.test, pair.start, pair.end, match_dt)
            write_annotations(Path(pair.name), "bxb", found)
            continue
        c = score_beats_between(pair.ref, pair.test, pair.start, pair.end, match_dt)
        if mark:
            write_annotations(Path(pair.name), "bxb", marked_beats(c, pair.ref, pair.test, sveb=sveb))
        if verbose:
            text = beat_report.discrepancies(c, pair.ref.sample.tolist(), pair.test.sample.tolist(), sveb=sveb)
            click.echo(text, nl=False, err=True)
        if form in "lL":
            headings = (
                (beat_report.LINE_HEADING_SVEB, beat_report.SHUTDOWN_HEADING_SVEB)
                if sveb
                else (beat_report.LINE_HEADING, beat_report.SHUTDOWN_HEADING)
            )
            append_report(target[0], beat_report.line(pair.name, c, sveb=sveb), headings[0])
            append_report(target[1], beat_report.shutdown_line(pair.name, c, sveb=sveb), headings[1])
        else:
            report = beat_report.standard if form in "sS" else beat_report.condensed
            append_report(target, report(pair.name, c, *names, sveb=sveb))
            append_report("-", beat_report.shutdown_text(c, sveb=sveb))


@score.command()
@_pair_options
@click.option("-c", "c", metavar="FILE", help="Append a condensed report to FILE.")
@click.option("-C", "c_sve", metavar="FILE", help="As -c, with SVE runs.")
@click.option("-l", "l", metavar="FILE", help="Append a line-format report to FILE.")
@click.option("-L", "l_sve", nargs=2, metavar="FILE1 FILE2", help="As -l, with SVE runs in FILE2.")
@click.option("-s", "s", metavar="FILE", help="Append a standard report to FILE (default: -s -).")
@click.option("-S", "s_sve", metavar="FILE", help="As -s, with SVE runs.")
@click.option("-w", "window", metavar="TIME", help="Match window (default: 0.15 s).")
@click.option("-v", "verbose", is_flag=True, help="List every discrepancy.")
def rxr(
    records: tuple[str, ...],
    names: tuple[str, str],
    start: str | None,
    end: str | None,
    window: str | None,
    verbose: bool,
    **formats: Any,
) -> None:
    """Compare run by run: couplets, short runs (3-5) and long runs (6 and more), ventricular and supraventricular."""
    keys = {"c": "c", "c_sve": "C", "l": "l", "l_sve": "L", "s": "s", "s_sve": "S"}
    form, target = _the_one({keys[key]: value for key, value in formats.items()}, ("s", "-"))
    for pair in each_pair("rxr", records, names, start, end, nonstandard=window):
        both = score_runs_between(pair.ref, pair.test, pair.start, pair.end, _window(window, pair))
        for is_sve, c in enumerate(both if form.isupper() else both[:1]):
            sve = bool(is_sve)
            if verbose:
                click.echo(runs.run_discrepancies(c, sve=sve), nl=False)
            if form in "lL":
                heading = runs.SVE_RUN_LINE_HEADING if sve else runs.RUN_LINE_HEADING
                append_report(target[is_sve] if form == "L" else target, runs.run_line(pair.name, c), heading)
            else:
                report = runs.run_matrix(pair.name, c, *names, sve=sve, condensed=form in "cC")
                append_report(target, report)


@score.command()
@_pair_options
@click.option("-A", "af", metavar="FILE", help="Append AF reports to FILE.")
@click.option("-V", "vf", metavar="FILE", help="Append VF reports to FILE.")
@click.option("-S", "st", nargs=2, metavar="FILE FILE2", help="Append ST reports (both signals), ST measurements.")
@click.option("-S0", "st0", nargs=2, metavar="FILE FILE2", help="The same for signal 0.")
@click.option("-S1", "st1", nargs=2, metavar="FILE FILE2", help="The same for signal 1.")
@click.option("-i", "shortest", metavar="TIME", help="Leave episodes shorter than TIME out of the episode statistics.")
@click.option("-I", "shortest_anywhere", metavar="TIME", help="Leave them out of all statistics.")
@click.option("-x", "exclude_flutter", is_flag=True, help="Leave reference flutter out of AF predictivity (EC38:1998).")
@click.option("-l", "-L", "lines", is_flag=True, help="Line format (default: long reports).")
def epicmp(
    records: tuple[str, ...],
    names: tuple[str, str],
    start: str | None,
    end: str | None,
    shortest: str | None,
    shortest_anywhere: str | None,
    exclude_flutter: bool,
    lines: bool,
    **targets: Any,
) -> None:
    """Compare episode by episode: atrial fibrillation, ventricular fibrillation, ischaemic ST change."""
    kinds = [
        (EpisodeType.AF, "af", None),
        (EpisodeType.VF, "vf", None),
        (EpisodeType.ST_SIGNAL_0, "st0", 0),
        (EpisodeType.ST_SIGNAL_1, "st1", 1),
        (EpisodeType.ST, "st", None),
    ]
    if not any(targets.values()):
        raise click.UsageError("nothing to compare: give at least one of -A, -V, -S, -S0, -S1")
    least = shortest_anywhere or shortest
    for pair in each_pair("epicmp", records, names, start, end, nonstandard=least):
        length = parse_time(least, pair.ref.fs) if least else 0
        rules = EpisodeRules(pair.start, max(pair.end, 0), length, bool(shortest_anywhere), exclude_flutter)
        for kind, key, signal in kinds:
            target = targets[key]
            if not target:
                continue
            c = score_episodes_between(pair.ref, pair.test, kind, rules)
            if key.startswith("st"):
                found = episode_report.compare_st(pair.ref, pair.test, signal)
                table = episode_report.st_table(pair.name, found, pair.ref.fs)
                append_report(target[1], table, episode_report.ST_HEADING)
                target = target[0]
            if lines:
                append_report(target, episode_report.episode_line(pair.name, c), episode_report.episode_heading(kind))
            else:
                append_report(target, episode_report.episode_matrix(pair.name, c, kind, *names))


@score.command()
@_pair_options
@click.option("-l", "-L", "line", metavar="FILE", help="Append a line-format report to FILE.")
@click.option("-s", "standard", metavar="FILE", help="Append a standard report to FILE (default: -s -).")
@click.option("-m", "measurement", type=click.IntRange(-128, 127), default=0, show_default=True, help="Measurement.")
@click.option("-u", "unnormalised", is_flag=True, help="Do not divide by the mean reference measurement.")
def mxm(
    records: tuple[str, ...],
    names: tuple[str, str],
    start: str | None,
    end: str | None,
    line: str | None,
    standard: str | None,
    measurement: int,
    unnormalised: bool,
) -> None:
    """Compare measurement by measurement: the RMS error of heart rate, or of any number noted on "=" annotations."""
    form, target = _the_one({"l": line, "s": standard}, ("s", "-"))
    for pair in each_pair("mxm", records, names, start, end, nonstandard=None):
        c = measurements.score_measurements_between(pair.ref, pair.test, pair.start, pair.end, measurement)
        if form == "l":
            text = measurements.measurement_line(pair.name, c, normalised=not unnormalised)
            append_report(target, text, measurements.measurement_heading(measurement))
        else:
            append_report(target, measurements.measurement_text(pair.name, c, *names, normalised=not unnormalised))


@score.command()
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def sumstats(report: Path) -> None:
    """Add up a line-format REPORT (-l or -L of bxb, rxr, epicmp, mxm): sums, gross and average statistics."""
    click.echo(summarise(report.read_text(encoding="utf-8", errors="replace")), nl=False)
