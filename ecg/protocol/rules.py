"""The words the protocol's tables are written in: criteria as data, answered in three values.

Owns rules, criteria and findings. A rule is a tree of tests on named quantities; it answers True, False or None (not
measurable), by Kleene's logic. Must not import the tables or the evaluator.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ecg.measurements.measurement import Measurement

#: Version of the tables: raise it with every change of a threshold or of a path.
PROTOCOL_VERSION = "1.1.0"


class Profile(Enum):
    """Which published set of thresholds a criterion belongs to."""

    ECG_R1 = "ecg-r1"
    REASONING_BENCHMARK = "reasoning-benchmark"


class Op(Enum):
    """How a value is compared with a threshold."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    def holds(self, value: float, threshold: float) -> bool:
        """Whether value stands in this relation to threshold."""
        match self:
            case Op.ABOVE:
                return value > threshold
            case Op.AT_LEAST:
                return value >= threshold
            case Op.BELOW:
                return value < threshold
            case Op.AT_MOST:
                return value <= threshold


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison. Inside PerLead an empty lead means the lead being looked at."""

    quantity: str
    op: Op
    threshold: float
    unit: str
    lead: str | None = None

    #: pytest must not collect this class.
    __test__ = False


@dataclass(frozen=True, slots=True)
class PerLead:
    """True when rule holds in at least `at_least` of leads; contiguous asks that they be neighbours in this order."""

    leads: tuple[str, ...]
    rule: Rule
    at_least: int = 1
    contiguous: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """And."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Or."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation; not measurable stays not measurable."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class Given:
    """The answer of another criterion of the same profile."""

    criterion: str


Rule = Test | PerLead | AllOf | AnyOf | Not | Given


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the protocol.

    Attributes:
        id: Key, snake_case, unique within its profile.
        phase: 1 to 6 (ECG_R1.md §1); the reply's step of the same number speaks of it.
        statement: The criterion in words, as a report or a question names it.
        rule: When it is present.
        label: Diagnostic label a present finding gives; "" for a mere observation.
        citation: Where the threshold comes from.
        suggests: What a present finding makes likely, without deciding it: the causes a reader thinks of.
        excludes: What a present finding argues against (phase 6).
    """

    id: str
    phase: int
    statement: str
    rule: Rule
    profile: Profile
    citation: str
    label: str = ""
    suggests: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.phase <= 6:
            raise ValueError(f"criterion {self.id}: phase {self.phase} is not 1 to 6")
        if not self.citation:
            raise ValueError(f"criterion {self.id} has no citation")


class State(Enum):
    """What the measurements say of a criterion."""

    PRESENT = "present"
    ABSENT = "absent"
    NOT_MEASURABLE = "not measurable"


@dataclass(frozen=True, slots=True)
class Finding:
    """A criterion answered on one window.

    Attributes:
        leads: Leads in which the rule holds (for a rule over leads), in the table's order.
        evidence: The measurements looked at, with values or reasons.
        reason: Why not measurable; "" otherwise.
    """

    criterion: Criterion
    state: State
    leads: tuple[str, ...] = ()
    evidence: tuple[Measurement, ...] = ()
    reason: str = ""

    @property
    def present(self) -> bool:
        """True when the criterion is met."""
        return self.state is State.PRESENT


class Decision(Enum):
    """Where a decision path has come to."""

    YES = "yes"
    NO = "no"
    FURTHER = "further findings are required"
    NOT_MEASURABLE = "not measurable"


@dataclass(frozen=True, slots=True)
class DecisionPath:
    """How findings decide one diagnosis.

    Attributes:
        diagnosis: snake_case name.
        label: As a report writes it.
        nodes: Answers so far ("" at the start, then "Y"/"N" per criterion) to the next criterion or the decision.
    """

    diagnosis: str
    label: str
    nodes: tuple[tuple[str, str | Decision], ...]
    citation: str

    def next(self, answers: str) -> str | Decision:
        """The criterion to evaluate after these answers, or the decision they give.

        Raises:
            KeyError: The path does not lead there.
        """
        for prefix, node in self.nodes:
            if prefix == answers:
                return node
        raise KeyError(f"{self.diagnosis}: no node for answers {answers!r}")
