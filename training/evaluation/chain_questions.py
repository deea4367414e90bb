"""Questions of grounded reasoning chains: how their words and options are read.

Owns the file's format and the reading of options (times, leads, ranges, intervals). Answers are carried for scoring only
and are read by nothing but `score`. Must not know measurements.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any


class Stage(Enum):
    """What a question asks for; the names are the file's."""

    INITIAL = "initial_diagnostic_question"
    CRITERION = "criterion_selection"
    FINDING = "finding_identification"
    LEAD = "lead_grounding"
    WAVE = "wave_grounding"
    MEASUREMENT = "measurement_grounding"
    DECISION = "diagnostic_decision"


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its options; `key` is the right answer, for scoring."""

    stage: Stage
    text: str
    options: tuple[str, ...]
    key: frozenset[str]

    def score(self, chosen: Sequence[str]) -> bool:
        """Whether exactly the right options were chosen."""
        return frozenset(chosen) == self.key


@dataclass(frozen=True, slots=True)
class ChainStep:
    """One criterion: which, whether it is there, where one sees it, what follows."""

    criterion: Question
    finding: Question
    grounding: tuple[Question, ...]
    decision: Question


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain on one record."""

    record_id: int
    diagnosis: str
    initial: Question
    steps: tuple[ChainStep, ...]


def read_chains(path: Path) -> list[Chain]:
    """Chains of a JSON-lines file (.jsonl or .jsonl.xz)."""
    stored = path.read_bytes()
    text = (lzma.decompress(stored) if path.suffix == ".xz" else stored).decode("utf-8")
    return [_chain(json.loads(line)) for line in text.splitlines() if line.strip()]


def _chain(row: dict[str, Any]) -> Chain:
    steps = tuple(
        ChainStep(
            _question(step["criterion_selection"]),
            _question(step["finding_identification"]),
            tuple(_question(grounding) for grounding in step["ecg_grounding"]),
            _question(step["diagnostic_decision"]),
        )
        for step in row["data"]["reasoning"]
    )
    meta = row["metadata"]
    initial = _question(row["data"]["initial_diagnostic_question"])
    return Chain(int(meta["ecg_id"]), meta["target_dx"], initial, steps)


def _question(row: dict[str, Any]) -> Question:
    answer = row["answer"]
    key = frozenset(answer if isinstance(answer, list) else [answer])
    return Question(Stage(row["question_type"]), row["question"], tuple(row["options"]), key)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """ "[1.25s - 1.42s]"."""

    start_s: float
    end_s: float

    def overlap(self, start_s: float, end_s: float) -> float:
        """Intersection over union with another range."""
        inside = min(self.end_s, end_s) - max(self.start_s, start_s)
        return max(0.0, inside) / (max(self.end_s, end_s) - min(self.start_s, start_s))


@dataclass(frozen=True, slots=True)
class ValueRange:
    """ "[120ms - 130ms]", "Above 160ms", "Below 0.3mV"; open ends are infinite."""

    low: float
    high: float

    def distance(self, value: float) -> float:
        """0 inside, else how far outside."""
        return max(0.0, self.low - value, value - self.high)


_TIME = re.compile(r"\[\s*([\d.]+)\s*s\s*-\s*([\d.]+)\s*s\s*\]")
_VALUE = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:ms|mV\*?s?|bpm|degrees|°)")
_INTERVAL = re.compile(r"\[\s*(\d+)\w{2} QRS wave\s*-\s*(\d+)\w{2} QRS wave\s*\]")
_FIRST_QRS = re.compile(r"'1st QRS wave'.*?" + _TIME.pattern)


def time_range(option: str) -> TimeRange | None:
    """The time range of an option; None where it is none."""
    match = _TIME.search(option)
    return TimeRange(float(match[1]), float(match[2])) if match else None


def value_range(option: str) -> ValueRange | None:
    """The range of values of an option; None where it is none."""
    values = [float(match[1]) for match in _VALUE.finditer(option)]
    lower = option.lower()
    if len(values) == 2:
        return ValueRange(min(values), max(values))
    if len(values) != 1:
        return None
    if "below" in lower or "less" in lower or "under" in lower:
        return ValueRange(float("-inf"), values[0])
    return ValueRange(values[0], float("inf"))


def interval(option: str) -> tuple[int, int] | None:
    """Ordinals (from 0) of the QRS waves of "[4th QRS wave - 5th QRS wave]"."""
    match = _INTERVAL.search(option)
    return (int(match[1]) - 1, int(match[2]) - 1) if match else None


def first_qrs(text: str) -> TimeRange | None:
    """Where the question says the first QRS wave stands."""
    match = _FIRST_QRS.search(text)
    return TimeRange(float(match[1]), float(match[2])) if match else None


def lead_of(option: str) -> str:
    """ "Lead V1" is V1."""
    return option.removeprefix("Lead ").strip()
