"""Scope: where sentences end, what a negation covers, what is only a reference value, what is said to be unmeasurable.

Owns the reading of negation after NegEx (Chapman 2001), with list and contrast handling of our own. Must not know
quantities or findings.
"""

from __future__ import annotations

import re

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9(*])|[;\n]+")
_CONTRAST = re.compile(
    r"\b(?:but|however|although|though|whereas|while|except|apart from|despite|because|since|yet|instead|"
    r"which|that is|with|there (?:is|are)|rather than)\b|[:—]|\s–\s",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"\b(?:no|not|non|without|absent|absence of|lack of|lacks|lacking|free of|negative for|neither|nor|never|denies|"
    r"rules? out|ruled out|ruling out|excludes?|excluding|argues? against|arguing against|speaks? against|"
    r"evidence against|rejects?|fails? to show|makes? it unlikely|instead of)\b(?!-?only)|\bnon-|n't\b",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^[^.;,:]{0,40}?\b(?:(?:is|are|was|were|be|been|being|seem|seems|appears?)\s+)?"
    r"(?:not (?:present|seen|visible|evident|observed|identified|noted|found|detected|met|fulfilled|shown|demonstrated)|"
    r"absent|excluded|ruled out|rejected|unlikely|denied|lacking|missing)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:cannot|can not|could not|can't|may not|does not|do not|not)\s+(?:be\s+)?"
    r"(?:exclude|excluded|rule out|ruled out|reliably exclude)\b|\bto (?:exclude|rule out)\b|\brule[- ]out\b\s*:",
    re.IGNORECASE,
)
_UNMEASURABLE = re.compile(
    r"\b(?:not (?:measurable|assessable|assessed|interpretable|recorded|available|determinable|evaluable|measured)|"
    r"un(?:measurable|assessable)|(?:cannot|can not|could not|can't) be (?:measured|assessed|determined|evaluated|judged|"
    r"calculated)|indeterminate|not be (?:measured|assessed|determined|evaluated|judged|calculated))\b",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"\b(?:normal(?:\s+(?:range|values?|limits?))?|limits?|reference(?:\s+range)?|thresholds?|cut-?offs?|expected|criterion|"
    r"criteria)\s*(?:is|are|of|:|=|for\s+\w+)?\s*(?:up to|from|between|[<>≤≥]=?|below|above|at most|at least)?\s*$",
    re.IGNORECASE,
)
_LIST_TAIL = re.compile(r"^\s*(?:or|nor|and no)\b", re.IGNORECASE)
_NEW_STATEMENT = re.compile(
    r"^\s*and\s+(?:a\b|an\b|the\b|there\b|is\b|are\b|normal|regular|narrow|sinus|present|upright)", re.IGNORECASE
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Half-open ranges of text, split at full stops, semicolons and line ends; decimal points do not split."""
    ranges, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        ranges.append((start, match.start()))
        start = match.end()
    ranges.append((start, len(text)))
    return [(a, b) for a, b in ranges if text[a:b].strip()]


def negated(sentence: str, start: int, end: int) -> bool:
    """Whether the phrase at [start, end) of a sentence is denied, by a cue before it or after it."""
    for cue in _BEFORE.finditer(sentence, 0, start):
        if cue.end() <= start and _covers(sentence[cue.end() : start], sentence[end:]):
            return not hedged(sentence, start)
    return bool(_AFTER.search(_clip(sentence[end:]))) and not hedged(sentence, start)


def hedged(sentence: str, start: int) -> bool:
    """Whether what stands at start is only said not to be excluded."""
    return bool(_HEDGE.search(sentence[:start])) or bool(
        re.search(r"\b(?:cannot|can not|could not) be (?:excluded|ruled out)\b", sentence[start:], re.IGNORECASE)
    )


def said_unmeasurable(sentence: str, start: int, end: int) -> bool:
    """Whether the phrase stands in a statement that something cannot be measured."""
    left = max((m.end() for m in re.finditer(r"[,:(]|\bbut\b|\bhowever\b", sentence[:start])), default=0)
    match = _UNMEASURABLE.search(sentence, end)
    if match and not re.search(r"\bbut\b|\bhowever\b|[:()]|\d", sentence[end : match.start()]):
        return True
    return bool(_UNMEASURABLE.search(sentence, left, start))


def is_reference(sentence: str, start: int, end: int) -> bool:
    """Whether the number at [start, end) is a norm quoted beside the value, as in "(normal 120 to 200 ms)"."""
    return bool(_REFERENCE.search(sentence[:start])) or bool(
        re.match(r"\s*(?:is|are|being)?\s*(?:the\s+)?(?:upper|lower)?\s*(?:limit|threshold|cut-?off)\b", sentence[end:])
    )


def _clip(after: str) -> str:
    match = _CONTRAST.search(after)
    return after[: match.start()] if match else after


def _covers(between: str, after: str) -> bool:
    """Whether a negation reaches over the words between it and the phrase."""
    # A bracket that opened or closed since the cue is another thought; a whole one in between is an aside.
    between = re.sub(r"\([^()]*\)", "", between)
    if _CONTRAST.search(between) or re.search(r"[()]", between):
        return False
    parts = re.split(r",", between)
    if any(_NEW_STATEMENT.match(m) for m in _tails(between)):
        return False
    if len(parts) == 1:
        return True
    if re.search(r"\b(?:or|nor)\b", parts[-1]):
        return len(parts) == 2 or not any(re.search(r"\b(?:or|nor)\b", part) for part in parts[1:-1])
    # A list goes on over its commas where an "or" closes it after the phrase: "no A, B or C".
    if any(re.search(r"\b(?:or|nor)\b", part) for part in parts[:-1]):
        return False
    rest = re.split(r"[.;:]", after)[0]
    return bool(re.match(r"[^,]{0,30}?(?:,[^,]{0,40})*?,?\s*\b(?:or|nor)\b", rest)) and not re.match(
        r"[^,]*\band\b", rest
    )


def _tails(between: str) -> list[str]:
    return [between[match.start() :] for match in re.finditer(r"\band\b", between)]
