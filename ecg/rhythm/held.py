"""What a rule says of a second: that its condition holds, since when, and why.

Owns the answer type and the protocol every rule follows. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ecg.conditions import ConditionCode, Evidence
from ecg.profiles import RuleProfile
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Held:
    """A condition that holds at the timeline's second.

    Attributes:
        onset: Kernel sample where it began.
        reason: In the nurse's words, with numbers and units.
        evidence: The numbers.
    """

    onset: int
    reason: str
    evidence: tuple[Evidence, ...] = ()


class Rule(Protocol):
    """One condition's rule; asked at every moment of the clock, or only when beats came (`on_beats`)."""

    @property
    def code(self) -> ConditionCode:
        """What it calls."""
        ...

    @property
    def on_beats(self) -> bool:
        """Whether nothing can change between beats."""
        ...

    def look(self, now: Timeline, profile: RuleProfile, active: bool) -> Held | None:
        """The condition, if it holds.

        Args:
            now: The stream up to this second.
            profile: Thresholds.
            active: Whether it held a second ago: what it takes to keep a condition is less than to begin it.
        """
        ...


def bpm_text(bpm: float, limit: float) -> str:
    """The rate as read: whole beats, with a decimal where a whole number would look like the limit."""
    return f"{bpm:.1f}" if round(bpm) == round(limit) else f"{bpm:.0f}"


def rate_bpm(beats: Sequence[SeenBeat]) -> float | None:
    """Mean rate over consecutive beats (the timeline keeps no others); None for fewer than two."""
    if len(beats) < 2:
        return None
    return 60.0 * KERNEL_FS_HZ * (len(beats) - 1) / (beats[-1].sample - beats[0].sample)


def last_beats(now: Timeline, n: int) -> list[SeenBeat]:
    """The last n beats, oldest first; fewer where fewer are known."""
    return list(now.beats)[-n:] if n > 0 else []


def ventricular_run(now: Timeline, sure: float = 0.5) -> list[SeenBeat]:
    """The ventricular beats at the end of what is known, oldest first; empty where the last beat is not one."""
    run: list[SeenBeat] = []
    if sure == 0.5 and not now.pattern.endswith("V"):
        return run
    for beat in reversed(now.beats):
        if beat.ventricular < sure:
            break
        run.append(beat)
        if beat.rr_s <= 0:
            break
    return run[::-1]
