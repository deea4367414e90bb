"""What is said of one lead's signal quality: its problems and a graded index.

Owns the types only; `ecg.quality.measures` computes them. Must not import anything above ecg.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag


class QualityProblem(IntFlag):
    """What is wrong with a lead; several may hold at once. The bit values travel in compiled code and snapshots."""

    NONE = 0
    LEAD_OFF = 1  # the device says so, or nothing at all was received
    MISSING = 2  # part of the samples is invalid
    FLAT = 4  # connected, but no activity
    RAIL = 8  # the amplifier is saturated
    BASELINE_WANDER = 16  # slow drift larger than the QRS
    MUSCLE_NOISE = 32  # broad-band noise above the ECG's own content, mains included
    ELECTRODE_MOTION = 64  # abrupt shifts that imitate QRS complexes


@dataclass(frozen=True, slots=True)
class LeadQuality:
    """Quality of one lead over the last seconds.

    Attributes:
        name: The lead's name.
        index: 0 (useless) to 1 (clean).
        problems: Every problem that holds, in a fixed order; empty when clean.
    """

    name: str
    index: float
    problems: tuple[QualityProblem, ...] = ()
