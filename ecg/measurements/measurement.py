"""One measured value, or the reason there is none. Unknown is None, never zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


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

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self.rows)

    def get(self, name: str, lead: str | None = None) -> Measurement:
        """The row for (name, lead); a row without value and with a reason where there is none."""
        for row in self.rows:
            if row.name == name and row.lead == lead:
                return row
        return Measurement(name, None, "", lead, reason="not measured")

    def by_lead(self, name: str, leads: Sequence[str]) -> dict[str, float]:
        """Values of name in those of leads where it is measurable."""
        return {
            row.lead: row.value
            for row in self.rows
            if row.name == name and row.lead in leads and row.lead is not None and row.value is not None
        }
