"""Quantities the criteria name: those of the measurement table, and those derived from it.

Owns the derivations (sums, products, nets); each says why it cannot be had where a part is missing. Must not import the
tables or the evaluator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.measurements.names import NAMES

_PRECORDIAL = {"V1", "V2", "V3", "V4", "V5", "V6"}

#: Quantities that say which lead is looked at; they are no evidence.
LEAD_KINDS = frozenset({"is_precordial", "is_v2"})

Derivation = Callable[[MeasurementTable, str | None], Measurement]


def quantity(table: MeasurementTable, name: str, lead: str | None = None) -> Measurement:
    """The value of a quantity, measured or derived.

    Args:
        table: What was measured in the window.
        name: Name in ecg.measurements.names or in DERIVED.
        lead: Lead, or None for a quantity of the window.

    Returns:
        The row; without value and with a reason where it cannot be had.
    """
    derive = DERIVED.get(name)
    if derive is None or (name in NAMES and name in table):
        return table.get(name, lead)
    return derive(table, lead)


def _combine(
    name: str, unit: str, lead: str | None, parts: tuple[Measurement, ...], value: Callable[..., float]
) -> Measurement:
    for part in parts:
        if part.value is None:
            where = f" in {part.lead}" if part.lead else ""
            return Measurement(name, None, unit, lead, reason=f"{part.name}{where}: {part.reason}")
    return Measurement(
        name, value(*(part.value for part in parts)), unit, lead, n_beats=min(part.n_beats for part in parts)
    )


def _depth(name: str, source: str) -> Derivation:
    """Positive depth of a wave below the baseline, whatever sign the table keeps it in."""
    return lambda table, lead: _combine(name, "mV", lead, (table.get(source, lead),), abs)


def _net(table: MeasurementTable, lead: str | None) -> Measurement:
    """Height of the tallest positive less depth of the deepest negative deflection of the QRS, mV."""
    parts = (table.get("r_amplitude", lead), table.get("q_amplitude", lead), table.get("s_amplitude", lead))
    return _combine("qrs_net", "mV", lead, parts, lambda r, q, s: r - max(abs(q), abs(s)))


def _peak_to_peak(table: MeasurementTable, lead: str | None) -> Measurement:
    parts = (table.get("r_amplitude", lead), table.get("q_amplitude", lead), table.get("s_amplitude", lead))
    return _combine("qrs_peak_to_peak", "mV", lead, parts, lambda r, q, s: r + max(abs(q), abs(s)))


def _q_to_r(table: MeasurementTable, lead: str | None) -> Measurement:
    parts = (table.get("q_amplitude", lead), table.get("r_amplitude", lead))
    return _combine("q_to_r", "", lead, parts, lambda q, r: abs(q) / r if r > 0 else float("inf"))


def _r_to_s(table: MeasurementTable, lead: str | None) -> Measurement:
    parts = (table.get("r_amplitude", lead), table.get("s_amplitude", lead))
    return _combine("r_to_s", "", lead, parts, lambda r, s: r / abs(s) if abs(s) > 0 else float("inf"))


def _sokolow_v6(table: MeasurementTable, lead: str | None) -> Measurement:
    parts = (table.get("s_amplitude", "V1"), table.get("r_amplitude", "V6"))
    return _combine("sokolow_lyon_v6", "mV", None, parts, lambda s, r: abs(s) + r)


def _sokolow_max(table: MeasurementTable, lead: str | None) -> Measurement:
    parts = (table.get("s_amplitude", "V1"), table.get("r_amplitude", "V5"), table.get("r_amplitude", "V6"))
    return _combine("sokolow_lyon_max", "mV", None, parts, lambda s, r5, r6: abs(s) + max(r5, r6))


def _cornell_product(table: MeasurementTable, lead: str | None) -> Measurement:
    """(R(aVL) + S(V3)) times QRS duration, mV·s."""
    parts = (table.get("r_amplitude", "aVL"), table.get("s_amplitude", "V3"), table.get("qrs_duration"))
    return _combine("cornell_product", "mV·s", None, parts, lambda r, s, d: (r + abs(s)) * d / 1000.0)


def _small_r_deep_s(table: MeasurementTable, lead: str | None) -> Measurement:
    """1 where only a small r stands before a deep S: r below 0.1 mV and less than a tenth of an S of 0.5 mV or more."""
    parts = (table.get("r_amplitude", lead), table.get("s_amplitude", lead))
    return _combine(
        "small_r_deep_s", "", lead, parts, lambda r, s: float(r < 0.1 and abs(s) >= 0.5 and r < 0.1 * abs(s))
    )


def _s_to_r_duration(table: MeasurementTable, lead: str | None) -> Measurement:
    parts = (table.get("s_duration", lead), table.get("r_duration", lead))
    return _combine("s_to_r_duration", "", lead, parts, lambda s, r: s / r if r > 0 else 0.0)


def _rr_variation(table: MeasurementTable, lead: str | None) -> Measurement:
    """Coefficient of variation of the RR intervals."""
    return _combine("rr_variation", "", None, (table.get("rr_sd"), table.get("rr_interval")), lambda sd, rr: sd / rr)


def _measured_leads(table: MeasurementTable, lead: str | None) -> Measurement:
    """Leads in which the QRS could be measured; a count."""
    rows = [row for row in table if row.name == "r_amplitude"]
    if not rows:
        return Measurement("measured_leads", None, "", reason="no lead was measured")
    return Measurement("measured_leads", float(sum(row.value is not None for row in rows)), "")


def _st_bulge(table: MeasurementTable, lead: str | None) -> Measurement:
    """How far ST at J + 60 ms lies above the line from J to J + 80 ms: positive is convex, negative concave, mV."""
    parts = tuple(table.get(name, lead) for name in ("st_j", "st_j60", "st_j80"))
    return _combine("st_bulge", "mV", lead, parts, lambda j, j60, j80: j60 - (j + 0.75 * (j80 - j)))


def _st_v1_less_v2(table: MeasurementTable, lead: str | None) -> Measurement:
    parts = (table.get("st_j", "V1"), table.get("st_j", "V2"))
    return _combine("st_v1_less_v2", "mV", None, parts, lambda v1, v2: v1 - v2)


def _is_v2(table: MeasurementTable, lead: str | None) -> Measurement:
    return Measurement("is_v2", float(lead == "V2"), "", lead)


def _is_precordial(table: MeasurementTable, lead: str | None) -> Measurement:
    return Measurement("is_precordial", float(lead in _PRECORDIAL), "", lead)


DERIVED: Mapping[str, Derivation] = {
    "q_depth": _depth("q_depth", "q_amplitude"),
    "s_depth": _depth("s_depth", "s_amplitude"),
    "qrs_net": _net,
    "qrs_peak_to_peak": _peak_to_peak,
    "q_to_r": _q_to_r,
    "r_to_s": _r_to_s,
    "sokolow_lyon_v6": _sokolow_v6,
    "sokolow_lyon_max": _sokolow_max,
    "cornell_product": _cornell_product,
    "small_r_deep_s": _small_r_deep_s,
    "s_to_r_duration": _s_to_r_duration,
    "rr_variation": _rr_variation,
    "measured_leads": _measured_leads,
    "st_bulge": _st_bulge,
    "st_v1_less_v2": _st_v1_less_v2,
    "is_precordial": _is_precordial,
    "is_v2": _is_v2,
}
