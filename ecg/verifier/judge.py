"""Judging: one statement against the measurements of the same window.

Owns the verdicts. Must not read text beyond the statement handed in.
"""

from __future__ import annotations

from collections.abc import Sequence

from ecg.interpretation import Claim, ClaimKind, Verdict
from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.protocol.evaluator import answer
from ecg.protocol.quantities import quantity
from ecg.protocol.rules import Rule
from ecg.verifier.extract import Relation, Stated
from ecg.verifier.finding_terms import ANY_LEAD, in_leads
from ecg.verifier.mentions import Number
from ecg.verifier.tolerances import tolerance

_SUPPORTED, _CONTRADICTED, _UNKNOWN = Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.NOT_MEASURABLE


def judge(stated: Stated, step: int, table: MeasurementTable) -> Claim:
    """The verdict on one statement.

    Args:
        stated: What the text says.
        step: Where: 1 to 6, SUMMARY_STEP or LABELS_STEP.
        table: What was measured.

    Returns:
        The claim with its verdict and the evidence in words.
    """
    verdict, evidence = _finding(stated, table) if stated.finding else _number(stated, table)
    return Claim(stated.text, step, stated.kind, verdict, evidence, stated.start, stated.end)


def _number(stated: Stated, table: MeasurementTable) -> tuple[Verdict, str]:
    term, number = stated.quantity, stated.number
    if stated.unmeasurable:
        rows = _rows(stated, table)
        known = [row for row in rows if row.value is not None]
        return (_CONTRADICTED, _words(known)) if known else (_UNKNOWN, _words(rows))
    if term is None or number is None:
        return _UNKNOWN, "no measured quantity is named beside this number"
    rows = _rows(stated, table)
    known = [row for row in rows if row.value is not None]
    if not known:
        return _UNKNOWN, _words(rows)
    said = _sized(number, sign=-1.0) if term.negative and number.low >= 0 else number
    hits = [_agrees(row, said, stated.relation, negative=term.negative) for row in known]
    if stated.leads:
        # Every lead named has to bear the number out.
        verdict = _SUPPORTED if all(hits) and len(known) == len(rows) else _UNKNOWN if all(hits) else _CONTRADICTED
    else:
        verdict = _SUPPORTED if any(hits) else _CONTRADICTED
        known = [row for row, hit in zip(known, hits, strict=True) if hit] or known
    return verdict, _words(known)


def _rows(stated: Stated, table: MeasurementTable) -> list[Measurement]:
    term = stated.quantity
    assert term is not None
    if not term.per_lead:
        return [quantity(table, term.name)]
    if stated.leads:
        return [quantity(table, term.name, lead) for lead in stated.leads]
    whole = quantity(table, term.name)
    rows = [quantity(table, term.name, lead) for lead in _leads_of(table)]
    return [whole] if whole.value is not None else rows or [whole]


def _leads_of(table: MeasurementTable) -> Sequence[str]:
    return tuple(dict.fromkeys(row.lead for row in table if row.lead is not None))


def _sized(number: Number, sign: float) -> Number:
    low, high = sorted((sign * number.low, sign * number.high))
    return Number(low, high, number.dimension, number.rounding, number.start, number.end)


def _agrees(row: Measurement, said: Number, relation: Relation, *, negative: bool) -> bool:
    value = row.value
    assert value is not None
    if negative and relation is not Relation.EQUAL:
        # "depression of more than 1 mm": sizes are compared, below the baseline.
        value, said = -value, _sized(said, sign=-1.0)
    match relation:
        case Relation.ABOVE:
            return value > said.low
        case Relation.AT_LEAST:
            return value >= said.low
        case Relation.BELOW:
            return value < said.high
        case Relation.AT_MOST:
            return value <= said.high and (said.low == said.high or value >= said.low)
    allowed = max(tolerance(row.name, row.unit, value), said.rounding) + 1e-9
    if row.unit == "deg":
        middle, half = (said.low + said.high) / 2, (said.high - said.low) / 2
        return abs((value - middle + 180.0) % 360.0 - 180.0) <= half + allowed
    return said.low - allowed <= value <= said.high + allowed


def _finding(stated: Stated, table: MeasurementTable) -> tuple[Verdict, str]:
    term = stated.finding
    assert term is not None
    if term.rule is None:
        return _UNKNOWN, f"{term.name} cannot be told from these measurements"
    rule: Rule = term.rule
    if stated.leads and term.lead_rule is not None:
        # Asserted of several leads it must hold in each; denied, it must hold in none.
        rule = in_leads(term.lead_rule, stated.leads, 1 if stated.negated else len(stated.leads))
    holds, rows = answer(table, rule)
    if holds is None and not stated.leads and term.lead_rule is not None and not stated.unmeasurable:
        holds, rows = _some_lead(table, term.lead_rule, denied=stated.negated, before=(holds, rows))
    if stated.unmeasurable:
        return (_UNKNOWN if holds is None else _CONTRADICTED), _words(rows)
    if holds is None or stated.hedged:
        return _UNKNOWN, _words(rows)
    return (_SUPPORTED if holds != stated.negated else _CONTRADICTED), _words(rows)


def _some_lead(
    table: MeasurementTable, lead_rule: Rule, *, denied: bool, before: tuple[bool | None, list[Measurement]]
) -> tuple[bool | None, list[Measurement]]:
    """With few leads the window's rule is open, yet one measured lead that shows the finding refutes its denial."""
    if not denied:
        return before
    holds, rows = answer(table, in_leads(lead_rule, ANY_LEAD, 1))
    return (True, [row for row in rows if row.value is not None]) if holds else before


def _words(rows: Sequence[Measurement]) -> str:
    """Evidence in words: "QRS duration 92 ms; ST at J in V2 0.21 mV"."""
    shown = [row for row in dict.fromkeys(rows) if row.value is not None] or list(dict.fromkeys(rows))
    parts = []
    for row in shown[:8]:
        where = f" in {row.lead}" if row.lead else ""
        name = row.name.replace("_", " ")
        if row.value is None:
            parts.append(f"{name}{where}: not measurable ({row.reason or 'no value'})")
        else:
            digits = 2 if row.unit in ("mV", "mV·s", "") and row.value != int(row.value) else 0
            parts.append(f"{name}{where} {row.value:.{digits}f} {row.unit}".rstrip())
    return "; ".join(parts)


__all__ = ["ClaimKind", "judge"]
