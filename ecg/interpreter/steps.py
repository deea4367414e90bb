"""Steps 2 to 5: conduction, voltage, ischaemia, repolarisation, from measurements and findings to text.

Owns what each of these steps says. Must not decide thresholds: findings come from the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecg.interpreter.sentences import each, leads_text, sentence, stated, value_text
from ecg.measurements.measurement import MeasurementTable
from ecg.protocol.quantities import quantity
from ecg.protocol.rules import Finding, State
from ecg.protocol.table_ecg_r1 import PRECORDIAL, TERRITORIES

Findings = Mapping[str, Finding]


def _first(by_id: Findings, names: Mapping[str, str]) -> str:
    """The words of the first finding that is present."""
    return next((words for key, words in names.items() if by_id[key].present), "")


def conduction(table: MeasurementTable, by_id: Findings) -> str:
    """Axis, PR, QRS, bundle branches."""
    axis = _first(
        by_id,
        {
            "normal_axis": "normal axis",
            "left_axis_deviation": "left axis deviation",
            "right_axis_deviation": "right axis deviation",
            "extreme_axis_deviation": "extreme axis deviation",
        },
    )
    pr = _first(
        by_id,
        {"normal_pr": "normal PR interval", "long_pr": "prolonged PR interval", "short_pr": "short PR interval"},
    )
    qrs = _first(by_id, {"wide_qrs": "wide QRS", "narrow_qrs": "narrow QRS"})
    return sentence(
        stated("QRS axis", table.get("qrs_axis"), axis),
        stated("PR interval", table.get("pr_interval"), pr),
        stated("QRS duration", table.get("qrs_duration"), qrs),
        _block(by_id),
    )


def _block(by_id: Findings) -> str:
    if by_id["rbbb"].present:
        return "Right bundle branch block."
    if by_id["lbbb"].present:
        return "Left bundle branch block."
    if by_id["ivcd"].present:
        return "Intraventricular conduction delay; no bundle branch block."
    if by_id["rbbb"].state is State.ABSENT and by_id["lbbb"].state is State.ABSENT:
        return "No bundle branch block."
    return "The form of a bundle branch block is not assessable with these leads."


def voltage(table: MeasurementTable, by_id: Findings) -> str:
    """LVH, low voltage, R progression."""
    sokolow = quantity(table, "sokolow_lyon_v6")
    parts = []
    if sokolow.value is not None:
        parts.append(f"S in V1 plus R in V6 {value_text(sokolow)}.")
    heights = each(table, "r_amplitude", ("I", "aVL"))
    if heights:
        parts.append(f"R amplitude {heights}.")
    parts.append(
        {
            State.PRESENT: "Left ventricular hypertrophy by voltage.",
            State.ABSENT: "No left ventricular hypertrophy by voltage.",
            State.NOT_MEASURABLE: "Left ventricular hypertrophy is not assessable with these leads.",
        }[by_id["lvh_voltage"].state]
    )
    if by_id["low_voltage_limb"].present or by_id["low_voltage_precordial"].present:
        parts.append(f"Low {'limb' if by_id['low_voltage_limb'].present else 'precordial'} voltage.")
    r3 = table.get("r_amplitude", "V3")
    if r3.value is not None:
        poor = by_id["poor_r_progression"].present
        parts.append(f"R amplitude in V3 {value_text(r3)}: {'poor' if poor else 'normal'} R progression.")
    if by_id["dominant_r_v1"].present:
        parts.append("Dominant R in V1.")
    return sentence(*parts)


def ischaemia(table: MeasurementTable, by_id: Findings) -> str:
    """ST, T and Q by territory; says which leads were looked at."""
    looked = [lead for leads in TERRITORIES.values() for lead in leads if table.get("st_j", lead).value is not None]
    if not looked:
        return "Not assessed: no lead of a known place could be measured."
    parts = []
    for kind, quantity_name, words in (
        ("st_elevation", "st_j", "ST elevation"),
        ("st_depression", "st_j", "ST depression"),
        ("t_inversion", "t_amplitude", "T wave inversion"),
        ("q_waves", "", "Pathological Q waves"),
    ):
        hits = {name: by_id[f"{name}_{kind}"] for name in TERRITORIES if by_id[f"{name}_{kind}"].present}
        if hits:
            parts += [_territory(table, words, quantity_name, name, finding) for name, finding in hits.items()]
        else:
            parts.append(_absence(by_id, kind, words))
    missing = [lead for leads in TERRITORIES.values() for lead in leads if lead not in looked]
    if missing:
        parts.append(f"Looked at {leads_text(looked)} only.")
    return sentence(*parts)


def _territory(table: MeasurementTable, words: str, quantity_name: str, name: str, finding: Finding) -> str:
    leads = [lead for lead in TERRITORIES[name] if lead in finding.leads]
    shown = words if words.startswith(("ST", "T ")) else words.lower()
    shown = shown[0].upper() + shown[1:]
    sizes = ""
    if quantity_name:
        rows = [quantity(table, quantity_name, lead) for lead in leads]
        label = "ST level" if quantity_name == "st_j" else "T amplitude"
        sizes = f": {label} " + leads_text(
            [f"{value_text(row)} in {row.lead}" for row in rows if row.value is not None]
        )
    return f"{shown} in {leads_text(leads)} ({name} leads){sizes}."


def _absence(by_id: Findings, kind: str, words: str) -> str:
    states = {by_id[f"{name}_{kind}"].state for name in TERRITORIES}
    if states == {State.ABSENT}:
        return f"No {words[0].lower() + words[1:] if not words.startswith(('ST', 'T ')) else words}."
    return ""


def repolarisation(table: MeasurementTable, by_id: Findings) -> str:
    """QT, QTc, T amplitude."""
    qtc = _first(by_id, {"long_qtc": "prolonged QTc", "short_qtc": "short QTc", "normal_qtc": "normal QTc"})
    parts = [stated("QT interval", table.get("qt_interval")), stated("QTc (Bazett)", table.get("qtc_bazett"), qtc)]
    if by_id["very_long_qtc"].present:
        parts.append("QTc above 500 ms: a risk of torsade de pointes.")
    for key, words in (("tall_t", "tall T waves"), ("flat_t", "flat T waves")):
        if by_id[key].present:
            parts.append(f"{words.capitalize().replace('t waves', 'T waves')} in {leads_text(_seen(by_id[key]))}.")
        elif by_id[key].state is State.ABSENT and key == "tall_t":
            parts.append("No tall T waves.")
    return sentence(*parts)


def _seen(finding: Finding) -> Sequence[str]:
    order = ("I", "II", "III", "aVL", "aVF", *PRECORDIAL)
    return [lead for lead in order if lead in finding.leads]
