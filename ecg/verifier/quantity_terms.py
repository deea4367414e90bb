# ruff: noqa: E501  one row a term: a table of patterns is read across, not down
"""The vocabulary of quantities: which words name which measurement, in which dimension.

Owns patterns only. Must not know verdicts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecg.verifier.mentions import Dimension

_FLAGS = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class QuantityTerm:
    """Words for a measured quantity.

    Attributes:
        name: Row name in the measurement table, or a derived quantity.
        negative: The words give the size of something below the baseline ("ST depression of 2 mm").
    """

    name: str
    dimension: str
    unit: str
    pattern: re.Pattern[str]
    per_lead: bool = False
    negative: bool = False


def _quantity(
    name: str, dimension: str, unit: str, pattern: str, *, per_lead: bool = False, negative: bool = False
) -> QuantityTerm:
    return QuantityTerm(name, dimension, unit, re.compile(pattern, _FLAGS), per_lead, negative)


_T, _V, _R, _A = Dimension.TIME, Dimension.VOLTAGE, Dimension.RATE, Dimension.ANGLE
_SIZE = r"(?:\s*(?:wave|deflection))?s?(?:\s*(?:amplitude|height|depth|voltage))?"

#: More specific words first: the first term whose pattern matches at a place takes it.
QUANTITIES: tuple[QuantityTerm, ...] = (
    _quantity("longest_pause", _T, "ms", r"\bno QRS\b|\bpauses?\b|\bwithout (?:a )?QRS\b"),
    _quantity("qtc_fridericia", _T, "ms", r"\bQT\s?c?(?:\s*interval)?\s*\(?(?:by\s+)?Fridericia\)?|\bQTcF\b"),
    _quantity("qtc_framingham", _T, "ms", r"\bQT\s?c?(?:\s*interval)?\s*\(?(?:by\s+)?Framingham\)?"),
    _quantity("qtc_hodges", _T, "ms", r"\bQT\s?c?(?:\s*interval)?\s*\(?(?:by\s+)?Hodges\)?"),
    _quantity("qtc_bazett", _T, "ms", r"\b(?:corrected QT|QTc)\w?(?:\s*interval)?(?:\s*\(?(?:by\s+)?Bazett\)?)?|\bQTcB\b"),
    _quantity("qt_interval", _T, "ms", r"\bQT(?:\s*(?:interval|duration))?\b"),
    _quantity("pr_interval", _T, "ms", r"\bP[RQ](?:[- ]*(?:interval|duration|time))?\b(?!\s*segment)"),
    _quantity("rr_interval", _T, "ms", r"\bR[-–]?R(?:\s*intervals?)?\b"),
    _quantity("p_duration", _T, "ms", r"\b(?-i:P)(?:[- ]?waves?)?(?:\s*(?:duration|width))\b"),
    _quantity("p_amplitude", _V, "mV", r"\b(?-i:P)(?:[- ]?waves?)?(?:\s*(?:amplitude|height|voltage))\b", per_lead=True),
    _quantity("q_duration", _T, "ms", r"\b(?-i:Q)(?:[- ]?waves?)?(?:\s*(?:duration|width))\b", per_lead=True),
    _quantity("cornell_product", Dimension.AREA, "mV·s", r"\bCornell(?:'s)? product\b"),
    _quantity("cornell_voltage", _V, "mV", r"\bCornell(?:\s*(?:voltage|index|criterion))?\b"),
    _quantity(
        "sokolow_lyon_v5",
        _V,
        "mV",
        r"\bS\s*(?:wave\s*)?(?:in\s+)?\(?V1\)?\s*(?:\+|plus|and)\s*(?:the\s+)?R\s*(?:wave\s*)?(?:in\s+)?\(?V5\)?(?![/\w]|\s*or)",
    ),
    _quantity(
        "sokolow_lyon_v6",
        _V,
        "mV",
        r"\bS\s*(?:wave\s*)?(?:in\s+)?\(?V1\)?\s*(?:\+|plus|and)\s*(?:the\s+)?R\s*(?:wave\s*)?(?:in\s+)?\(?V6\)?(?![/\w])",
    ),
    _quantity("sokolow_lyon_max", _V, "mV", r"\bSokolow(?:[-– ]+Lyon)?(?:\s*(?:voltage|index|criterion|sum))?\b"),
    _quantity("p_axis", _A, "deg", r"\bP(?:[- ]?wave)?\s*axis\b"),
    _quantity("t_axis", _A, "deg", r"\bT(?:[- ]?wave)?\s*axis\b"),
    _quantity("qrs_axis", _A, "deg", r"(?:\b(?:QRS|frontal|electrical|mean|cardiac|heart|plane)[- ]+)*\baxis\b"),
    _quantity("qrs_peak_to_peak", _V, "mV", r"\bQRS(?:\s*complex(?:es)?)?(?:\s*(?:amplitudes?|voltages?|heights?))\b", per_lead=True),
    _quantity("qrs_duration", _T, "ms", r"\bQRS(?:[- ]*(?:complex(?:es)?|duration|width|interval))*\b"),
    _quantity("st_j", _V, "mV", r"\bST(?:[- ]segment)?s?[- ]*depress(?:ions?|ed)\b|\bdepressed ST\b|\bSTD\b", per_lead=True, negative=True),
    _quantity("st_j", _V, "mV", r"\b(?:ST(?:[- ]segment)?s?(?:[- ]*(?:elevations?|elevated|deviations?|levels?|shift))?|J[- ]?point(?:\s*elevation)?|STE)\b", per_lead=True),
    _quantity("t_amplitude", _V, "mV", r"\binverted T(?:[- ]?waves?)?\b|\b(?-i:T)(?:[- ]?waves?)?\s*inver(?:sions?|ted)\b", per_lead=True, negative=True),
    _quantity("t_amplitude", _V, "mV", r"\b(?-i:T)(?:[- ]?waves?)?(?:\s*(?:amplitudes?|height|voltage))?\b(?!\s*axis)", per_lead=True),
    _quantity("s_duration", _T, "ms", r"\b(?-i:S)(?:[- ]?waves?)?(?:\s*(?:duration|width))\b", per_lead=True),
    _quantity("q_depth", _V, "mV", rf"\b(?-i:Q){_SIZE}\b(?![-–]?T)", per_lead=True),
    _quantity("s_depth", _V, "mV", rf"\b(?-i:S){_SIZE}\b(?!T)(?:\s*\(?(?=V\d))?", per_lead=True),
    _quantity("r_amplitude", _V, "mV", rf"\b(?-i:R){_SIZE}\b(?!\s*[-–]?\s*(?:R\b|progress|wave progress))", per_lead=True),
    _quantity("p_amplitude", _V, "mV", r"\b(?-i:P)(?:[- ]?waves?)\b(?!\s*axis)", per_lead=True),
    _quantity("rate_before", _R, "bpm", r"\brate before (?:it|the (?:episode|run|alarm))\b"),
    _quantity("episode_rate", _R, "bpm", r"\brate (?:of|in|during) the (?:episode|run|alarm)\b|\bepisode(?:'s)? rate\b"),
    _quantity("episode_onset", _T, "ms", r"\b(?:episode|run)\s+begins\b"),
    _quantity("episode_length", _T, "ms", r"\b(?:episode|run)\b(?: lasts?| lasting)\b"),
    _quantity("heart_rate", _R, "bpm", r"\b(?:(?:ventricular|heart|pulse|average|mean|sinus)\s+)?rate\b|\bHR\b"),
    _quantity("run_rate", _R, "bpm", r"\b(?:(?:ventricular )?run|ventricular beats(?: in a row)?|wide-complex waveform)\b"),
    # Without a unit a number behind a rhythm's name is no rate.
    _quantity("heart_rate", _R, "", r"\b(?:(?:sinus|ventricular|supraventricular)\s+)?(?:rhythm|bradycardia|tachycardia)\b|\batrial fibrillation\b"),
    _quantity("fibrillation_time", _T, "ms", r"\bfibrillatory(?: or flutter)? wave(?:form)?s?\b"),
)  # fmt: skip
