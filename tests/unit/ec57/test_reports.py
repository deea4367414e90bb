"""Times, sums of reports, marks and the command's manners; the reports themselves are replayed against golden files."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli.score import score
from ecg.ec57 import score_beats, summarise
from ecg.ec57.beat_report import LINE_HEADING, SHUTDOWN_HEADING, condensed, line, shutdown_line, standard
from ecg.ec57.marked import marked_annotations, marked_beats
from ecg.ec57.times import format_duration, format_time, parse_time
from ecg.errors import InvalidSignal
from edge.wfdb_files import read_annotations, write_annotations
from tests.unit.ec57 import made


@pytest.mark.parametrize(
    ("text", "samples"),
    [("10", 3600), (".15", 54), ("5:0", 108_000), ("1:00:00.5", 1_296_180), ("s77", 77), ("e", 650_000), ("0", 0)],
)
def test_times_are_read_as_strtim_does(text: str, samples: int) -> None:
    assert parse_time(text, 360.0, 650_000) == samples


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "-5", "s", "1:x"])
def test_what_is_no_time_is_refused(text: str) -> None:
    if text == "":
        assert parse_time(text, 360.0) == 0  # an empty field is nothing, as in ":30"
    else:
        with pytest.raises(InvalidSignal, match="not a time"):
            parse_time(text, 360.0)


def test_times_are_printed_as_mstimstr_does() -> None:
    assert format_time(360 * 3599 + 359, 360.0) == "   59:59.997"
    assert format_time(360 * 3600, 360.0) == " 1:00:00.000"
    assert format_duration(0, 360.0) == "       0.000"


def drawn() -> tuple[made.Annotations, made.Annotations]:
    ref = made.line("N....A....V....+....N....N", {15: "(AFIB"})
    return ref, made.line("N....N....V.........V")


def test_forms_without_sveb_fold_s_into_n() -> None:
    c = score_beats(*drawn(), start_s=0)
    assert line("r", c, sveb=False).split()[:12] == ["r", "2", "0", "0", "0", "1", "1", "0", "0", "1", "0", "0"]
    assert " N |    2    1    0    0    1    0\n" in standard("r", c, "a", "b", sveb=False)
    assert "  N  |    2    1    1\n" in condensed("r", c, "a", "b", sveb=False)
    assert "  S  |    1    0    0    0\n" in condensed("r", c, "a", "b")


def test_sums_of_reports_without_sveb() -> None:
    c = score_beats(*drawn(), start_s=0)
    total = summarise(LINE_HEADING + line("r", c, sveb=False) * 2)
    assert "Sum       4   0   0   0   2    2   0   0   2   0   0\n" in total
    assert "Total QRS complexes: 10  Total VEBs: 2\n\nSummary of results from 2 records\n" in total
    assert "Gross                     " in summarise(SHUTDOWN_HEADING + shutdown_line("r", c, sveb=False))


def test_gross_shutdown_figures_are_halved_as_in_sumstats() -> None:
    row = " 100    5    0    0    0    50.00  50.00      -      -    3 seconds 10 0 0 0 0\n"
    total = summarise(SHUTDOWN_HEADING + row)
    assert "Gross                      25.00  25.00      -      -\n" in total
    assert "Average                    50.00  50.00      -      -\n" in total


@pytest.mark.parametrize("report", ["", "Record\n", LINE_HEADING + " 100 1 2\n", LINE_HEADING + " 100" + " x" * 11])
def test_what_is_no_report_is_refused(report: str) -> None:
    with pytest.raises(InvalidSignal):
        summarise(report)


def test_marks_name_reference_and_test_class() -> None:
    ref, tst = drawn()
    marks = marked_beats(score_beats(ref, tst, start_s=0), ref, tst)
    assert list(zip(marks.sample.tolist(), marks.symbol.tolist(), marks.aux_note, strict=True)) == [
        (5, "N", ""),
        (30, '"', "Sn"),
        (55, "V", ""),
        (105, '"', "Nv"),
        (130, '"', "No"),
    ]


def test_expanded_marks_hold_every_annotation() -> None:
    ref, tst = drawn()
    marks = marked_annotations(ref, tst, 0, ref.n_samples or 0, 15)
    assert marks.aux_note[1:] == ("A/N", "", "+ ((AFIB)/O", "N/V", "N/O")


def test_command_writes_marks_and_names_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ref, tst = drawn()
    (tmp_path / "r.hea").write_text(f"r 1 {made.FS_HZ:g} {ref.n_samples}\n")
    write_annotations("r", "atr", ref)
    write_annotations("r", "tst", tst)
    words = ["bxb", "-r", "r", "-a", "atr", "tst", "-f", "0"]
    done = CliRunner().invoke(score, [*words, "-o", "-v"])
    assert done.exit_code == 0
    assert "Beat-by-beat comparison results for record r\n" in done.stdout
    assert "S(30)/N(30)\n" not in done.stderr  # without SVEBs S is N
    assert "N(105)/V(105)\n" in done.stderr
    assert len(read_annotations("r", "bxb")) == 5
    missing = CliRunner().invoke(score, ["bxb", "-r", "none", "-a", "atr", "tst"])
    assert (missing.exit_code, missing.stderr) == (
        1,
        "Error: cannot read annotations none.atr: No such file or directory\n",
    )
    two = CliRunner().invoke(score, [*words, "-s", "x", "-S", "y"])
    assert two.exit_code == 2
    nothing = CliRunner().invoke(score, ["epicmp", "-r", "r", "-a", "atr", "tst"])
    assert "nothing to compare" in nothing.stderr


def test_st_and_measurements_through_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ref = made.line("N.s...s...s.=...", {2: "(ST0+", 6: "AST0+150", 10: "ST0+)", 12: "60"})
    (tmp_path / "r.hea").write_text(f"r 1 {made.FS_HZ:g} {ref.n_samples}\n")
    write_annotations("r", "atr", ref)
    pair = ["-r", "r", "-a", "atr", "atr", "-f", "0"]
    assert CliRunner().invoke(score, ["epicmp", *pair, "-L", "-S0", "st", "dev"]).exit_code == 0
    assert (tmp_path / "st").read_text().startswith("(Ischemic ST detection, signal 0)\n")
    assert "150     0 *" in (tmp_path / "dev").read_text()
    done = CliRunner().invoke(score, ["mxm", *pair, "-t", "0"])
    assert "Normalized RMS error:  0.0000% (n = 1)" in done.stdout
