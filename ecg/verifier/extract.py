"""Extraction: from the text of one step to the statements it makes, with character spans.

Owns which words belong together: a number to its quantity, leads to what they stand beside, a denial to what it covers.
Every number with a unit yields a statement, so that none passes unchecked. Must not know measurements.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum

from ecg.interpretation import ClaimKind
from ecg.verifier.finding_terms import FINDINGS, FindingTerm
from ecg.verifier.mentions import Dimension, LeadMention, Number, bare_number, lead_mentions, numbers
from ecg.verifier.quantity_terms import QUANTITIES, QuantityTerm
from ecg.verifier.scope import hedged, is_reference, negated, said_unmeasurable, sentences


class Relation(Enum):
    """How a stated number stands to the quantity."""

    EQUAL = "is"
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="


@dataclass(frozen=True, slots=True)
class Stated:
    """One statement as it stands in the text.

    Attributes:
        leads: Leads it names; empty for a statement about the window.
        unmeasurable: The text itself says that this cannot be measured.
        hedged: The text only says that this cannot be excluded.
    """

    kind: ClaimKind
    text: str
    start: int
    end: int
    quantity: QuantityTerm | None = None
    number: Number | None = None
    relation: Relation = Relation.EQUAL
    finding: FindingTerm | None = None
    leads: tuple[str, ...] = ()
    negated: bool = False
    unmeasurable: bool = False
    hedged: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    term: QuantityTerm
    start: int
    end: int


_RELATIONS = (
    (Relation.AT_LEAST, r"(?:≥|>=|at least|not less than|no less than|not below|a minimum of)"),
    (Relation.AT_MOST, r"(?:≤|<=|at most|not more than|no more than|not above|not exceeding|up to|a maximum of|within)"),
    (Relation.ABOVE, r"(?:>|above|over|beyond|exceed(?:s|ing)?|(?:great|long|larg|high|fast)er than|more than)"),
    (Relation.BELOW, r"(?:<|below|under|less than|(?:low|short|small|slow)er than)"),
)  # fmt: skip
_RELATION = [
    (kind, re.compile(rf"{pattern}\s*(?:the\s+)?(?:limit of\s+)?$", re.IGNORECASE)) for kind, pattern in _RELATIONS
]
_OPPOSITE = {
    Relation.ABOVE: Relation.AT_MOST,
    Relation.AT_LEAST: Relation.BELOW,
    Relation.BELOW: Relation.AT_LEAST,
    Relation.AT_MOST: Relation.ABOVE,
}
#: Numbers that describe the recording, not the patient.
_TECHNICAL_AFTER = re.compile(
    r"^[-\s]*(?:of signal|of ecg|of the recording|window|segment\b|recording|strip|record\b|long strip)", re.IGNORECASE
)
#: "QRS is not wide"; a "normal" that is spelled "not prolonged" is no denial.
_INNER_NOT = re.compile(r"\bnot ", re.IGNORECASE)
_BEHIND = re.compile(
    r"\s*(?:or|and)\s+(?:(?P<more>more|above|over|longer|greater|higher|wider)|less|below|under|shorter|lower)\b", re.I
)
_CUE = re.compile(r"\b(?:no|without|not|nor)\s+(?:(?:significant|evidence of|signs? of|acute|any|other)\s+)*$", re.I)
_IN = re.compile(r"\s*(?:\(?(?:in|at|for)\s+|\()(?:the\s+)?", re.IGNORECASE)
_BARE_BETWEEN = re.compile(
    r"^\s*(?:\(|\[)?\s*(?:interval|duration|is|was|of|at|=|:|,|measures|about|approximately|~)*[\s(]*$", re.I
)


def extract(text: str) -> list[Stated]:
    """Every checkable statement of one text, in reading order."""
    found: list[Stated] = []
    for start, end in sentences(text):
        sentence = text[start:end]
        found += [
            replace(stated, start=stated.start + start, end=stated.end + start) for stated in _in_sentence(sentence)
        ]
    return sorted(found, key=lambda stated: (stated.start, stated.end))


def _in_sentence(sentence: str) -> list[Stated]:
    leads = lead_mentions(sentence)
    places = _places(sentence)
    values = [number for number in numbers(sentence) if not _TECHNICAL_AFTER.match(sentence[number.end :])]
    stated = [_number(sentence, number, places, values, leads) for number in values]
    stated += _bare(sentence, places, values, leads)
    stated += _unmeasurable(sentence, places)
    found = [one for one in stated if one is not None]
    return found + _findings(sentence, leads, values)


def _places(sentence: str) -> list[_Place]:
    """Quantities named, without overlap: leftmost first, earlier terms (more specific) before later ones."""
    taken: list[_Place] = []
    for term in QUANTITIES:
        for match in term.pattern.finditer(sentence):
            if not any(match.start() < place.end and place.start < match.end() for place in taken):
                taken.append(_Place(term, match.start(), match.end()))
    return sorted(taken, key=lambda place: place.start)


def _number(
    sentence: str, number: Number, places: list[_Place], values: list[Number], leads: list[LeadMention]
) -> Stated | None:
    if is_reference(sentence, number.start, number.end):
        return None
    place = _quantity_for(sentence, number, places, values)
    relation, begins = _relation(sentence, number.start)
    if relation is Relation.EQUAL:
        relation = _relation_after(sentence, number.end)
    kind = ClaimKind.NUMBER if relation is Relation.EQUAL else ClaimKind.COMPARISON
    if place is None:
        return Stated(kind, sentence[begins : number.end], begins, number.end, None, number, relation)
    start, end = min(place.start, begins), max(place.end, number.end)
    denied = relation is not Relation.EQUAL and negated(sentence, begins, number.end)
    if denied:
        relation = _OPPOSITE[relation]
    named = _leads_for(sentence, place, number, values, leads) if place.term.per_lead else ()
    return Stated(kind, sentence[start:end], start, end, place.term, number, relation, leads=named)


def _quantity_for(sentence: str, number: Number, places: list[_Place], values: list[Number]) -> _Place | None:
    """The nearest quantity of the number's dimension before it, else the nearest after it up to the next number."""
    fitting = [place for place in places if place.term.dimension == number.dimension]
    before = [place for place in fitting if place.end <= number.start]
    after = [place for place in fitting if place.start >= number.end]
    following = next((value.start for value in values if value.start >= number.end), len(sentence))
    close = [place for place in after if place.start < following and place.start - number.end <= 12]
    if close and re.fullmatch(r"\s*(?:of\s+|of the\s+)?", sentence[number.end : close[0].start]):
        return close[0]
    if before:
        return before[-1]
    return after[0] if after and after[0].start < following else None


def _relation(sentence: str, start: int) -> tuple[Relation, int]:
    for relation, pattern in _RELATION:
        match = pattern.search(sentence[:start])
        if match:
            return relation, match.start()
    return Relation.EQUAL, start


def _relation_after(sentence: str, end: int) -> Relation:
    """ "120 ms or more", "200 ms or less"."""
    match = _BEHIND.match(sentence, end)
    if not match:
        return Relation.EQUAL
    return Relation.AT_LEAST if match["more"] else Relation.AT_MOST


def _leads_for(
    sentence: str, place: _Place, number: Number, values: list[Number], leads: list[LeadMention]
) -> tuple[str, ...]:
    """Leads of a number: "2 mm in V2" first, then between quantity and number, then after both, then before both."""
    left, right = min(place.start, number.start), max(place.end, number.end)
    behind = [lead for lead in leads if lead.start >= number.end]
    if behind and _IN.fullmatch(sentence[number.end : behind[0].start]):
        return behind[0].leads
    earlier = max((value.end for value in values if value.end <= number.start), default=0)
    inside = [lead for lead in leads if max(left, earlier) <= lead.start and lead.end <= right]
    if inside:
        return inside[-1].leads
    following = min((value.start for value in values if value.start >= right), default=len(sentence))
    after = [lead for lead in leads if right <= lead.start < following and _adjoins(sentence[right : lead.start])]
    if after:
        return after[0].leads
    before = [lead for lead in leads if lead.end <= left]
    return before[-1].leads if before else ()


def _adjoins(between: str) -> bool:
    return len(between) <= 24 and not re.search(r"[.;:]|\b(?:but|while|whereas|and no)\b", between)


def _bare(sentence: str, places: list[_Place], values: list[Number], leads: list[LeadMention]) -> list[Stated | None]:
    """Numbers without a unit right after a quantity: "heart rate of 72", "PR 160", "axis is 45"."""
    found: list[Stated | None] = []
    for i, place in enumerate(places):
        limit = places[i + 1].start if i + 1 < len(places) else len(sentence)
        number = bare_number(sentence, place.end, limit)
        if number is None or not _BARE_BETWEEN.match(sentence[place.end : number.start]):
            continue
        if any(value.start <= number.start < value.end for value in values):
            continue
        if any(lead.start <= number.start < lead.end for lead in leads) or not place.term.unit:
            continue
        read = _with_unit(number, place.term)
        named = _leads_for(sentence, place, read, values, leads) if place.term.per_lead else ()
        span = sentence[place.start : number.end]
        found.append(
            Stated(ClaimKind.NUMBER, span, place.start, number.end, place.term, read, Relation.EQUAL, leads=named)
        )
    return found


def _unmeasurable(sentence: str, places: list[_Place]) -> list[Stated | None]:
    """Quantities of which the text says that they cannot be measured."""
    return [
        Stated(ClaimKind.FINDING, sentence[p.start : p.end], p.start, p.end, p.term, unmeasurable=True)
        for p in places
        if p.term.unit and said_unmeasurable(sentence, p.start, p.end)
    ]


def _with_unit(number: Number, term: QuantityTerm) -> Number:
    """A bare number in the quantity's unit; intervals below 3 are seconds, voltages above 10 millimetres."""
    factor = 1.0
    if term.dimension == Dimension.TIME and abs(number.low) < 3:
        factor = 1000.0
    return Number(
        number.low * factor, number.high * factor, term.dimension, number.rounding * factor, number.start, number.end
    )


def _findings(sentence: str, leads: list[LeadMention], values: list[Number]) -> list[Stated]:
    taken: list[tuple[int, int]] = []
    found: list[Stated] = []
    for match, term in _matches(sentence):
        start, end = match.start(), match.end()
        if any(start < b and a < end for a, b in taken) or _is_measure_word(sentence, end, term):
            continue
        taken.append((start, end))
        named = _finding_leads(sentence, start, end, leads) if term.lead_rule is not None else ()
        denied = negated(sentence, start, end) != bool(_INNER_NOT.search(match[0]))
        cue = _CUE.search(sentence, 0, start) if denied else None
        begins = cue.start() if cue else start  # a denial is shown with its word: "No ST elevation"
        found.append(
            Stated(
                ClaimKind.NEGATION if denied else ClaimKind.FINDING,
                sentence[begins:end],
                begins,
                end,
                finding=term,
                leads=named,
                negated=denied,
                unmeasurable=said_unmeasurable(sentence, start, end),
                hedged=hedged(sentence, start),
            )
        )
    return found


def _matches(sentence: str) -> list[tuple[re.Match[str], FindingTerm]]:
    """Matches of every finding, leftmost first and longest first at one place."""
    every = [(match, term) for term in FINDINGS for match in term.pattern.finditer(sentence)]
    return sorted(every, key=lambda pair: (pair[0].start(), -(pair[0].end() - pair[0].start())))


def _is_measure_word(sentence: str, end: int, term: FindingTerm) -> bool:
    """ "P wave duration 100 ms" measures the P wave; it does not claim that there is one."""
    if term.name not in ("P waves", "pathological Q"):
        return False
    return bool(re.match(r"\s*(?:duration|amplitude|width|height|depth|axis|voltage)", sentence[end:], re.IGNORECASE))


def _finding_leads(sentence: str, start: int, end: int, leads: list[LeadMention]) -> tuple[str, ...]:
    """Leads the finding names: right after it ("ST elevation in II"), else as its subject ("V2 shows ...")."""
    after = [lead for lead in leads if lead.start >= end]
    if after and re.fullmatch(
        r"\s*(?:\(?(?:of\s+[\d.,]+\s*\w+|[^.;:,]{0,40}?)\)?\s)?(?:(?:is|are)\s+(?:present|seen|noted|visible|found)\s+)?"
        r"(?:in|across|over|at|involving|\()\s*(?:the\s+)?(?:any\s+of\s+)?(?:leads?\s+)?",
        sentence[end : after[0].start],
    ):
        named = after[0].leads
        rest = [
            lead
            for lead in after[1:]
            if re.fullmatch(r"\s*(?:,|and|or)\s*(?:in\s+)?", sentence[after[0].end : lead.start])
        ]
        return tuple(dict.fromkeys((*named, *(x for lead in rest[:1] for x in lead.leads))))
    before = [lead for lead in leads if lead.end <= start]
    if before and re.fullmatch(
        r"\s*(?:shows?|demonstrates?|displays?|exhibits?|has|have|with|:|reveals?)\s+(?:an?\s+|no\s+|marked\s+|mild\s+)?",
        sentence[before[-1].end : start],
        re.IGNORECASE,
    ):
        return before[-1].leads
    return ()
