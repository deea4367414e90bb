"""Proportions and their 95 % intervals, for every figure an evaluation prints. Pure numpy; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecg.errors import InvalidSignal

Record = TypeVar("Record")

Z_95 = 1.959963984540054  # standard normal quantile at 0.975


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval; `value` is None where the figure is undefined (nothing to count)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Proportion:
    """`k` of `n`: a sensitivity, a predictivity. Undefined, not zero, where `n` is 0.

    Attributes:
        k: Count of the events that went right.
        n: Count of all events.
    """

    k: int
    n: int

    def __post_init__(self) -> None:
        if self.k < 0 or self.k > self.n:
            raise InvalidSignal(f"a proportion needs 0 <= k <= n, got {self.k} of {self.n}")

    @property
    def value(self) -> float | None:
        """k / n, None where n is 0."""
        return self.k / self.n if self.n else None

    @property
    def percent(self) -> float | None:
        """100 k / n, computed in the order the WFDB programs do, so that rounding agrees."""
        return 100.0 * self.k / self.n if self.n else None

    def wilson(self, z: float = Z_95) -> Interval:
        """The Wilson score interval (events taken as independent: use `bootstrap` over records where they are not)."""
        return wilson(self.k, self.n, z)


def wilson(k: int, n: int, z: float = Z_95) -> Interval:
    """Wilson's score interval of the proportion k / n.

    Args:
        k: Successes, 0 to n.
        n: Trials; 0 gives an undefined interval.
        z: Normal quantile; the default is 95 %.

    Returns:
        Value, lower and upper bound in 0..1.

    Raises:
        InvalidSignal: k is not 0 to n.

    Source: Wilson EB, J Am Stat Assoc 1927;22:209-212.
    """
    if not 0 <= k <= n:  # NaN is neither
        raise InvalidSignal(f"a proportion needs 0 <= k <= n, got {k} of {n}")
    if n == 0:
        return Interval(None, None, None)
    p = k / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Interval(p, max(0.0, middle - half), min(1.0, middle + half))


def bootstrap_ratio(
    k: ArrayLike, n: ArrayLike, *, n_resamples: int = 2000, seed: int = 20240229, level: float = 0.95
) -> Interval:
    """Interval of the gross ratio sum(k) / sum(n), resampling whole records (the beats of one record hang together).

    Args:
        k: (n_records,) successes per record.
        n: (n_records,) trials per record.
        n_resamples: Bootstrap samples.
        seed: Of the generator, so that a figure can be made again.
        level: Confidence level.

    Returns:
        The gross ratio with the percentile interval over records.
    """
    successes, trials = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if successes.size == 0 or trials.sum() == 0:
        return Interval(None, None, None)
    picks = _picks(successes.size, n_resamples, seed)  # (n_resamples, n_records)
    total = trials[picks].sum(axis=1)
    ratio = successes[picks].sum(axis=1)[total > 0] / total[total > 0]
    return _percentile(float(successes.sum() / trials.sum()), ratio, level)


def bootstrap(
    records: Sequence[Record],
    statistic: Callable[[Sequence[Record]], float | None],
    *,
    n_resamples: int = 1000,
    seed: int = 20240229,
    level: float = 0.95,
) -> Interval:
    """Interval of any statistic of a list of records, resampling whole records with replacement.

    Args:
        records: One result per record.
        statistic: Of a list of results; None where undefined (such resamples are left out).
        n_resamples: Bootstrap samples.
        seed: Of the generator.
        level: Confidence level.

    Returns:
        The statistic of all records with the percentile interval over records.
    """
    value = statistic(records) if len(records) else None
    if value is None:
        return Interval(None, None, None)
    picks = _picks(len(records), n_resamples, seed)
    drawn = [statistic([records[i] for i in row]) for row in picks]
    return _percentile(value, np.array([x for x in drawn if x is not None], dtype=np.float64), level)


def _picks(n_records: int, n_resamples: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, n_records, size=(n_resamples, n_records))


def _percentile(value: float, drawn: NDArray[Any], level: float) -> Interval:
    if drawn.size == 0:
        return Interval(value, None, None)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high))
