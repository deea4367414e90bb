"""The evaluator: measurements in, findings with evidence and decisions out. Pure; by Kleene's three-valued logic.

Owns how rules are answered and how decision paths are walked. Must not import the interpreter or the verifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.protocol import table_benchmark, table_ecg_r1
from ecg.protocol.paths import PATHS
from ecg.protocol.quantities import LEAD_KINDS, quantity
from ecg.protocol.rules import (
    AllOf,
    AnyOf,
    Criterion,
    Decision,
    DecisionPath,
    Finding,
    Given,
    Not,
    PerLead,
    Profile,
    Rule,
    State,
    Test,
)

TABLES: Mapping[Profile, Mapping[str, Criterion]] = {
    Profile.ECG_R1: {row.id: row for row in table_ecg_r1.CRITERIA},
    Profile.REASONING_BENCHMARK: {row.id: row for row in table_benchmark.CRITERIA},
}


@dataclass(frozen=True, slots=True)
class PathWalk:
    """A decision path walked to its end: the findings on the way and the decision after each."""

    path: DecisionPath
    findings: tuple[Finding, ...]
    decisions: tuple[Decision, ...]

    @property
    def decision(self) -> Decision:
        """Where it ended."""
        return self.decisions[-1]


@dataclass(slots=True)
class _Answer:
    """What a rule said, with what it looked at."""

    holds: bool | None
    evidence: list[Measurement] = field(default_factory=list)
    leads: list[str] = field(default_factory=list)


def evaluate(table: MeasurementTable, profile: Profile = Profile.ECG_R1) -> tuple[Finding, ...]:
    """Every criterion of a profile, answered.

    Args:
        table: The window's measurements (rhythm quantities among them, where known).
        profile: Which set of thresholds.

    Returns:
        One finding per criterion, in the table's order.
    """
    run = _Run(table, TABLES[profile])
    return tuple(run.finding(row) for row in TABLES[profile].values())


def find(table: MeasurementTable, criterion_id: str, profile: Profile = Profile.ECG_R1) -> Finding:
    """One criterion, answered.

    Raises:
        KeyError: The profile has no such criterion.
    """
    run = _Run(table, TABLES[profile])
    return run.finding(TABLES[profile][criterion_id])


def answer(table: MeasurementTable, rule: Rule) -> tuple[bool | None, list[Measurement]]:
    """Any rule of the ecg-r1 profile's terms, answered.

    Args:
        table: The window's measurements.
        rule: What to ask.

    Returns:
        True, False or None (not measurable), and the measurements looked at.
    """
    said = _Run(table, TABLES[Profile.ECG_R1]).answer(rule, None)
    return said.holds, said.evidence


def walk(table: MeasurementTable, diagnosis: str) -> PathWalk:
    """Walks a diagnosis's decision path (profile reasoning-benchmark) as far as the measurements carry it.

    Raises:
        KeyError: No path decides this diagnosis.
    """
    path = PATHS[diagnosis]
    run = _Run(table, TABLES[Profile.REASONING_BENCHMARK])
    answers, findings, decisions = "", [], []
    node = path.next("")
    while isinstance(node, str):
        finding = run.finding(run.criteria[node])
        findings.append(finding)
        if finding.state is State.NOT_MEASURABLE:
            decisions.append(Decision.NOT_MEASURABLE)
            break
        answers += "Y" if finding.present else "N"
        node = path.next(answers)
        decisions.append(Decision.FURTHER if isinstance(node, str) else node)
    return PathWalk(path, tuple(findings), tuple(decisions))


class _Run:
    """One evaluation: remembers criteria that others refer to."""

    def __init__(self, table: MeasurementTable, criteria: Mapping[str, Criterion]) -> None:
        self.table = table
        self.criteria = criteria
        self._known: dict[str, _Answer] = {}

    def finding(self, criterion: Criterion) -> Finding:
        answer = self._given(criterion.id)
        evidence = tuple(dict.fromkeys(answer.evidence))
        if answer.holds is None:
            reasons = dict.fromkeys(_why(row) for row in evidence if row.value is None)
            return Finding(criterion, State.NOT_MEASURABLE, (), evidence, "; ".join(reasons))
        state = State.PRESENT if answer.holds else State.ABSENT
        return Finding(criterion, state, tuple(dict.fromkeys(answer.leads)), evidence)

    def _given(self, criterion_id: str) -> _Answer:
        if criterion_id not in self._known:
            self._known[criterion_id] = self.answer(self.criteria[criterion_id].rule, None)
        return self._known[criterion_id]

    def answer(self, rule: Rule, lead: str | None) -> _Answer:
        match rule:
            case Test():
                return self._test(rule, lead)
            case Given(criterion):
                return self._given(criterion)
            case Not(inner):
                answer = self.answer(inner, lead)
                return _Answer(None if answer.holds is None else not answer.holds, answer.evidence)
            case AllOf(rules):
                parts = [self.answer(part, lead) for part in rules]
                holds = False if any(p.holds is False for p in parts) else None if _unknown(parts) else True
                return _joined(parts, holds)
            case AnyOf(rules):
                parts = [self.answer(part, lead) for part in rules]
                holds = True if any(p.holds for p in parts) else None if _unknown(parts) else False
                return _joined(parts, holds)
            case PerLead():
                return self._per_lead(rule)

    def _test(self, test: Test, lead: str | None) -> _Answer:
        row = quantity(self.table, test.quantity, test.lead or lead)
        holds = None if row.value is None else test.op.holds(row.value, test.threshold)
        leads = [row.lead] if holds and row.lead else []
        return _Answer(holds, [] if test.quantity in LEAD_KINDS else [row], leads)

    def _per_lead(self, rule: PerLead) -> _Answer:
        parts = {lead: self.answer(rule.rule, lead) for lead in rule.leads}
        hit = [lead for lead, part in parts.items() if part.holds]
        unknown = [lead for lead, part in parts.items() if part.holds is None]
        holds: bool | None = len(hit) >= rule.at_least
        if not holds and len(hit) + len(unknown) >= rule.at_least:
            holds = None
        return _Answer(holds, [row for part in parts.values() for row in part.evidence], hit)


def _unknown(parts: Iterable[_Answer]) -> bool:
    return any(part.holds is None for part in parts)


def _joined(parts: list[_Answer], holds: bool | None) -> _Answer:
    leads = [lead for part in parts if part.holds for lead in part.leads] if holds else []
    return _Answer(holds, [row for part in parts for row in part.evidence], leads)


def _why(row: Measurement) -> str:
    where = f" in {row.lead}" if row.lead else ""
    return f"{row.name.replace('_', ' ')}{where} not measurable: {row.reason or 'no value'}"
