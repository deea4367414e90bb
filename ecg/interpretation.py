"""Interpretation: what the reasoner was asked, what it said step by step, and what the verifier says of each claim."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ecg.conditions import ConditionEvent, Priority
from ecg.measurements.measurement import Measurement
from ecg.screening import LabelScore
from ecg.segments import Segment

#: Titles of the six protocol steps (ECG_R1.md §1: the reply's tag contract).
STEP_TITLES = (
    "Technical quality, rate and rhythm",
    "Axis, conduction and intervals",
    "Hypertrophy and voltage",
    "Ischaemia, infarction and mimics",
    "Electrolytes and QT",
    "Final reasoning",
)
SUMMARY_STEP, LABELS_STEP = 0, 7


class Verdict(Enum):
    """What the measurements of the same window say of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_MEASURABLE = "not measurable"


class ClaimKind(Enum):
    """What sort of statement a claim is."""

    NUMBER = "number"
    COMPARISON = "comparison"
    FINDING = "finding"
    NEGATION = "negation"


@dataclass(frozen=True, slots=True)
class Claim:
    """One checkable statement.

    Attributes:
        step: 1 to 6, SUMMARY_STEP or LABELS_STEP.
        evidence: What was measured: "QRS duration 92 ms".
        start: First character of text within its step's text; end is after the last.
    """

    text: str
    step: int
    kind: ClaimKind
    verdict: Verdict
    evidence: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Step:
    """One paragraph of the reasoning: number 1 to 6."""

    number: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply in the tag contract, or an abstention with its reason."""

    steps: tuple[Step, ...]
    summary: str
    labels: tuple[str, ...]
    abstained: bool = False
    reason: str = ""

    def as_text(self) -> str:
        """The reply as the contract writes it: <think> steps </think>, summary, <answer>labels</answer>."""
        think = "\n\n".join(f"**Step {step.number}: {step.title}**\n{step.text}" for step in self.steps)
        return f"<think>\n{think}\n</think>\n\n{self.summary}\n\n<answer>{'; '.join(self.labels)}</answer>"


@dataclass(frozen=True, slots=True, eq=False)
class Escalation:
    """The hand-off of one window to the cloud; idempotent by escalation_id. The window keeps the device's fs."""

    escalation_id: str
    alarm_id: str
    agent_id: str
    priority: Priority
    deadline_ns: int
    window: Segment
    condition: ConditionEvent | None = None
    encoder_findings: tuple[LabelScore, ...] = ()
    encoder_model_id: str = ""
    embedding: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The reasoner has queued the escalation."""

    queue_position: int
    model_id: str


@dataclass(frozen=True, slots=True)
class Measured:
    """The measurements the reasoner works from."""

    values: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class Summarised:
    """The summary paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The answer."""

    labels: tuple[str, ...]
    abstained: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """The verifier's verdicts on every claim of the texts before it that were not judged yet."""

    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The end: the reply as one text and how long it took."""

    raw_text: str
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """No interpretation, and why. The flag stays raised."""

    reason: str


InterpretEvent = Accepted | Measured | Step | Summarised | Labelled | Checked | Finished | Failed


@dataclass(frozen=True, slots=True)
class InterpretationRecord:
    """One event of an interpretation as published; (escalation_id, number) is unique and orders the events."""

    escalation_id: str
    alarm_id: str
    stream_id: str
    epoch: int
    window_first_sample: int
    window_end_sample: int
    fs_hz: float
    time_ns: int
    model_id: str
    number: int
    event: InterpretEvent
