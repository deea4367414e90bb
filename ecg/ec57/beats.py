"""Beat-by-beat comparison (`bxb`): what was found, what was missed, what was called by the wrong name.

Owns the counts and the statistics taken from them; the pairing is `pairing.py`, the printed forms `beat_report.py`.
Pure; must not read files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ecg.annotations import IS_QRS, Annotations, Code
from ecg.ec57 import pairing
from ecg.ec57.pairing import F, N, O, Q, S, V, X
from ecg.ec57.times import LEARNING_PERIOD_S, MATCH_WINDOW_S, samples_of
from ecg.errors import InvalidSignal
from ecg.intervals import Proportion

BEATS = slice(N, O)  # the five real classes
NO_BEAT = slice(O, X + 1)  # the two pseudo-beats

_KIND_OF_CODE: NDArray[np.int8] = np.full(50, pairing.OTHER, dtype=np.int8)
_KIND_OF_CODE[IS_QRS] = pairing.BEAT
_KIND_OF_CODE[Code.NOISE] = pairing.READABLE
_KIND_OF_CODE[Code.VFON] = pairing.VF_ON
_KIND_OF_CODE[Code.VFOFF] = pairing.VF_OFF


@dataclass(frozen=True, slots=True, eq=False)
class BeatComparison:
    """What `bxb` finds in one record.

    Attributes:
        counts: (7, 7) int64, reference class by test class, both in the order N S V F Q O X. Row O holds extra
            detections, column O misses; row and column X those within a shutdown. The corner [O:, O:] means nothing.
        squared_rr_error: Sum of squared differences of RR intervals, samples squared.
        n_rr: RR intervals compared.
        shutdown_samples: Test annotator's shutdown, with the half second that rounds it.
        fs: Sampling frequency in Hz.
        pairs: (m, 4) int32 pairings in time order: reference class, test class, index of the reference annotation,
            index of the test annotation (-1 past the end). A pseudo-beat's index is that of the annotation waiting.
    """

    counts: NDArray[np.int64]
    squared_rr_error: float
    n_rr: int
    shutdown_samples: int
    fs: float
    pairs: NDArray[np.int32]

    def total(self, rows: int | slice, columns: int | slice) -> int:
        """Sum of a cell or block of `counts`."""
        return int(self.counts[rows, columns].sum())

    @property
    def qrs_sensitivity(self) -> Proportion:
        """Reference beats that a test beat matched."""
        hit = self.total(BEATS, BEATS)
        return Proportion(hit, hit + self.total(BEATS, NO_BEAT))

    @property
    def qrs_predictivity(self) -> Proportion:
        """Test beats that a reference beat matched."""
        hit = self.total(BEATS, BEATS)
        return Proportion(hit, hit + self.total(NO_BEAT, BEATS))

    @property
    def veb_sensitivity(self) -> Proportion:
        """Reference ventricular ectopic beats called V."""
        return Proportion(self.total(V, V), self.total(V, slice(None)))

    @property
    def veb_predictivity(self) -> Proportion:
        """Beats called V that are; one called V on a reference F or Q is neither right nor wrong (EC57:2012 4.3.3)."""
        wrong = self.total(N, V) + self.total(S, V) + self.total(NO_BEAT, V)
        return Proportion(self.total(V, V), self.total(V, V) + wrong)

    @property
    def veb_false_positive_rate(self) -> Proportion:
        """Beats that are no VEB, or no beat, called V."""
        wrong = self.total(N, V) + self.total(S, V) + self.total(NO_BEAT, V)
        right = sum(self.total(row, BEATS) - self.total(row, V) for row in (N, S, F, Q, O, X))
        return Proportion(wrong, right + wrong)

    @property
    def sveb_sensitivity(self) -> Proportion:
        """Reference supraventricular ectopic beats called S."""
        return Proportion(self.total(S, S), self.total(S, slice(None)))

    @property
    def sveb_predictivity(self) -> Proportion:
        """Beats called S that are. Unlike V, one on a reference F is wrong; on a Q it is neither (so does bxb)."""
        wrong = sum(self.total(row, S) for row in (N, V, F, O, X))
        return Proportion(self.total(S, S), self.total(S, S) + wrong)

    @property
    def rr_error_ms(self) -> float | None:
        """RMS difference of RR intervals in ms; None where none was compared.

        The sampling frequency is rounded to whole samples a second here, as `strtim("1")` does.
        """
        if not self.n_rr:
            return None
        return sqrt(self.squared_rr_error / self.n_rr) * 1000.0 / samples_of(1.0, self.fs)

    @property
    def shutdown_s(self) -> int:
        """Test annotator's shutdown in whole seconds."""
        return int(self.shutdown_samples / samples_of(1.0, self.fs))

    def without_sveb(self) -> BeatComparison:
        """S folded into N on both sides, as `bxb` reports unless SVEB statistics are asked for."""
        folded = self.counts.copy()
        folded[N] += folded[S]
        folded[S] = 0
        folded[:, N] += folded[:, S]
        folded[:, S] = 0
        pairs = self.pairs.copy()
        pairs[:, :2][pairs[:, :2] == S] = N
        return _comparison(folded, self.squared_rr_error, self.n_rr, self.shutdown_samples, self.fs, pairs)

    def __add__(self, other: BeatComparison) -> BeatComparison:
        """Counts of both together: the gross comparison, in samples of the first one's rate.

        Pairs are dropped, they belong to one record.
        """
        scale = samples_of(1.0, self.fs) / samples_of(1.0, other.fs)
        return _comparison(
            self.counts + other.counts,
            self.squared_rr_error + other.squared_rr_error * scale**2,
            self.n_rr + other.n_rr,
            self.shutdown_samples + round(other.shutdown_samples * scale),
            self.fs,
            np.zeros((0, 4), dtype=np.int32),
        )


def score_beats(
    ref: Annotations,
    test: Annotations,
    *,
    start_s: float = LEARNING_PERIOD_S,
    end_s: float | None = None,
    window_s: float = MATCH_WINDOW_S,
    n_samples: int | None = None,
) -> BeatComparison:
    """Compares two annotators beat by beat, as `bxb -r RECORD -a ref test`.

    Args:
        ref: Reference annotations.
        test: Annotations under test; moved to the reference's sampling frequency if theirs differs.
        start_s: First second scored; 300 in EC57 (the learning period), 0 to score everything.
        end_s: Last second scored; None for the whole record, 0 to stop where either annotator stops.
        window_s: Match window, 0.15 in EC57.
        n_samples: Record length where `ref.n_samples` does not know it. Unknown: up to the last reference beat.

    Returns:
        The counts, and the statistics as properties.

    Raises:
        InvalidSignal: The interval ends before it starts.
    """
    end = end_sample(ref, end_s, n_samples)
    return score_beats_between(ref, test, samples_of(start_s, ref.fs), end, samples_of(window_s, ref.fs))


def end_sample(ref: Annotations, end_s: float | None, n_samples: int | None) -> int:
    """Last sample scored: of the option if there is one, of the record if its length is known, else -1."""
    if end_s is not None:
        return samples_of(end_s, ref.fs)
    return n_samples or ref.n_samples or pairing.TO_END_OF_REFERENCE


def score_beats_between(ref: Annotations, test: Annotations, start: int, end: int, match_dt: int) -> BeatComparison:
    """As `score_beats`, with the interval and the window in samples of the reference.

    Args:
        ref: Reference annotations.
        test: Annotations under test.
        start: First sample scored.
        end: Last sample scored, -1 for the end of the reference annotations, 0 for the end of either.
        match_dt: Match window in samples.
    """
    if 0 < end < start:
        raise InvalidSignal(f"the scored interval ends (sample {end}) before it starts (sample {start})")
    found = pairing.pair_beats(
        *_walked(ref), *_walked(test.at_rate(ref.fs)), start, end, match_dt, samples_of(0.5, ref.fs)
    )
    return _comparison(found[0][:7, :7], float(found[2]), int(found[3]), int(found[4]), ref.fs, found[1])


def _walked(made: Annotations) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int8]]:
    code = made.code
    kind = _KIND_OF_CODE[code]
    noise = np.flatnonzero(code == Code.NOISE)
    if noise.size:
        kind[noise[(made.subtype[noise] & 0x30) == 0x30]] = pairing.UNREADABLE
    return made.sample, kind, pairing.CLASS_OF_CODE[code]


def _comparison(
    counts: NDArray[np.int64], rr: float, n_rr: int, shutdown: int, fs: float, pairs: NDArray[np.int32]
) -> BeatComparison:
    kept = counts.copy()
    kept[NO_BEAT, NO_BEAT] = 0
    kept.setflags(write=False)
    pairs.setflags(write=False)
    return BeatComparison(kept, rr, n_rr, shutdown, fs, pairs)


@dataclass(frozen=True, slots=True)
class BeatSummary:
    """Gross and average figures over records, as `sumstats` prints them for `bxb -L`.

    Gross: all beats of all records in one pot. Average: each record counts once, those without such beats not at all.
    """

    n_records: int
    gross: BeatComparison
    average_qrs_sensitivity: float | None
    average_qrs_predictivity: float | None
    average_veb_sensitivity: float | None
    average_veb_predictivity: float | None
    average_sveb_sensitivity: float | None
    average_sveb_predictivity: float | None
    average_rr_error_ms: float | None


def summarise_beats(records: Sequence[BeatComparison]) -> BeatSummary:
    """Gross and average statistics of a list of comparisons (one per record, at least one).

    Reference beats of class Q and test beats against them count in `gross`; `sumstats` sees only its input's columns.
    """
    if not records:
        raise InvalidSignal("no records to summarise")
    gross = records[0]
    for record in records[1:]:
        gross = gross + record
    return BeatSummary(
        len(records),
        gross,
        _mean(r.qrs_sensitivity.value for r in records),
        _mean(r.qrs_predictivity.value for r in records),
        _mean(r.veb_sensitivity.value for r in records),
        _mean(r.veb_predictivity.value for r in records),
        _mean(r.sveb_sensitivity.value for r in records),
        _mean(r.sveb_predictivity.value for r in records),
        _mean(r.rr_error_ms for r in records),
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
