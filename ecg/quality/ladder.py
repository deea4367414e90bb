"""The artefact ladder and leads-off: technical conditions of one stream, second by second.

Source: CLINICAL.md section 4 (GE): level 1, artefact, only lethal processing goes on; level 2, noise in 20 of the last
30 s, arrhythmia suspended. Must not import the detector or the monitor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecg.conditions import Condition, ConditionCode, Evidence
from ecg.quality.lead_quality import QualityProblem

#: A lead below this index is noise: the ladder counts a second in which no lead is above it.
NOISY_INDEX = 0.25
#: Level 2: this many noisy seconds of the last so many.
SUSPEND_SECONDS, WATCH_SECONDS = 20, 30
#: Level 1 begins after so many noisy seconds in a row, and ends after so many clean ones.
ARTEFACT_SECONDS, CLEAN_SECONDS = 2, 2
#: Leads-off is called after so many seconds, and taken back after as many.
OFF_SECONDS = 2
#: A lead that is flat or clipped while another is alive is told after so many seconds: a choice of ours, long enough for a
#: step of the baseline to pass. One that stands at a rail or hums is off, see ecg.quality.measures. In every lead at once it
#: is artefact, or an asystole, and not told here.
DEAD_SECONDS = 10
_LEAD_OFF, _DEAD = int(QualityProblem.LEAD_OFF), int(QualityProblem.FLAT | QualityProblem.RAIL)


@dataclass(slots=True)
class ArtefactLadder:
    """State of one stream; a second is fed in when it is over."""

    noisy: deque[bool] = field(default_factory=lambda: deque(maxlen=WATCH_SECONDS))
    off_run: dict[str, int] = field(default_factory=dict)
    open_conditions: dict[str, Condition] = field(default_factory=dict)
    quiet_seconds: int = 0  # in a row without any lead off

    @property
    def usable(self) -> bool:
        """False at level 1 or 2."""
        return not self.open_conditions or not any(
            c.code in (ConditionCode.ARTEFACT, ConditionCode.SUSPENDED) for c in self.open_conditions.values()
        )

    @property
    def has_dead(self) -> bool:
        """True while a lead is counted, or called, as dead."""
        return any(key.startswith("dead:") for key in self.off_run)

    def second(
        self, first_sample: int, end_sample: int, names: Sequence[str], index: Sequence[float], problems: Sequence[int]
    ) -> list[Condition]:
        """Feeds one finished second.

        Args:
            first_sample, end_sample: Of the second, at the stream's rate.
            names, index, problems: Per lead; problems as QualityProblem bits.

        Returns:
            Conditions that began or ended with this second.
        """
        changed: list[Condition] = []
        off = [bool(p & _LEAD_OFF) for p in problems]
        if any(off) or self.quiet_seconds < OFF_SECONDS:
            changed += self._leads_off(first_sample, end_sample, names, off)
        self.quiet_seconds = 0 if any(off) else self.quiet_seconds + 1
        best = max((i for i, is_off in zip(index, off, strict=True) if not is_off), default=None)
        if best is not None and best >= NOISY_INDEX:
            dead = [
                bool(p & _DEAD) and not p & _LEAD_OFF and i < NOISY_INDEX for i, p in zip(index, problems, strict=True)
            ]
            if any(dead) or self.has_dead:
                changed += self._dead_leads(first_sample, end_sample, names, dead)
        is_noisy = best is not None and best < NOISY_INDEX
        if is_noisy or self.open_conditions or True in self.noisy:
            self.noisy.append(is_noisy)
            changed += self._climb(first_sample, end_sample, best)
        return changed

    def _leads_off(
        self, first_sample: int, end_sample: int, names: Sequence[str], off: Sequence[bool]
    ) -> list[Condition]:
        """Leads-off per lead, begun and taken back after OFF_SECONDS."""
        changed: list[Condition] = []
        for name, is_off in zip(names, off, strict=True):
            key, reason = f"off:{name}", f"lead {name} off"
            changed += self._count(name, is_off, OFF_SECONDS, key, first_sample, end_sample, reason)
        return changed

    def _dead_leads(
        self, first_sample: int, end_sample: int, names: Sequence[str], dead: Sequence[bool]
    ) -> list[Condition]:
        """Leads that are connected but carry nothing: called after DEAD_SECONDS, taken back after OFF_SECONDS."""
        changed: list[Condition] = []
        for name, is_dead in zip(names, dead, strict=True):
            key, reason = f"dead:{name}", f"lead {name} flat or saturated: check its electrode"
            changed += self._count(key, is_dead, DEAD_SECONDS, key, first_sample, end_sample, reason)
        return changed

    def _count(
        self, run: str, is_bad: bool, after_s: int, key: str, first_sample: int, end_sample: int, reason: str
    ) -> list[Condition]:
        """Counts one lead's bad seconds in off_run[run]: LEADS_OFF as `key` after after_s, taken back after OFF_SECONDS."""
        seconds = self.off_run.get(run, 0)
        if is_bad:
            self.off_run[run] = max(seconds, 0) + 1
            if self.off_run[run] == after_s:
                return self._begin(key, ConditionCode.LEADS_OFF, first_sample, end_sample, reason, ())
        elif run in self.off_run:
            self.off_run[run] = min(seconds, 0) - 1
            if self.off_run[run] == -OFF_SECONDS:
                del self.off_run[run]
                return self._end(key, end_sample)
        return []

    def _climb(self, first_sample: int, end_sample: int, best: float | None) -> list[Condition]:
        """Levels 1 and 2 by the seconds remembered."""
        changed: list[Condition] = []
        recent = list(self.noisy)
        if len(recent) >= ARTEFACT_SECONDS and all(recent[-ARTEFACT_SECONDS:]):
            evidence = (Evidence("best quality index", float(best or 0.0), "1"),)
            reason = "artefact in every lead: only lethal rules go on"
            changed += self._begin("artefact", ConditionCode.ARTEFACT, first_sample, end_sample, reason, evidence)
        elif len(recent) >= CLEAN_SECONDS and not any(recent[-CLEAN_SECONDS:]):
            changed += self._end("artefact", end_sample)
        count = sum(recent)
        if count >= SUSPEND_SECONDS:
            evidence = (Evidence("noisy seconds", float(count), "s"),)
            reason = f"arrhythmia suspended: noise in {count} of the last {WATCH_SECONDS} s"
            changed += self._begin("suspended", ConditionCode.SUSPENDED, first_sample, end_sample, reason, evidence)
        elif count < SUSPEND_SECONDS // 2:
            changed += self._end("suspended", end_sample)
        return changed

    def _begin(
        self, key: str, code: ConditionCode, onset: int, detected: int, reason: str, evidence: tuple[Evidence, ...]
    ) -> list[Condition]:
        if key in self.open_conditions:
            return []
        self.open_conditions[key] = Condition(code, onset, detected, reason, None, evidence)
        return [self.open_conditions[key]]

    def _end(self, key: str, end_sample: int) -> list[Condition]:
        begun = self.open_conditions.pop(key, None)
        if begun is None:
            return []
        return [
            Condition(begun.code, begun.onset_sample, begun.detected_sample, begun.reason, end_sample, begun.evidence)
        ]
