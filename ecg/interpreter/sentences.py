"""Sentences: how values, leads and findings are put into words, in one place so that the verifier can read them back.

Owns formats and phrases. Must not decide anything clinical.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.protocol.quantities import quantity

_DIGITS = {"bpm": 0, "ms": 0, "deg": 0, "mV": 2, "mV·s": 2}
_UNIT = {"deg": "°"}


def value_text(row: Measurement) -> str:
    """ "92 ms", "45°", "0.31 mV"."""
    assert row.value is not None
    number = f"{row.value:.{_DIGITS.get(row.unit, 2)}f}"
    number = number.replace("-", "−") if float(number) != 0 else number.lstrip("-")
    return f"{number}{'' if row.unit == 'deg' else ' '}{_UNIT.get(row.unit, row.unit)}".strip()


def leads_text(leads: Sequence[str], last: str = "and") -> str:
    """ "II", "II and aVF", "II, III and aVF"."""
    if len(leads) < 2:
        return "".join(leads)
    return f"{', '.join(leads[:-1])} {last} {leads[-1]}"


def stated(name: str, row: Measurement, finding: str = "") -> str:
    """ "PR interval 160 ms: normal PR interval." or why there is no value."""
    if row.value is None:
        # A reason is no statement about the patient: "no P wave found ..." must not read as a claim that there is none.
        reason = (row.reason or "no value").replace("P wave", "P").replace("T wave", "T")
        return f"{name} not measurable ({reason})."
    return f"{name} {value_text(row)}{f': {finding}' if finding else ''}."


def each(table: MeasurementTable, name: str, leads: Iterable[str]) -> str:
    """ "0.12 mV in II and 0.15 mV in III"; empty where none is measurable."""
    rows = [quantity(table, name, lead) for lead in leads]
    parts = [f"{value_text(row)} in {row.lead}" for row in rows if row.value is not None]
    return leads_text(parts)


def sentence(*parts: str) -> str:
    """Joins what is not empty."""
    return " ".join(part for part in parts if part)
