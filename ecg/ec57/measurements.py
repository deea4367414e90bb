"""Measurement-by-measurement comparison (`mxm`): heart rate, or any other number noted on "=" annotations.

Owns the error figures and their printed forms. Pure; must not read files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import sqrt

import numpy as np

from ecg.annotations import Annotations, Code
from ecg.ec57.beats import end_sample
from ecg.ec57.times import LEARNING_PERIOD_S, samples_of
from ecg.errors import InvalidSignal

_HUGE = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class MeasurementComparison:
    """What `mxm` finds in one record.

    Attributes:
        squared_error: Sum of squared differences of the pairs.
        reference_sum: Sum of the reference measurements of the pairs.
        n_test: Test measurements read, those of the learning period included: the program divides by this number
            and not by the pairs it summed, so that a learning period with measurements makes every figure smaller.
        n_pairs: Pairs summed.
        measurement: Number of the measurement (the annotations' subtype).
    """

    squared_error: float
    reference_sum: float
    n_test: int
    n_pairs: int
    measurement: int

    @property
    def rms_error(self) -> float:
        """Root mean square error in the measurement's unit."""
        return sqrt(self.squared_error / self.n_test)

    @property
    def normalised_rms_error(self) -> float:
        """RMS error over the mean reference measurement; EC57 reports heart rate so, in per cent.

        Raises:
            InvalidSignal: The reference measurements have zero mean.
        """
        if self.reference_sum == 0.0:
            raise InvalidSignal("reference measurements have zero mean: the error cannot be normalised")
        return sqrt(self.squared_error * self.n_test / (self.reference_sum * self.reference_sum))

    @property
    def mean_reference(self) -> float:
        """Mean reference measurement."""
        return self.reference_sum / self.n_test


def score_measurements(
    ref: Annotations,
    test: Annotations,
    *,
    measurement: int = 0,
    start_s: float = LEARNING_PERIOD_S,
    end_s: float | None = None,
    n_samples: int | None = None,
) -> MeasurementComparison:
    """Compares the measurements of two annotators, as `mxm -r RECORD -a ref test`.

    Args:
        ref: Reference; measurements are "=" annotations whose note is a number.
        test: Annotations under test; moved to the reference's sampling frequency if theirs differs.
        measurement: Which measurement (subtype), -128 to 127; 0 is heart rate by custom.
        start_s: First second scored.
        end_s: Last second scored; None for the whole record, 0 to stop where either annotator stops.
        n_samples: Record length where `ref.n_samples` does not know it.

    Raises:
        InvalidSignal: Either annotator has no such measurement, or the interval ends before it starts.
    """
    end = end_sample(ref, end_s, n_samples)
    return score_measurements_between(ref, test, samples_of(start_s, ref.fs), end, measurement)


def score_measurements_between(
    ref: Annotations, test: Annotations, start: int, end: int, measurement: int = 0
) -> MeasurementComparison:
    """As `score_measurements`, with the interval in samples (`end` -1: end of the reference, 0: of either)."""
    if 0 < end < start:
        raise InvalidSignal(f"the scored interval ends (sample {end}) before it starts (sample {start})")
    mine, theirs = _Reader(ref, measurement), _Reader(test.at_rate(ref.fs), measurement)
    theirs.read()
    while theirs.time < start:
        theirs.read()
    # mxm's T starts at 0 and Tnext at -1, with measurements of 0: "no reference yet".
    time, value, mine.time = 0, 0.0, -1
    squared, total, n_pairs = 0.0, 0.0, 0
    while (
        (end > 0 and (mine.time <= end or theirs.time <= end))
        or (end == -1 and mine.time != _HUGE)
        or (end == 0 and mine.time != _HUGE and theirs.time != _HUGE)
    ):
        while mine.time < theirs.time:
            time, value = mine.time, mine.value
            mine.read()
        # When the test ends before the reference, the loop comes here once more and pairs the last test measurement
        # with the last reference one: both "times" are at the end by then. The program does so.
        nearest = value if theirs.time - time < mine.time - theirs.time else mine.value
        total += nearest
        squared += (nearest - theirs.value) ** 2
        n_pairs += 1
        theirs.read()
    if not mine.n_read or not theirs.n_read:
        who = "either annotator" if not mine.n_read and not theirs.n_read else ("ref" if not mine.n_read else "test")
        raise InvalidSignal(f"no measurements of type {measurement} for {who}")
    return MeasurementComparison(squared, total, theirs.n_read, n_pairs, measurement)


class _Reader:
    """`getref` or `gettest`: the measurements of one annotator, one at a time; the last value stays when they end."""

    def __init__(self, made: Annotations, measurement: int) -> None:
        chosen = np.flatnonzero((made.code == Code.MEASURE) & (made.subtype == measurement)).tolist()
        self._items = iter([(int(made.sample[i]), made.aux_note[i]) for i in chosen])
        self.time, self.value, self.n_read = 0, 0.0, 0

    def read(self) -> None:
        item = next(self._items, None)
        if item is None:
            self.time = _HUGE
            return
        self.time = item[0]
        self.n_read += 1
        if item[1]:
            found = re.match(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", item[1])
            self.value = float(found[1]) if found else 0.0


def measurement_heading(measurement: int) -> str:
    """The three heading lines of `mxm -L`."""
    return f"(Measurement errors)\nMeasurement {measurement}\nRecord\tRMS error (%)\tMean reference measurement\n"


def measurement_line(record: str, c: MeasurementComparison, *, normalised: bool = True) -> str:
    """One line of `mxm -L`."""
    if normalised:
        return f"{record:>6s}\t{100.0 * c.normalised_rms_error:7.4f}\t\t{c.mean_reference:g}\n"
    return f"{record:>6s}\t{c.rms_error:7.4f}\t\t{c.mean_reference:g} (unnormalized)\n"


def measurement_text(
    record: str, c: MeasurementComparison, ref_name: str, test_name: str, *, normalised: bool = True
) -> str:
    """The report of `mxm -s`."""
    text = f"Measurement-by-measurement comparison results for record {record}\nMeasurement number {c.measurement}\n"
    text += f"Reference annotator: {ref_name}\n     Test annotator: {test_name}\n\n"
    if normalised:
        text += f"     Normalized RMS error: {100.0 * c.normalised_rms_error:7.4f}% (n = {c.n_test})\n"
    else:
        text += f"   Unnormalized RMS error: {c.rms_error:7.4f} (n = {c.n_test})\n"
    return text + f"Mean reference measurement: {c.mean_reference:g}\n"
