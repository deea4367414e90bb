"""Figures: what an evaluation reports, one number with its interval, the intervals come from ecg.intervals.

Owns the type. Must not know any task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ecg.intervals import Proportion, bootstrap_ratio, wilson


@dataclass(frozen=True, slots=True)
class Figure:
    """One reported number.

    Attributes:
        name: Stable name, words joined by dots: "chains.whole".
        value: None where it could not be measured.
        low, high: 95 % interval; None where none is defined.
        n: How many things were counted.
        unit: "fraction", "ms", "bpm", "s", "count" ...
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str

    def to_json(self) -> dict[str, str | float | int | None]:
        """Plain values, for the report's JSON."""
        return asdict(self)


def fraction(name: str, hits: int, n: int) -> Figure:
    """A share with its Wilson 95 % interval (Wilson 1927); without value where n is 0."""
    share = wilson(hits, n)
    return Figure(name, share.value, share.low, share.high, n, "fraction")


def gross_ratios(prefix: str, per_record: Sequence[Mapping[str, Proportion]]) -> list[Figure]:
    """Each ratio summed over records, with a 95 % interval by drawing whole records.

    Args:
        prefix: Name before that of each ratio.
        per_record: The same ratios of every record; none makes no figure.
    """
    made = []
    for name in per_record[0] if per_record else ():
        k, n = [r[name].k for r in per_record], [r[name].n for r in per_record]
        interval = bootstrap_ratio(k, n)
        made.append(Figure(f"{prefix}.{name}", interval.value, interval.low, interval.high, sum(n), "fraction"))
    return made
