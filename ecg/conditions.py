"""Conditions: what a rule says is so of the patient or of the device, from when to when, and why.

A condition is not an alarm (IEC 60601-1-8: alarm condition and alarm signal are two things);
ecg.alarms makes alarms of conditions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Priority(Enum):
    """IEC 60601-1-8 priorities; technical alarms have their own scale."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    TECHNICAL = "technical"


class ConditionCode(Enum):
    """Closed set of what the rules call. The first five are the lethal five of PhysioNet/CinC 2015."""

    __hash__ = (
        object.__hash__
    )  # members are single objects: Enum's own hash is a call in Python, some 25 a bed and second

    ASY = "ASY"  # asystole
    EBR = "EBR"  # extreme bradycardia
    ETC = "ETC"  # extreme tachycardia
    VTA = "VTA"  # ventricular tachycardia
    VFB = "VFB"  # ventricular fibrillation or flutter
    AFIB = "AFIB"
    AFLT = "AFLT"
    SVT = "SVT"
    AVB2 = "AVB2"  # second-degree AV block
    PAUSE = "PAUSE"
    BRADY = "BRADY"
    TACHY = "TACHY"
    AIVR = "AIVR"
    RUN = "RUN"  # non-sustained VT, 3 or 4 ventricular beats
    SVE_RUN = "SVE_RUN"  # 3 or 4 early supraventricular beats
    COUPLET = "COUPLET"
    BIGEMINY = "BIGEMINY"
    TRIGEMINY = "TRIGEMINY"
    PVC_RATE = "PVC_RATE"
    LEADS_OFF = "LEADS_OFF"
    ARTEFACT = "ARTEFACT"  # level 1: only lethal processing goes on
    SUSPENDED = "SUSPENDED"  # level 2: arrhythmia analysis suspended
    NO_SIGNAL = "NO_SIGNAL"
    BAD_INPUT = "BAD_INPUT"

    #: Members are single objects; Enum hashes their names in Python, and rules look codes up dozens of times a second.
    __hash__ = object.__hash__


LETHAL = frozenset({ConditionCode.ASY, ConditionCode.EBR, ConditionCode.ETC, ConditionCode.VTA, ConditionCode.VFB})
TECHNICAL = frozenset(
    {
        ConditionCode.LEADS_OFF,
        ConditionCode.ARTEFACT,
        ConditionCode.SUSPENDED,
        ConditionCode.NO_SIGNAL,
        ConditionCode.BAD_INPUT,
    }
)


class Origin(Enum):
    """Who saw the condition."""

    EDGE = "edge"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One number the rule decided on."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that began, changed or ended. Samples are indices of the stream's epoch.

    Attributes:
        onset_sample: Where the condition began (first beat of the run, last beat before the pause).
        detected_sample: First sample by which a causal rule could say so.
        ended_sample: Where it ended; None while it lasts.
        reason: Why, in the nurse's words, with units: "HR 134 > 120 bpm".
    """

    code: ConditionCode
    onset_sample: int
    detected_sample: int
    reason: str
    ended_sample: int | None = None
    evidence: tuple[Evidence, ...] = field(default=())

    @property
    def active(self) -> bool:
        """True while it lasts."""
        return self.ended_sample is None


@dataclass(frozen=True, slots=True)
class ConditionEvent:
    """A condition as it travels: whose, on what clock, seen by whom."""

    stream_id: str
    epoch: int
    agent_id: str
    origin: Origin
    condition: Condition
    onset_time_ns: int
    detected_time_ns: int
    ended_time_ns: int | None = None
