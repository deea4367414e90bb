"""Intervals of proportions: known values, and the bootstrap over records."""

from __future__ import annotations

import pytest

from ecg.errors import InvalidSignal
from ecg.intervals import Interval, Proportion, bootstrap, bootstrap_ratio, wilson


def test_wilson_known_values() -> None:
    # Newcombe RG, Stat Med 1998;17:857-872, table I: 81 of 263, 0 of 20.
    known = wilson(81, 263)
    assert (known.low, known.high) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    none = wilson(0, 20)
    assert (none.low, none.high) == (0.0, pytest.approx(0.1611, abs=5e-5))
    assert wilson(0, 0) == Interval(None, None, None)


def test_undefined_is_not_zero() -> None:
    assert Proportion(0, 0).value is None
    assert Proportion(0, 3).value == 0.0
    with pytest.raises(InvalidSignal, match="0 <= k <= n"):
        Proportion(4, 3)


def test_bootstrap_over_records_is_wider_where_records_differ() -> None:
    same = bootstrap_ratio([90] * 10, [100] * 10)
    assert (same.low, same.value, same.high) == (0.9, 0.9, 0.9)
    mixed = bootstrap_ratio([100] * 9 + [0], [100] * 10)
    assert mixed.value == 0.9
    assert mixed.low is not None and mixed.low <= 0.7
    beats = wilson(900, 1000)
    assert beats.low is not None and mixed.low < beats.low
    assert bootstrap_ratio([], []) == Interval(None, None, None)
    assert bootstrap_ratio([0], [0]) == Interval(None, None, None)


def test_bootstrap_of_any_statistic_is_reproducible() -> None:
    def mean(values: object) -> float | None:
        numbers = list(values)  # type: ignore[call-overload]
        return sum(numbers) / len(numbers) if numbers else None

    first = bootstrap([1.0, 2.0, 3.0, 4.0], mean, n_resamples=200)
    assert first == bootstrap([1.0, 2.0, 3.0, 4.0], mean, n_resamples=200)
    assert first.low is not None and first.high is not None and first.low < 2.5 < first.high
    assert bootstrap([], mean) == Interval(None, None, None)
