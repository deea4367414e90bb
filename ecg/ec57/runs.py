"""Run-by-run comparison (`rxr`): couplets, short runs (3-5) and long runs (6 and more), ventricular and not.

Owns the counts, the statistics and their printed forms; the walk is `run_walk.py`. Pure; must not read files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.annotations import Annotations, Code
from ecg.ec57 import run_walk
from ecg.ec57.beats import end_sample
from ecg.ec57.times import LEARNING_PERIOD_S, MATCH_WINDOW_S, samples_of
from ecg.errors import InvalidSignal
from ecg.intervals import Proportion

SHORT, LONG = (3, 4, 5), 6


@dataclass(frozen=True, slots=True, eq=False)
class RunComparison:
    """What `rxr` finds in one record for one kind of run.

    Attributes:
        sensitivity_counts: (7, 7) int64, for every reference run the longest test run in its window; rows are
            reference lengths 0..6, columns test lengths, 6 standing for anything longer and for VF (AF).
        predictivity_counts: (7, 7) int64, for every test run the longest reference run in its window; the same rows
            and columns.
        discrepancies: (m, 5) int64 rows (0 sensitivity or 1 predictivity, reference length, test length, window
            start, window end in samples) for runs whose lengths differ.
    """

    sensitivity_counts: NDArray[np.int64]
    predictivity_counts: NDArray[np.int64]
    discrepancies: NDArray[np.int64]

    @property
    def couplet_sensitivity(self) -> Proportion:
        """Reference couplets with a test run of two or more."""
        row = self.sensitivity_counts[2]
        return _part(int(row[2:].sum()), int(row[:2].sum()))

    @property
    def couplet_predictivity(self) -> Proportion:
        """Test couplets with a reference run of two or more."""
        column = self.predictivity_counts[:, 2]
        return _part(int(column[2:].sum()), int(column[:2].sum()))

    @property
    def short_run_sensitivity(self) -> Proportion:
        """Reference runs of 3 to 5 with a test run of three or more."""
        rows = self.sensitivity_counts[3:6]
        return _part(int(rows[:, 3:].sum()), int(rows[:, :3].sum()))

    @property
    def short_run_predictivity(self) -> Proportion:
        """Test runs of 3 to 5 with a reference run of three or more."""
        columns = self.predictivity_counts[:, 3:6]
        return _part(int(columns[3:].sum()), int(columns[:3].sum()))

    @property
    def long_run_sensitivity(self) -> Proportion:
        """Reference runs of 6 or more (and VF, AF) with such a test run."""
        row = self.sensitivity_counts[LONG]
        return _part(int(row[LONG]), int(row[:LONG].sum()))

    @property
    def long_run_predictivity(self) -> Proportion:
        """Test runs of 6 or more (and VF, AF) with such a reference run."""
        column = self.predictivity_counts[:, LONG]
        return _part(int(column[LONG]), int(column[:LONG].sum()))

    def __add__(self, other: RunComparison) -> RunComparison:
        """Counts of both together: the gross comparison."""
        return RunComparison(
            self.sensitivity_counts + other.sensitivity_counts,
            self.predictivity_counts + other.predictivity_counts,
            np.zeros((0, 5), dtype=np.int64),
        )


def _part(right: int, wrong: int) -> Proportion:
    return Proportion(right, right + wrong)


def score_runs(
    ref: Annotations,
    test: Annotations,
    *,
    start_s: float = LEARNING_PERIOD_S,
    end_s: float | None = None,
    window_s: float = MATCH_WINDOW_S,
    n_samples: int | None = None,
) -> tuple[RunComparison, RunComparison]:
    """Compares the runs of two annotators, as `rxr -r RECORD -a ref test`.

    Args:
        ref: Reference annotations.
        test: Annotations under test; moved to the reference's sampling frequency if theirs differs.
        start_s: First second scored; 300 in EC57.
        end_s: Last second scored; None for the whole record, 0 for everything there is.
        window_s: How far a run's window reaches beyond its first and last beat, 0.15 in EC57.
        n_samples: Record length where `ref.n_samples` does not know it.

    Returns:
        Ventricular runs, supraventricular runs.

    Raises:
        InvalidSignal: The interval ends before it starts.
    """
    end = end_sample(ref, end_s, n_samples)
    return score_runs_between(ref, test, samples_of(start_s, ref.fs), end, samples_of(window_s, ref.fs))


def score_runs_between(
    ref: Annotations, test: Annotations, start: int, end: int, match_dt: int
) -> tuple[RunComparison, RunComparison]:
    """As `score_runs`, with the interval and the window in samples of the reference (`end` 0 or less: no end)."""
    if 0 < end < start:
        raise InvalidSignal(f"the scored interval ends (sample {end}) before it starts (sample {start})")
    r, t = _walked(ref), _walked(test.at_rate(ref.fs))
    found: list[RunComparison] = []
    ref_left = test_left = run_walk.OTHER
    for sve in (False, True):
        forth, runs_forth, ref_left, test_left = run_walk.walk_runs(*r, *t, start, end, match_dt, sve, test_left)
        back, runs_back, test_left, ref_left = run_walk.walk_runs(*t, *r, start, end, match_dt, sve, ref_left)
        backward = runs_back[:, [1, 0, 2, 3]]
        differing = [
            np.insert(runs[runs[:, 0] != runs[:, 1]], 0, side, axis=1)
            for side, runs in ((0, runs_forth), (1, backward))
        ]
        made = RunComparison(forth, np.ascontiguousarray(back.T), np.concatenate(differing))
        for array in (made.sensitivity_counts, made.predictivity_counts, made.discrepancies):
            array.setflags(write=False)
        found.append(made)
    return found[0], found[1]


def _walked(made: Annotations) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    code = made.code
    kind = run_walk.KIND_OF_CODE[code]
    noise = np.flatnonzero(code == Code.NOISE)
    if noise.size:
        shut = (made.subtype[noise] & 0x30) == 0x30
        kind[noise] = np.where(shut, run_walk.UNREADABLE, run_walk.READABLE)
    for i in np.flatnonzero(code == Code.RHYTHM).tolist():
        note = made.aux_note[i]
        if note.startswith("(AF"):  # rxr looks at three letters: flutter, "(AFL", is AF to it
            kind[i] = run_walk.AF_RHYTHM
        elif note.startswith("(VF"):  # so is ventricular flutter, "(VFL", VF
            kind[i] = run_walk.VF_RHYTHM
        elif note:
            kind[i] = run_walk.RHYTHM
    return made.sample, kind


def _statistics(c: RunComparison) -> list[tuple[str, Proportion]]:
    return [
        ("            Couplet sensitivity", c.couplet_sensitivity),
        ("  Couplet positive predictivity", c.couplet_predictivity),
        ("          Short run sensitivity", c.short_run_sensitivity),
        ("Short run positive predictivity", c.short_run_predictivity),
        ("           Long run sensitivity", c.long_run_sensitivity),
        (" Long run positive predictivity", c.long_run_predictivity),
    ]


def whole_percent(part: Proportion) -> int | None:
    """Percentage rounded half up to a whole number, None where undefined."""
    return None if part.percent is None else int(part.percent + 0.5)


RUN_LINE_HEADING = "Record CTs CFN CTp CFP STs SFN STp SFP LTs LFN LTp LFP  CSe C+P SSe S+P LSe L+P\n"
SVE_RUN_LINE_HEADING = "(SVE run detection)\n" + RUN_LINE_HEADING


def run_line(record: str, c: RunComparison) -> str:
    """One line of `rxr -L` (or `-l`)."""
    parts = [part for _, part in _statistics(c)]
    counts = "".join(f"{part.k:3d} {part.n - part.k:3d} " for part in parts)
    percents = [whole_percent(part) for part in parts]
    return f"{record:>4s} {counts}" + "".join("   -" if p is None else f" {p:3d}" for p in percents) + "\n"


def run_matrix(
    record: str, c: RunComparison, ref_name: str, test_name: str, *, sve: bool, condensed: bool = False
) -> str:
    """The two matrices of `rxr -S` (or `-s`), or with `condensed` of `-C` (or `-c`), and the statistics."""
    text = (
        f"{'S' if sve else ''}VE run-by-run comparison results for record {record}\n"
        f"Reference annotator: {ref_name}\n     Test annotator: {test_name}\n\n"
    )
    table = _condensed_table if condensed else _full_table
    before, after = ("    ", " ") if condensed else ("      ", " ")
    text += f"{table(c.sensitivity_counts)}\n{before}(Run Sensitivity Summary Matrix)\n\n\n"
    text += f"{table(c.predictivity_counts)}\n{after}(Run Positive Predictivity Summary Matrix)\n\n"
    for label, part in _statistics(c):
        percent = whole_percent(part)
        shown = "   - " if percent is None else f" {percent:3d}%"
        text += f"{label}:{shown} ({part.k}/{part.n})\n"
    return text + "\n"


def _full_table(counts: NDArray[np.int64]) -> str:
    text = "               Algorithm Run Length\n          0    1    2    3    4    5   >5\n"
    text += "     " + "_" * 36 + "\n"
    return text + _rows(["   0 |", *(f"   {i} |" for i in range(1, 6)), "  >5 |"], counts)


def _condensed_table(counts: NDArray[np.int64]) -> str:
    text = "          Algorithm Run Length\n         nc    v    c    s    l\n     " + "_" * 26 + "\n"
    edges = [0, 1, 2, 3, 6]
    grouped = np.add.reduceat(np.add.reduceat(counts, edges, axis=0), edges, axis=1)
    return text + _rows(["  NC |", "   V |", "   C |", "   S |", "   L |"], grouped)


def _rows(labels: list[str], counts: NDArray[np.int64]) -> str:
    text = ""
    for i, (label, row) in enumerate(zip(labels, counts.tolist(), strict=True)):
        first = "     " if i == 0 else f" {row[0]:4d}"  # no run against no run is not a cell
        text += label + first + "".join(f" {cell:4d}" for cell in row[1:]) + "\n"
    return text


def run_discrepancies(c: RunComparison, *, sve: bool) -> str:
    """`rxr -v`: a line "reference length/test length(window start-end)" for each run whose lengths differ."""
    text = ""
    for side, name in enumerate(("sensitivity", "positive predictivity")):
        text += f"\n{'S' if sve else ''}VE Run-by-run comparison for {name}\n"
        rows = c.discrepancies[c.discrepancies[:, 0] == side].tolist()
        text += "".join(f"{ref}/{test}({start}-{end})\n" for _, ref, test, start, end in rows)
    return text
