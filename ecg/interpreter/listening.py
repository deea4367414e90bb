"""Listening: what the monitor makes of a window on its own: beats, rhythm, quality, conditions.

Owns the run of the causal kernel over one window. Must not write text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecg.beats.beat import Beat, BeatClass
from ecg.conditions import Condition, ConditionCode
from ecg.monitor import Monitor
from ecg.quality.lead_quality import QualityProblem
from ecg.segments import INVALID_SAMPLE, Int16Array, Lead, LeadState, Segment
from ecg.windows import Window

#: Resolution the window's mV are given to the monitor with: 1 µV up to ±32 mV.
_GAIN_ADU_PER_MV = 1000.0
#: Beats of a run from which its own median interval is better than a rule's first count.
_TELLING_RUN = 5


@dataclass(frozen=True, slots=True)
class HeardLead:
    """One lead over the window: mean quality index, and the problems of most of its seconds."""

    name: str
    index: float
    problems: tuple[QualityProblem, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """What the monitor heard.

    Attributes:
        beats: Samples counted from the window's first sample.
        rhythm: WFDB word; "" when unknown.
        conditions: Every condition that stood at some time in the window; samples as for beats.
    """

    fs_hz: float
    n_samples: int
    beats: tuple[Beat, ...]
    rhythm: str
    leads: tuple[HeardLead, ...]
    conditions: tuple[Condition, ...]

    @property
    def codes(self) -> frozenset[ConditionCode]:
        """Codes of what stood."""
        return frozenset(condition.code for condition in self.conditions)

    @property
    def longest_pause_s(self) -> float:
        """Longest stretch without a QRS, the window's ends included; the window's length where there is no beat."""
        edges = [0, *(beat.sample for beat in self.beats), self.n_samples]
        return float(np.diff(edges).max() / self.fs_hz)

    @property
    def fibrillation_s(self) -> float:
        """How long the fibrillation rule had looked when it spoke, s; 0 where it did not."""
        held = [c.detected_sample - c.onset_sample for c in self.conditions if c.code is ConditionCode.VFB]
        return max(held, default=0) / self.fs_hz

    @property
    def run_rate_bpm(self) -> float:
        """Rate of the longest ventricular run counted, else of what a rule reported; 0 where there is none."""
        beats, rate = self.longest_ventricular_run()
        if beats >= _TELLING_RUN:
            return rate
        for condition in self.conditions:
            if condition.code is ConditionCode.VTA:
                return next((e.value for e in condition.evidence if e.unit == "bpm"), 0.0)
        return rate

    def count(self, *labels: BeatClass) -> int:
        """Beats of these classes."""
        return sum(beat.label in labels for beat in self.beats)

    def normal_rr_steps(self) -> list[float]:
        """Absolute differences of successive RR intervals between beats that are not ventricular, over their mean."""
        kept = [beat.label is not BeatClass.VENTRICULAR for beat in self.beats]
        at = [beat.sample for beat in self.beats]
        rr = [float(at[i + 1] - at[i]) if kept[i] and kept[i + 1] else None for i in range(len(at) - 1)]
        known = [interval for interval in rr if interval is not None]
        mean = float(np.mean(known)) if known else 1.0
        return [abs(b - a) / mean for a, b in pairwise(rr) if a is not None and b is not None]

    def longest_ventricular_run(self) -> tuple[int, float]:
        """Beats in the longest run of ventricular beats, and the rate of its median interval in bpm (0 for fewer than two)."""
        best: list[int] = []
        run: list[int] = []
        for beat in self.beats:
            run = [*run, beat.sample] if beat.label is BeatClass.VENTRICULAR else []
            best = max(best, run, key=len)
        rate = 60.0 * self.fs_hz / float(np.median(np.diff(best))) if len(best) > 1 else 0.0
        return len(best), rate


def listen(window: Window, beats: Sequence[Beat] | None = None, rhythm: str | None = None) -> Heard:
    """Runs the monitor over a window.

    Args:
        window: The signal.
        beats: Known beats, samples counted from the window's first, in place of the monitor's.
        rhythm: Known rhythm word, in place of the monitor's.

    Returns:
        What was heard.
    """
    monitor, second = Monitor(), max(1, round(window.fs_hz))
    found: list[Beat] = []
    conditions: dict[tuple[ConditionCode, int], Condition] = {}
    seconds: list[tuple[HeardLead, ...]] = []
    word = ""
    n = window.signal_mv.shape[1]
    for seq, first in enumerate(range(0, n, second)):
        step = monitor.step([_segment(window, seq, first, min(first + second, n))])
        for output in step.outputs:
            found += output.beats
            word = output.rhythm or word
            conditions |= {(c.code, c.onset_sample): c for c in output.conditions}
            quality = zip(window.lead_names, output.quality, strict=True)
            seconds.append(tuple(HeardLead(name, q.index, q.problems) for name, q in quality))
    return Heard(
        window.fs_hz,
        n,
        tuple(found if beats is None else beats),
        word if rhythm is None else rhythm,
        tuple(_over_time(lead) for lead in zip(*seconds[1:] or seconds, strict=True)),
        tuple(conditions.values()),
    )


def _segment(window: Window, seq: int, first: int, end: int) -> Segment:
    leads = []
    part = window.signal_mv[:, first:end]
    for row, name in enumerate(window.lead_names):
        off = bool(np.isnan(window.signal_mv[row]).all())
        # A record may name two leads alike ("ECG", "ECG"); a segment may not.
        leads.append(
            Lead(
                name if name not in window.lead_names[:row] else f"{name} {row + 1}",
                _GAIN_ADU_PER_MV,
                0,
                LeadState.OFF if off else LeadState.CONNECTED,
            )
        )
    return Segment("window", 0, seq, first, window.fs_hz, 0, tuple(leads), _adu(part))


def _adu(part_mv: np.ndarray) -> Int16Array:
    largest = 32767 / _GAIN_ADU_PER_MV
    adu: Int16Array = np.rint(np.clip(np.nan_to_num(part_mv, nan=0.0), -largest, largest) * _GAIN_ADU_PER_MV).astype(
        np.int16
    )
    adu[~np.isfinite(part_mv)] = INVALID_SAMPLE
    return adu


def _over_time(seconds: tuple[HeardLead, ...]) -> HeardLead:
    index = float(np.mean([second.index for second in seconds]))
    often = [p for p in QualityProblem if sum(p in second.problems for second in seconds) * 2 > len(seconds)]
    return HeardLead(seconds[0].name, index, tuple(often))
