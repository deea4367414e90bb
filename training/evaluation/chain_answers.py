"""Answers to chain questions by measurement: from a question's form to a protocol criterion, from there to an option.

Owns the mapping, the same for every record and diagnosis. Reads the ECG, the question and its options; never an answer.
Method: the diagnosis's decision path (ecg.protocol.paths) says which criterion comes next and when the path has decided;
the evaluator answers each criterion from the window's measurements; leads are those in which the criterion's rule holds;
waves are the delineated waves that an option's time range meets best; values are measured in the beat that was chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ecg.measurements.measurement import MeasurementTable
from ecg.protocol.evaluator import TABLES, find
from ecg.protocol.margins import lead_margins
from ecg.protocol.paths import PATHS
from ecg.protocol.rules import Criterion, Decision, DecisionPath, Finding, Profile
from training.evaluation.chain_beats import BeatReader
from training.evaluation.chain_questions import (
    Chain,
    Question,
    TimeRange,
    first_qrs,
    interval,
    lead_of,
    time_range,
    value_range,
)

_BENCHMARK = TABLES[Profile.REASONING_BENCHMARK]
_DECISION = {Decision.YES: "Yes", Decision.NO: "No"}
_TERRITORY_LEADS = {
    "anterior": ("V1", "V2", "V3", "V4"),
    "inferior": ("II", "III", "aVF"),
    "lateral": ("I", "aVL", "V5", "V6"),
}
#: Both ends of a segment are written to 10 ms: one standard deviation of its length.
_ROUNDED_MS = 10.0 / np.sqrt(6.0)
_LEAD = re.compile(r"\b(aVR|aVL|aVF|V[1-6]|III|II|I)\b")
#: Quantity a measurement question names -> (quantity, unit factor is 1: options are in ms, mV, bpm, degrees).
_QUANTITIES = (
    ("heart rate", "heart_rate"),
    ("QRS axis", "qrs_axis"),
    ("PR interval", "pr_interval"),
    ("QRS duration", "qrs_duration"),
    ("R amplitude", "r_amplitude"),
    ("S amplitude", "s_depth"),
    ("R wave peak time", "r_peak_time"),
    ("P wave duration", "p_duration"),
    ("Cornell", "cornell_product"),
    ("QT", "qt_interval"),
)


@dataclass(slots=True)
class ChainReader:
    """Answers one chain's questions in order, remembering its own answers only.

    Attributes:
        table: Measurements of the window, rhythm quantities included.
        beats: The window's beats, for times and values of single beats.
        trust_segments: Hold our QRS duration "for the selected segment" to the segment's own length, for the question says
            where that wave begins and ends; False: our delineation of that beat alone.
    """

    chain: Chain
    table: MeasurementTable
    beats: BeatReader
    trust_segments: bool = True
    _answers: str = ""
    _node: Criterion | None = None
    _leads: tuple[str, ...] = ()
    _beat: int | None = None
    _segment: TimeRange | None = None
    _findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def _path(self) -> DecisionPath:
        return PATHS[self.chain.diagnosis]

    def initial(self, question: Question) -> list[str]:
        """Yes or no by walking the whole path."""
        answers, node = "", self._path.next("")
        while isinstance(node, str):
            answers += self._letter(node)
            node = self._path.next(answers)
        return [_option(question.options, _DECISION[node])]

    def criterion(self, question: Question) -> list[str]:
        """The option that names the path's next criterion."""
        node = self._path_node()
        wanted = {node} if isinstance(node, str) else {n for _, n in self._path.nodes if isinstance(n, str)}
        named = {option: _by_statement(option, wanted) for option in question.options}
        chosen = next((option for option, criterion in named.items() if criterion), question.options[0])
        self._node = named[chosen] or (_BENCHMARK[node] if isinstance(node, str) else None)
        self._leads = ()
        return [chosen]

    def finding(self, question: Question) -> list[str]:
        """Whether the criterion is there."""
        letter = self._letter(self._node.id) if self._node else "N"
        self._answers += letter
        says = letter == "Y"
        if self._node and self._node.statement.startswith("Absence of") and "absence" not in question.text.lower():
            says = not says  # the criterion is an absence, the question asks for the presence
        return [_option(question.options, "Yes" if says else "No")]

    def decision(self, question: Question) -> list[str]:
        """What the path says after the answers so far."""
        node = self._path_node()
        return [_option(question.options, _DECISION[node] if isinstance(node, Decision) else "Further")]

    def lead(self, question: Question) -> list[str]:
        """Leads in which the criterion's rule holds, among the options."""
        leads = [lead_of(option) for option in question.options]
        if "larger R amplitude" in question.text:
            best = max(leads, key=lambda lead: self.table.get("r_amplitude", lead).value or -1.0)
            chosen = [best]
        else:
            chosen = self._leads_with(self._node, leads)
        self._leads = tuple(chosen)
        return [option for option in question.options if lead_of(option) in chosen]

    def wave(self, question: Question) -> list[str]:
        """The option whose range one of the wanted waves fills best."""
        if interval(question.options[0]):
            return [self._longest_interval(question)]
        ranges = {option: time_range(option) for option in question.options}
        leads = _leads_named(question.text) or self._leads
        best, option, beat = -np.inf, question.options[0], None
        for candidate, when in ranges.items():
            if when is None:
                continue
            score, index = self.beats.best_overlap(when, _wave_kind(question.text), leads)
            if score > best:
                best, option, beat = score, candidate, index
        self._beat, self._segment = beat, ranges[option]
        self._leads = leads
        return [option]

    def measurement(self, question: Question) -> list[str]:
        """The range that holds the value measured in the chosen beat."""
        name = next((quantity for words, quantity in _QUANTITIES if words in question.text), "")
        named = _leads_named(question.text) or self._leads
        value = self.beats.value(name, self._beat, named[0] if named else None, self.table)
        if name == "qrs_duration" and self._segment is not None and self.trust_segments:
            length_ms = 1000.0 * (self._segment.end_s - self._segment.start_s)
            value = float(np.clip(value, length_ms - _ROUNDED_MS, length_ms + _ROUNDED_MS))
        ranges = {option: value_range(option) for option in question.options}
        near = {option: r.distance(value) for option, r in ranges.items() if r is not None}
        return [min(near, key=lambda option: near[option])] if near else [question.options[0]]

    def _path_node(self) -> str | Decision:
        try:
            return self._path.next(self._answers)
        except KeyError:
            return Decision.NO  # our own answers ended the path earlier

    def _letter(self, criterion: str) -> str:
        if criterion not in self._findings:
            self._findings[criterion] = find(self.table, criterion, Profile.REASONING_BENCHMARK)
        return "Y" if self._findings[criterion].present else "N"

    def _leads_with(self, criterion: Criterion | None, leads: Sequence[str]) -> list[str]:
        """Leads the rule holds in; at least as many as the criterion needs, nearest to the threshold first."""
        if criterion is None:
            return list(leads[:1])
        margins: Mapping[str, float] = lead_margins(self.table, criterion)
        known = [lead for lead in leads if lead in margins]
        order = sorted(known, key=lambda lead: -margins[lead])
        holding = [lead for lead in order if margins[lead] > 0]
        return holding or order[:1]

    def _longest_interval(self, question: Question) -> str:
        first = first_qrs(question.text)
        offset = self.beats.index_at(first) if first else 0
        pairs = {option: interval(option) for option in question.options}
        lengths = {
            option: self.beats.rr_s(offset + pair[0], offset + pair[1]) for option, pair in pairs.items() if pair
        }
        return max(lengths, key=lambda option: lengths[option])


def _by_statement(option: str, wanted: set[str]) -> Criterion | None:
    words = _normal(option)
    return next((_BENCHMARK[key] for key in sorted(wanted) if _normal(_BENCHMARK[key].statement) == words), None)


def _normal(words: str) -> str:
    return re.sub(r"[^a-z0-9>+.]+", " ", words.lower().replace("′", "'")).strip()


def _option(options: Sequence[str], start: str) -> str:
    return next((option for option in options if option.startswith(start)), options[0])


def _leads_named(text: str) -> tuple[str, ...]:
    for territory, leads in _TERRITORY_LEADS.items():
        if f"{territory} leads" in text:
            return leads
    return tuple(dict.fromkeys(match[1] for match in _LEAD.finditer(text.split("The options below")[0])))


def _wave_kind(text: str) -> str:
    """Which wave a question asks to locate: premature, blocked P, ST-T, or the one of P, QRS and T named first."""
    before = text.split("The options below")[0]
    if "premature beat" in before:
        return "premature"
    if "non-conducted P" in before:
        return "blocked"
    if "ST segment and T wave" in before or "strain" in before:
        return "ST-T"
    # What the question verifies stands before the comma, what it asks to locate behind it.
    asked = before.split(" in which of ", 1)[-1] if before.startswith("To verify") else before
    named = re.search(r"\b(QRS|P|T)\b(?= wave| complex)", asked)
    return named[1] if named else "QRS"


__all__ = ["ChainReader", "TimeRange"]
