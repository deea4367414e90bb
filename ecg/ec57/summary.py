"""Aggregate statistics of line-format reports (`sumstats`): text in, text out.

Owns the sums over the lines that `bxb -l/-L`, `rxr -l/-L`, `epicmp -L` and `mxm -L` append to their files. It works on
the printed numbers, as the program does, and so inherits their rounding; `summarise_beats` works on the counts.
Pure; must not read files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ecg.ec57.beat_report import LINE_HEADING, LINE_HEADING_SVEB, SHUTDOWN_HEADING, SHUTDOWN_HEADING_SVEB
from ecg.ec57.runs import RUN_LINE_HEADING
from ecg.ec57.times import format_time, parse_time
from ecg.errors import InvalidSignal

_MS_PER_S = 1000.0  # sumstats reads and prints durations at 1000 samples a second


def summarise(report: str) -> str:
    """The report with its sums, gross and average statistics, as `sumstats FILE` prints it.

    Args:
        report: Whole text of a line-format file, headings included.

    Raises:
        InvalidSignal: The headings belong to none of the line formats, or a line does not fit them.
    """
    lines = report.splitlines(keepends=True)
    first = lines[0] if lines else ""
    kind = _KINDS.get(first)
    if kind is None:
        raise InvalidSignal("not a line-format report with headings, of bxb, rxr, epicmp or mxm (-l or -L)")
    n_headings, n_columns, total = kind
    rows = []
    for line in lines[n_headings:]:
        fields = line.split()
        if len(fields) < n_columns:
            raise InvalidSignal(f"illegal format in line-format report: {line.rstrip()!r}")
        rows.append(fields)
    try:
        text, n_records = total(rows)
    except ValueError as error:
        raise InvalidSignal(f"illegal format in line-format report: {error}") from error
    return f"{report}{text}\nSummary of results from {n_records} record{'' if n_records == 1 else 's'}\n"


class _Average:
    """Mean of the ratios of those records that have one; each record counts once."""

    def __init__(self) -> None:
        self.sum, self.n = 0.0, 0

    def add(self, k: float, n: float) -> None:
        if n:
            self.sum += k / n
            self.n += 1


def _percent(k: float, n: float, form: str = " 6.2f") -> str:
    if n <= 0:
        return "      -"
    return f" {100.0 * k / n:{form.strip()}}"


def _whole(k: float, n: float) -> str:
    return "   -" if n <= 0 else f" {100.0 * k / n:3.0f}"


def _counts(rows: Sequence[list[str]], last: int) -> list[list[int]]:
    return [[int(field) for field in row[1 : last + 1]] for row in rows]


def _beats(rows: Sequence[list[str]]) -> tuple[str, int]:
    """`bxb -l`: columns Nn Vn Fn On, Nv Vv Fv Ov, No Vo Fo."""
    table = _counts(rows, 11)
    sums = [sum(column) for column in zip(*table, strict=True)] or [0] * 11
    averages = [_Average() for _ in range(5)]
    for row in table:
        for average, (k, n) in zip(averages, _beat_ratios(row), strict=True):
            average.add(k, n)
    nn, vn, fn, on, nv, vv, fv, ov, no, vo, fo = sums
    text = (
        "_" * 86 + f"\nSum  {nn:6d} {vn:3d} {fn:3d} {on:3d} {nv:3d} {vv:4d} {fv:3d} {ov:3d} {no:3d} {vo:3d} {fo:3d}\n"
    )
    forms = ["6.2f"] * 4 + ["6.3f"]
    text += "Gross" + " " * 49
    text += "".join(_percent(k, n, form) for (k, n), form in zip(_beat_ratios(sums), forms, strict=True))
    text += "\nAverage" + " " * 47
    text += "".join(_percent(a.sum, a.n, form) for a, form in zip(averages, forms, strict=True))
    qrs = nn + nv + vn + vv + fn + fv + no + vo + fo
    return f"{text}\nTotal QRS complexes: {qrs}  Total VEBs: {vn + vv + vo}\n", len(table)


def _beat_ratios(row: Sequence[int]) -> list[tuple[int, int]]:
    nn, vn, fn, on, nv, vv, fv, ov, no, vo, fo = row
    hit = nn + nv + vn + vv + fn + fv
    return [
        (hit, hit + no + vo + fo),
        (hit, hit + on + ov),
        (vv, vn + vv + vo),
        (vv, nv + vv + ov),
        # The column Fv (F and Q called V) counts neither way, as in bxb.
        (nv + ov, nn + fn + on + nv + ov),
    ]


def _beats_sveb(rows: Sequence[list[str]]) -> tuple[str, int]:
    """`bxb -L`: columns Nn Sn Vn Fn On, Ns .. Os, Nv .. Ov, No So Vo Fo, six percentages and the RR error."""
    table = _counts(rows, 19)
    sums = [sum(column) for column in zip(*table, strict=True)] or [0] * 19
    averages = [_Average() for _ in range(6)]
    rr = _Average()
    for fields, row in zip(rows, table, strict=True):
        for average, (k, n) in zip(averages, _sveb_ratios(row), strict=True):
            average.add(k, n)
        if len(fields) > 26 and fields[26] != "-":
            rr.add(float(fields[26]), 1)
    text = "_" * 132 + f"\nSum {sums[0]:6d}" + "".join(f" {n:3d}" for n in sums[1:12])
    text += f" {sums[12]:4d}" + "".join(f" {n:3d}" for n in sums[13:]) + "\nGross" + " " * 78
    text += "".join(_percent(k, n) for k, n in _sveb_ratios(sums)) + "\nAverage" + " " * 76
    text += "".join(_percent(a.sum, a.n) for a in averages) + _percent(rr.sum / 100.0, rr.n)
    nn, sn, vn, fn, _, ns, ss, vs, fs, _, nv, sv, vv, fv, _, no, so, vo, fo = sums
    qrs = nn + ns + nv + sn + ss + sv + vn + vs + vv + fn + fs + fv + no + so + vo + fo
    text += f"\nTotal QRS complexes: {qrs}  Total VEBs: {vn + vs + vv + vo}  Total SVEBs: {sn + ss + sv + so}\n"
    return text, len(table)


def _sveb_ratios(row: Sequence[int]) -> list[tuple[int, int]]:
    nn, sn, vn, fn, on, ns, ss, vs, fs, os, nv, sv, vv, fv, ov, no, so, vo, fo = row
    hit = nn + ns + nv + sn + ss + sv + vn + vs + vv + fn + fs + fv
    return [
        (hit, hit + no + so + vo + fo),
        (hit, hit + on + os + ov),
        (vv, vn + vs + vv + vo),
        (vv, nv + sv + vv + ov),
        (ss, sn + ss + sv + so),
        # The column Fs holds Fs and Qs together, so it is left out here; bxb itself counts Fs as wrong.
        (ss, ns + ss + vs + os),
    ]


def _shutdown(rows: Sequence[list[str]]) -> tuple[str, int]:
    """`bxb -l`, second file. The program adds each record's beats twice, which halves its gross figures; so do we."""
    missed, beats, seconds, n_records = [0] * 4, [0] * 4, 0, 0
    averages = [_Average() for _ in range(4)]
    for fields in rows:
        row, seconds = [int(field) for field in fields[1:5]], seconds + int(fields[9])
        n, _, v, f, q = (int(field) for field in fields[11:16])
        missed = [a + b for a, b in zip(missed, row, strict=True)]
        beats = [a + 2 * b for a, b in zip(beats, (n, v, f, q), strict=True)]
        if n + v + f + q:
            n_records += 1
            ratios = [(sum(row), n + v + f + q), *zip(row[:3], (n, v, f), strict=True)]
            for average, (k, total) in zip(averages, ratios, strict=True):
                average.add(k, total)
    text = "_" * 68 + "\nSum   " + " ".join(f"{n:4d}" for n in missed) + " " * 31 + f"{seconds:4d} seconds\n"
    gross = [(sum(missed), sum(beats)), *zip(missed[:3], beats[:3], strict=True)]
    text += "Gross" + " " * 20 + "".join(_percent(k, n) for k, n in gross)
    text += "\nAverage" + " " * 18 + "".join(_percent(a.sum, a.n) for a in averages) + "\n"
    return text, n_records


def _shutdown_sveb(rows: Sequence[list[str]]) -> tuple[str, int]:
    """`bxb -L`, second file: sums only, no gross or average line (the program prints none)."""
    sums = [sum(column) for column in zip(*_counts(rows, 5), strict=True)] or [0] * 5
    seconds = sum(int(fields[11]) for fields in rows)
    text = "_" * 72 + "\nSum  " + " ".join(f"{n:4d}" for n in sums) + " " * 38 + f"{seconds:4d} seconds\n"
    return text, len(rows)


def _runs(rows: Sequence[list[str]]) -> tuple[str, int]:
    """`rxr`: six pairs of counts, right and wrong."""
    table = _counts(rows, 12)
    sums = [sum(column) for column in zip(*table, strict=True)] or [0] * 12
    averages = [_Average() for _ in range(6)]
    for row in table:
        for i, average in enumerate(averages):
            average.add(row[2 * i], row[2 * i] + row[2 * i + 1])
    text = "_" * 77 + f"\nSum   {sums[0]:4d}" + "".join(f" {n:3d}" for n in sums[1:]) + "\nGross" + " " * 50
    text += "".join(_whole(sums[2 * i], sums[2 * i] + sums[2 * i + 1]) for i in range(6))
    text += "\nAverage" + " " * 48 + "".join(_whole(a.sum, a.n) for a in averages)
    couplets, short, long = (sums[i] + sums[i + 1] for i in (0, 4, 8))
    return f"{text}\nTotal couplets: {couplets}  Total short runs: {short}  Total long runs: {long}\n", len(table)


def _episodes(rows: Sequence[list[str]]) -> tuple[str, int]:
    """`epicmp`: matched and missed both ways, two percentages of time and two durations."""
    sums = [sum(column) for column in zip(*_counts(rows, 4), strict=True)] or [0] * 4
    averages = [_Average() for _ in range(4)]
    ref_total = test_total = overlap = 0
    ref_share = test_share = 0.0  # keep the last record's value where one has no episodes, as the program's statics do
    for fields in rows:
        right_s, wrong_s, right_p, wrong_p = (int(field) for field in fields[1:5])
        averages[0].add(right_s, right_s + wrong_s)
        averages[1].add(right_p, right_p + wrong_p)
        ref, test = (parse_time(fields[i], _MS_PER_S) for i in (9, 10))
        ref_total, test_total = ref_total + ref, test_total + test
        if ref > 0:
            ref_share = _number(fields[7]) / 100.0
            averages[2].add(ref_share, 1)
        if test > 0:
            test_share = _number(fields[8]) / 100.0
            averages[3].add(test_share, 1)
        # The overlap is made again from whole percentages of the longer of the two, then cut to whole ms.
        if ref > test:
            overlap = int(overlap + ref * ref_share)
        elif test > 0:
            overlap = int(overlap + test * test_share)
    text = "_" * 72 + "\nSum    " + " ".join(f"{n:4d}" for n in sums) + " " * 19
    text += f"{format_time(ref_total, _MS_PER_S)}   {format_time(test_total, _MS_PER_S)}\nGross" + " " * 22
    text += _whole(sums[0], sums[0] + sums[1]) + _whole(sums[2], sums[2] + sums[3])
    text += _whole(overlap, ref_total) + _whole(overlap, test_total)
    text += "\nAverage" + " " * 20 + "".join(_whole(a.sum, a.n) for a in averages) + "\n"
    return text, len(rows)


def _measurements(rows: Sequence[list[str]]) -> tuple[str, int]:
    """`mxm`: mean error and mean reference measurement."""
    n = len(rows)
    error, reference = (sum(float(fields[i]) for fields in rows) for i in (1, 2))
    if not n:
        return "_" * 50 + "\nAverage   -\t\t   -\n", n
    return "_" * 50 + f"\nAverage {100.0 * error / (100.0 * n):7.4f}\t\t{100.0 * reference / (100.0 * n):g}\n", n


def _number(text: str) -> float:
    """`atof`: "-" is 0."""
    found = re.match(r"[+-]?\d+(\.\d*)?", text)
    return float(found[0]) if found else 0.0


_Total = Callable[[Sequence[list[str]]], tuple[str, int]]

# First line of a report -> heading lines, least columns of a line, what adds it up.
_KINDS: dict[str, tuple[int, int, _Total]] = {
    LINE_HEADING: (1, 12, _beats),
    LINE_HEADING_SVEB: (1, 20, _beats_sveb),
    SHUTDOWN_HEADING.splitlines(keepends=True)[0]: (2, 16, _shutdown),
    SHUTDOWN_HEADING_SVEB.splitlines(keepends=True)[0]: (2, 12, _shutdown_sveb),
    RUN_LINE_HEADING: (1, 13, _runs),
    "(SVE run detection)\n": (2, 13, _runs),
    "(Measurement errors)\n": (3, 3, _measurements),
    **{
        f"({name})\n": (2, 11, _episodes)
        for name in (
            "AF detection",
            "VF detection",
            "Ischemic ST detection, both signals",
            "Ischemic ST detection, signal 0",
            "Ischemic ST detection, signal 1",
        )
    },
}
