"""The printed forms of `bxb`: condensed, line and standard, each with and without SVEBs. Pure text; owns no counts.

Every function gives the text the program would append to its file, letter for letter.
"""

from __future__ import annotations

from ecg.ec57.beats import BeatComparison
from ecg.ec57.pairing import F, N, O, Q, S, V, X
from ecg.intervals import Proportion

LINE_HEADING = "Record Nn' Vn' Fn' On'  Nv   Vv  Fv' Ov' No' Vo' Fo'  Q Se   Q +P   V Se   V +P  V FPR\n"
LINE_HEADING_SVEB = (
    "Record Nn' Sn' Vn' Fn' On'  Ns  Ss  Vs  Fs' Os' Nv  Sv   Vv  Fv' Ov' No' So' Vo' Fo'"
    "  Q Se   Q +P   V Se   V +P   S Se   S +P RR err\n"
)
SHUTDOWN_HEADING = (
    "Record Nx   Vx   Fx   Qx  % beats  % N    % V    % F   Total Shutdown\n"
    "                           missed missed missed missed      Time\n"
)
SHUTDOWN_HEADING_SVEB = (
    "Record Nx   Sx   Vx   Fx   Qx  % beats  % N    % S    % V    % F   Total Shutdown\n"
    "                                missed missed missed missed missed      Time\n"
)

Rows = int | tuple[int, ...]


def _sum(c: BeatComparison, rows: Rows, columns: Rows) -> int:
    rows = (rows,) if isinstance(rows, int) else rows
    columns = (columns,) if isinstance(columns, int) else columns
    return sum(int(c.counts[row, column]) for row in rows for column in columns)


def _line_percent(part: Proportion, form: str = "6.2f") -> str:
    return "      -" if part.percent is None else f" {part.percent:{form}}"


def _long_percent(label: str, part: Proportion, form: str = "6.2f") -> str:
    shown = "     - " if part.percent is None else f"{part.percent:{form}}%"
    return f"{label}: {shown} ({part.k}/{part.n})\n"


def line(record: str, c: BeatComparison, *, sveb: bool = True) -> str:
    """One line of `bxb -L` (or `-l`): the beat-by-beat counts and statistics of a record."""
    other, nobody = (N, F, Q), (O, X)
    if not sveb:
        c = c.without_sveb()
        cells = [_sum(c, N, other), _sum(c, V, other), _sum(c, (F, Q), other), _sum(c, nobody, other)]
        cells += [_sum(c, N, V), _sum(c, V, V), _sum(c, (F, Q), V), _sum(c, nobody, V)]
        cells += [_sum(c, N, nobody), _sum(c, V, nobody), _sum(c, (F, Q), nobody)]
        widths: tuple[int, ...] = (5, 3, 3, 3, 3, 4, 3, 3, 3, 3, 3)
    else:
        rows: tuple[Rows, ...] = (N, S, V, (F, Q))
        cells = [_sum(c, row, other) for row in (*rows, nobody)]
        cells += [_sum(c, row, S) for row in (*rows, nobody)]
        cells += [_sum(c, row, V) for row in (*rows, nobody)]
        cells += [_sum(c, row, nobody) for row in rows]
        widths = (5, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3, 3, 3, 3, 3)
    text = f"{record:>4s}" + "".join(f" {cell:{width}d}" for cell, width in zip(cells, widths, strict=True))
    parts = [c.qrs_sensitivity, c.qrs_predictivity, c.veb_sensitivity, c.veb_predictivity]
    if not sveb:
        return text + "".join(map(_line_percent, parts)) + _line_percent(c.veb_false_positive_rate, "6.3f") + "\n"
    text += "".join(map(_line_percent, [*parts, c.sveb_sensitivity, c.sveb_predictivity]))
    return text + ("     -" if c.rr_error_ms is None else f" {c.rr_error_ms:6.2f}") + "\n"


def _missed_in_shutdown(c: BeatComparison, sveb: bool) -> list[tuple[str, Proportion]]:
    everything = slice(None)
    shown = [("N", N), ("S", S), ("V", V), ("F", F)] if sveb else [("N", N), ("V", V), ("F", F)]
    # bxb leaves S out of "beats missed" (Nx+Vx+Fx+Qx) though its denominator has them.
    beats = Proportion(_sum(c, (N, V, F, Q), X), c.qrs_sensitivity.n)
    parts = [("\n  Beats missed in shutdown", beats)]
    return parts + [
        (f"      {name} missed in shutdown", Proportion(_sum(c, row, X), c.total(row, everything)))
        for name, row in shown
    ]


def shutdown_line(record: str, c: BeatComparison, *, sveb: bool = True) -> str:
    """One line of the second file of `bxb -L` (or `-l`): what was missed while the test annotator was shut down."""
    if not sveb:
        c = c.without_sveb()
    rows = (N, S, V, F, Q) if sveb else (N, V, F, Q)
    text = f"{record:>4s}" + "".join(f" {_sum(c, row, X):4d}" for row in rows) + "  "
    text += "".join(_line_percent(part) for _, part in _missed_in_shutdown(c, sveb))
    beats = " ".join(str(c.total(row, slice(None))) for row in (N, S, V, F, Q))
    return f"{text}{c.shutdown_s:5d} seconds {beats}\n"


def _heading(record: str, ref_name: str, test_name: str) -> str:
    return (
        f"Beat-by-beat comparison results for record {record}\n"
        f"Reference annotator: {ref_name}\n     Test annotator: {test_name}\n\n"
    )


def _statistics(c: BeatComparison, sveb: bool) -> str:
    text = _long_percent("           QRS sensitivity", c.qrs_sensitivity)
    text += _long_percent(" QRS positive predictivity", c.qrs_predictivity)
    text += _long_percent("           VEB sensitivity", c.veb_sensitivity)
    text += _long_percent(" VEB positive predictivity", c.veb_predictivity)
    if not sveb:
        return text + _long_percent("   VEB false positive rate", c.veb_false_positive_rate, "6.3f") + "\n"
    text += _long_percent("          SVEB sensitivity", c.sveb_sensitivity)
    text += _long_percent("SVEB positive predictivity", c.sveb_predictivity)
    shown = "     -" if c.rr_error_ms is None else f"{c.rr_error_ms:6.2f} ms"
    return f"{text}     RMS RR interval error: {shown}\n"


def _table(rows: list[tuple[str, list[int]]]) -> str:
    return "".join(label + "".join(f" {cell:4d}" for cell in cells) + "\n" for label, cells in rows) + "\n"


def standard(record: str, c: BeatComparison, ref_name: str, test_name: str, *, sveb: bool = True) -> str:
    """The matrix of `bxb -S` (or `-s`), as appended to its file; `shutdown_text` is what it prints beside."""
    classes = (N, S, V, F, Q) if sveb else (N, V, F, Q)
    c = c if sveb else c.without_sveb()
    names = {N: "N", S: "S", V: "V", F: "F", Q: "Q", O: "O", X: "X"}
    text = _heading(record, ref_name, test_name) + "               Algorithm\n"
    text += "        n" + ("    s" if sveb else "") + "    v    f    q    o    x\n"
    text += "   " + "_" * (36 if sveb else 31) + "\n"
    rows = [(f" {names[row]} |", [_sum(c, row, column) for column in (*classes, O, X)]) for row in classes]
    rows += [(f" {names[row]} |", [_sum(c, row, column) for column in classes]) for row in (O, X)]
    return text + _table(rows) + _statistics(c, sveb)


def condensed(record: str, c: BeatComparison, ref_name: str, test_name: str, *, sveb: bool = True) -> str:
    """The small matrix of `bxb -C` (or `-c`)."""
    c = c if sveb else c.without_sveb()
    other, nobody = (N, F, Q), (O, X)
    names: list[tuple[str, Rows]] = [("  N  |", N), ("  S  |", S), ("  V  |", V), (" F+Q |", (F, Q))]
    text = _heading(record, ref_name, test_name) + "         Algorithm\n      n+f+q"
    text += ("    s" if sveb else "") + "    v  o+x\n     " + "_" * (21 if sveb else 16) + "\n"
    shown = names if sveb else [names[0], *names[2:]]
    columns: list[Rows] = [other, S, V, nobody] if sveb else [other, V, nobody]
    rows = [(label, [_sum(c, row, column) for column in columns]) for label, row in shown]
    rows.append((" O+X |", [_sum(c, nobody, column) for column in columns[:-1]]))
    return text + _table(rows) + _statistics(c, sveb)


def shutdown_text(c: BeatComparison, *, sveb: bool = True) -> str:
    """What `bxb -S`, `-s`, `-C` and `-c` print on standard output, never into their file."""
    c = c if sveb else c.without_sveb()
    text = "".join(_long_percent(label, part) for label, part in _missed_in_shutdown(c, sveb))
    return f"{text}       Total shutdown time: {c.shutdown_s:5d} seconds\n"


def discrepancies(c: BeatComparison, ref_sample: list[int], test_sample: list[int], *, sveb: bool = True) -> str:
    """`bxb -v`: one line for each pairing whose labels differ, "N(1234)/O(1234)" with times in samples.

    Args:
        c: The comparison.
        ref_sample: Times of the reference annotations.
        test_sample: Times of the test annotations.
        sveb: Whether S is told from N.
    """
    names, lines = "NSVFQOX*", []
    for ref, test, i, j in (c if sveb else c.without_sveb()).pairs.tolist():
        if ref == test:
            continue
        at = ref_sample[i] if test >= O and ref < O else test_sample[j]
        first = at if ref in (O, X) or test in (O, X) else ref_sample[i]
        lines.append(f"{names[ref]}({first})/{names[test]}({at})\n")
    return "".join(lines)
