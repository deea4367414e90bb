"""One measured value, or the reason there is none. Unknown is None, never zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Measurement:
    """A named quantity of a window.

    Attributes:
        name: Key of ecg.measurements.names (heart_rate, pr_interval, qrs_duration, st_j60, r_amplitude ...).
        value: In unit; None when not measurable.
        unit: bpm, ms, mV, deg, or "" for a ratio, count or code.
        lead: Lead name, or None for a value of the whole window.
        reason: Why there is no value; empty when there is one.
        n_beats: Beats it was taken from.
        derived: True where the lead was not recorded but computed from others (III = II - I and the like).
    """

    name: str
    value: float | None
    unit: str
    lead: str | None = None
    reason: str = ""
    n_beats: int = 0
    derived: bool = False

    @property
    def measurable(self) -> bool:
        """True when there is a value."""
        return self.value is not None


@dataclass(frozen=True, slots=True)
class MeasurementTable:
    """Every measurement of one window, findable by (name, lead)."""

    rows: tuple[Measurement, ...]
    _by_key: Mapping[tuple[str, str | None], Measurement] = field(init=False, repr=False, compare=False)
    _names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The first of two rows of one key is the one that counts.
        object.__setattr__(self, "_by_key", {(row.name, row.lead): row for row in reversed(self.rows)})
        object.__setattr__(self, "_names", frozenset(row.name for row in self.rows))

    def __contains__(self, name: str) -> bool:
        """Whether there is a row of this name, with a value or without."""
        return name in self._names

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    def get(self, name: str, lead: str | None = None) -> Measurement:
        """The row for (name, lead); a row without value and with a reason where there is none."""
        found = self._by_key.get((name, lead))
        return found if found is not None else Measurement(name, None, "", lead, reason="not measured")

    def by_lead(self, name: str, leads: Sequence[str]) -> dict[str, float]:
        """Values of name in those of leads where it is measurable."""
        return {
            row.lead: row.value
            for row in self.rows
            if row.name == name and row.lead in leads and row.lead is not None and row.value is not None
        }
