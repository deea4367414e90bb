"""Margins: how clearly a rule holds or fails, lead by lead.

Owns the signed distance to a threshold in units of what a reader sees (0.1 mV, 10 ms, 10 degrees, 5 bpm). Must not know
findings' text.
"""

from __future__ import annotations

import math

from ecg.measurements.measurement import MeasurementTable
from ecg.protocol.evaluator import TABLES
from ecg.protocol.quantities import quantity
from ecg.protocol.rules import AllOf, AnyOf, Criterion, Given, Not, Op, PerLead, Profile, Rule, Test

_SEEN = {"mV": 0.1, "ms": 10.0, "deg": 10.0, "bpm": 5.0, "mV·s": 0.02, "": 0.5}


def lead_margins(table: MeasurementTable, criterion: Criterion) -> dict[str, float]:
    """Margin of a criterion's lead rule in each of its leads.

    Args:
        table: The window's measurements.
        criterion: One whose rule is over leads.

    Returns:
        Lead to margin, above 0 where the rule holds, -inf where it is not measurable; empty for a rule without leads.
    """
    per_lead = _per_lead(criterion.rule)
    if per_lead is None:
        return {}
    return {lead: margin(table, per_lead.rule, lead, criterion.profile) for lead in per_lead.leads}


def margin(table: MeasurementTable, rule: Rule, lead: str | None, profile: Profile) -> float:
    """Signed distance of a rule from turning; -inf where it is not measurable."""
    match rule:
        case Test():
            value = quantity(table, rule.quantity, rule.lead or lead).value
            if value is None:
                return -math.inf
            sign = 1.0 if rule.op in (Op.ABOVE, Op.AT_LEAST) else -1.0
            away = sign * (value - rule.threshold) / _SEEN[rule.unit]
            # A value on the threshold holds or fails by the operator alone.
            return away if away != 0 else (1e-9 if rule.op.holds(value, rule.threshold) else -1e-9)
        case AllOf(rules):
            return min(margin(table, part, lead, profile) for part in rules)
        case AnyOf(rules):
            return max(margin(table, part, lead, profile) for part in rules)
        case Not(inner):
            inside = margin(table, inner, lead, profile)
            return -inside if math.isfinite(inside) else -math.inf
        case Given(criterion):
            return margin(table, TABLES[profile][criterion].rule, lead, profile)
        case PerLead(leads, inner, at_least):
            each = sorted((margin(table, inner, one, profile) for one in leads), reverse=True)
            return each[at_least - 1]


def _per_lead(rule: Rule) -> PerLead | None:
    match rule:
        case PerLead():
            return rule
        case AllOf(rules) | AnyOf(rules):
            return next((found for part in rules if (found := _per_lead(part))), None)
        case _:
            return None
