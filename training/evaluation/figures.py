"""Figures: what an evaluation reports, one number with its interval, and the intervals themselves.

Owns the type and the interval arithmetic. Must not know any task.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

_Z95 = 1.959963984540054


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
    if n == 0:
        return Figure(name, None, None, None, 0, "fraction")
    share = hits / n
    centre = (share + _Z95**2 / (2 * n)) / (1 + _Z95**2 / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + _Z95**2 / (4 * n * n)) / (1 + _Z95**2 / n)
    return Figure(name, share, max(0.0, centre - half), min(1.0, centre + half), n, "fraction")
