"""Leads and numbers as they stand in a sentence: patterns, ranges, groups, units.

Owns the reading of lead names and of numbers with units. Must not know quantities or findings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GROUPS = {
    "inferior": ("II", "III", "aVF"),
    "high lateral": ("I", "aVL"),
    "lateral": ("I", "aVL", "V5", "V6"),
    "anterior": ("V1", "V2", "V3", "V4"),
    "septal": ("V1", "V2"),
    "anteroseptal": ("V1", "V2", "V3", "V4"),
    "anterolateral": ("V3", "V4", "V5", "V6", "I", "aVL"),
    "right precordial": ("V1", "V2"),
    "left precordial": ("V5", "V6"),
    "precordial": ("V1", "V2", "V3", "V4", "V5", "V6"),
    "chest": ("V1", "V2", "V3", "V4", "V5", "V6"),
    "limb": ("I", "II", "III", "aVR", "aVL", "aVF"),
}
_LEAD = r"(?:a[Vv][RrLlFf]|AV[RLF]|[Vv][1-9](?![0-9])|III|II|I)"
_JOIN = r"(?:\s*(?:,\s*(?:and|or)?|/|&|\band\b|\bor\b|\bnor\b)\s*(?:in\s+)?(?:leads?\s+)?)"
_RANGE = r"(?:[Vv][1-6]\s*(?:-|–|—|\bto\b|\bthrough\b)\s*[Vv]?[1-6])"
_ITEM = rf"(?:{_RANGE}|{_LEAD})"
_LIST = re.compile(rf"(?<![\w′'])(?P<word>leads?\s+)?(?P<items>{_ITEM}(?:{_JOIN}{_ITEM})*)(?![\w′'])")
_GROUP = re.compile(rf"\b({'|'.join(sorted(_GROUPS, key=len, reverse=True))})(?:\s+leads?)\b", re.IGNORECASE)
_RANGE_ENDS = re.compile(r"[Vv]([1-6])\s*(?:-|–|—|to|through)\s*[Vv]?([1-6])")
_PRONOUN = re.compile(r"(?:\b(?:in|lead|leads|and|or|of|from)\s+|[,/(+]\s*)$")


@dataclass(frozen=True, slots=True)
class LeadMention:
    """Leads named together: "V1–V4", "II, III and aVF", "inferior leads"."""

    leads: tuple[str, ...]
    start: int
    end: int


def lead_mentions(text: str) -> list[LeadMention]:
    """Every group of leads named in text, in order; a lone "I" counts only where a lead can stand."""
    found = []
    for match in _LIST.finditer(text):
        items = match["items"]
        if items == "I" and not match["word"] and not _PRONOUN.search(text[: match.start()]):
            continue
        found.append(LeadMention(_expand(items), match.start(), match.end()))
    found += [LeadMention(_GROUPS[m[1].lower()], m.start(), m.end()) for m in _GROUP.finditer(text)]
    return sorted(found, key=lambda mention: mention.start)


def _expand(items: str) -> tuple[str, ...]:
    leads: dict[str, None] = {}
    for match in re.finditer(_ITEM, items):
        ends = _RANGE_ENDS.fullmatch(match[0])
        if ends:
            leads.update(dict.fromkeys(f"V{i}" for i in range(int(ends[1]), int(ends[2]) + 1)))
        else:
            leads[_canonical(match[0])] = None
    return tuple(leads)


def _canonical(name: str) -> str:
    upper = name.upper()
    return f"aV{upper[2]}" if upper.startswith("AV") else upper


class Dimension:
    """What a unit measures; a quantity is claimed only in its own dimension."""

    TIME, VOLTAGE, RATE, ANGLE, AREA, RATIO, NONE = "time", "voltage", "rate", "angle", "area", "ratio", ""


#: unit as written, lower case -> (dimension, factor to ms, mV, bpm, deg, mV·s, fraction).
_UNITS: dict[str, tuple[str, float]] = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), (Dimension.TIME, 1.0)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), (Dimension.TIME, 1000.0)),
    **dict.fromkeys(("mv", "millivolt", "millivolts"), (Dimension.VOLTAGE, 1.0)),
    **dict.fromkeys(("µv", "μv", "uv", "microvolt", "microvolts"), (Dimension.VOLTAGE, 0.001)),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), (Dimension.VOLTAGE, 0.1)),
    **dict.fromkeys(("bpm", "/min", "beats per minute", "beats/min", "per minute"), (Dimension.RATE, 1.0)),
    **dict.fromkeys(("°", "deg", "degs", "degree", "degrees"), (Dimension.ANGLE, 1.0)),
    **dict.fromkeys(("mv·s", "mv*s", "mvs", "mv s"), (Dimension.AREA, 1.0)),
    **dict.fromkeys(("%", "percent", "per cent"), (Dimension.RATIO, 0.01)),
}
_UNIT = "|".join(sorted((re.escape(unit) for unit in _UNITS), key=len, reverse=True))
_SIGNED = r"(?:(?<![\w.)])[-−–+]\s?)?\d+(?:[.,]\d+)?"
_NUMBER = re.compile(
    rf"(?<![\w.])(?P<low>{_SIGNED})(?:\s*[-‐‑]?\s*(?:{_UNIT}))??"
    rf"(?:\s*(?:-|–|—|−|\bto\b|\band\b)\s*(?P<high>[-−+]?\d+(?:[.,]\d+)?))?"
    rf"\s*[-‐‑]?\s*(?P<unit>{_UNIT})(?![A-Za-z0-9µ]|/m[mV]\b|/s\b|·s)",
    re.IGNORECASE,
)
_BARE = re.compile(rf"(?<![\w.])(?P<low>{_SIGNED})(?![\w.]*\w)")


@dataclass(frozen=True, slots=True)
class Number:
    """A number with its unit, in base units (ms, mV, bpm, deg, mV·s, fraction).

    Attributes:
        high: Upper end of a range; equals low for a single number.
        rounding: Half a unit of the last digit written.
    """

    low: float
    high: float
    dimension: str
    rounding: float
    start: int
    end: int


def numbers(text: str) -> list[Number]:
    """Every number with a unit, in order. Paper speed and gain (mm/s, mm/mV) are no claims and are left out."""
    found = []
    for match in _NUMBER.finditer(text):
        dimension, factor = _UNITS[match["unit"].lower()]
        low, high = _value(match["low"]), _value(match["high"] or match["low"])
        low, high = min(low, high) * factor, max(low, high) * factor
        digits = max(_decimals(match["low"]), _decimals(match["high"] or ""))
        found.append(Number(low, high, dimension, 0.5 * 10.0**-digits * factor, match.start(), match.end()))
    return found


def bare_number(text: str, start: int, end: int) -> Number | None:
    """The first number without unit in text[start:end]; its dimension is left open."""
    match = _BARE.search(text, start, end)
    if match is None:
        return None
    value = _value(match["low"])
    return Number(value, value, Dimension.NONE, 0.5 * 10.0 ** -_decimals(match["low"]), match.start(), match.end())


def _value(written: str) -> float:
    return float(written.replace("−", "-").replace("–", "-").replace(" ", "").replace(",", "."))


def _decimals(written: str) -> int:
    return len(re.split("[.,]", written)[1]) if re.search("[.,]", written) else 0
