"""Rows of a measurement table as they are gathered: every name answered once, with a value or with a reason.

Owns the rule that nothing is left out and nothing is NaN. Must not import the measuring code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.measurements.names import NAMES


class Rows:
    """Gathers the rows of one window.

    Args:
        leads: Names of the leads measured, recorded first.
        n_recorded: How many of them were recorded; the others are derived.
    """

    def __init__(self, leads: Sequence[str], n_recorded: int) -> None:
        self._leads = tuple(leads)
        self._derived = frozenset(leads[n_recorded:])
        self._rows: dict[tuple[str, str | None], Measurement] = {}

    def put(self, name: str, value: float | None, reason: str = "", lead: str | None = None, n_beats: int = 0) -> None:
        """Sets a row; a value that is None or not finite makes it not measurable for the reason given."""
        known = value is not None and math.isfinite(value)
        self._rows[name, lead] = Measurement(
            name,
            float(value) if known and value is not None else None,
            NAMES[name].unit,
            lead,
            "" if known else (reason or "not measurable in this signal"),
            n_beats if known else 0,
            lead in self._derived,
        )

    def value(self, name: str, lead: str | None = None) -> float | None:
        """A value already put; None where it is not measurable."""
        row = self._rows.get((name, lead))
        return row.value if row else None

    def reason(self, name: str, lead: str | None = None) -> str:
        """Why a row has no value."""
        row = self._rows.get((name, lead))
        return row.reason if row else f"lead {lead} is not recorded"

    def fail_lead(self, lead: str, reason: str) -> None:
        """Every per-lead name of a lead is not measurable for one reason."""
        for name in NAMES.values():
            if name.per_lead:
                self.put(name.key, None, reason, lead)

    def table(self, reason: str) -> MeasurementTable:
        """The table in the order of the list; names not put are not measurable for `reason`."""
        out: list[Measurement] = []
        for name in NAMES.values():
            for lead in self._leads if name.per_lead else (None,):
                if (name.key, lead) not in self._rows:
                    self.put(name.key, None, reason, lead)
                out.append(self._rows[name.key, lead])
        return MeasurementTable(tuple(out))
