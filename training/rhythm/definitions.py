"""The CinC 2015 definitions applied to reference beats and rhythm: what a lethal alarm on mitdb may rest on.

Owns the truth of the five classes. Must not import the kernel's rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.conditions import ConditionCode
from training.rhythm.reference import VF_WORDS, VT_WORDS, Span, merged, reference_beats, rhythm_episodes

_ASYSTOLE_S = 4.0
_BRADY_BEATS, _BRADY_BPM = 5, 40.0
_TACHY_BEATS, _TACHY_BPM = 17, 140.0
_VT_BEATS, _VT_BPM = 5, 100.0
#: Beats a run of ventricular beats is made of: V, escape E, fusion F, flutter wave !.
_VENTRICULAR = ("V", "E", "F", "!")


@dataclass(frozen=True, slots=True)
class LethalTruth:
    """Per class: episodes that ask for an alarm, and spans that support one (these, and rhythms that imply it)."""

    episodes: dict[ConditionCode, list[Span]]
    supports: dict[ConditionCode, list[Span]]


def lethal_truth(record: Path) -> LethalTruth:
    """Truth of one record with reference beats and rhythm."""
    beats = reference_beats(record)
    t, v = beats.time_s, np.isin(beats.symbol, _VENTRICULAR)
    rhythms = rhythm_episodes(record)
    vf = [Span(e.start_s, e.end_s) for e in rhythms if e.word in VF_WORDS]
    vt = [Span(e.start_s, e.end_s) for e in rhythms if e.word in VT_WORDS]
    episodes = {
        ConditionCode.ASY: [Span(t[i], t[i + 1]) for i in np.flatnonzero(np.diff(t) >= _ASYSTOLE_S)],
        ConditionCode.EBR: merged(_by_rate(t, _BRADY_BEATS, _BRADY_BPM, below=True)),
        ConditionCode.ETC: merged(_by_rate(t, _TACHY_BEATS, _TACHY_BPM, below=False)),
        ConditionCode.VTA: merged(_runs(t, v)),
        ConditionCode.VFB: merged(vf),
    }
    supports = dict(episodes)
    supports[ConditionCode.VTA] = merged([*episodes[ConditionCode.VTA], *vt, *vf])
    supports[ConditionCode.ETC] = merged([*episodes[ConditionCode.ETC], *vf])
    supports[ConditionCode.VFB] = merged([*vf])
    return LethalTruth(episodes, supports)


def _by_rate(t: npt.NDArray[np.float64], n: int, bpm: float, *, below: bool) -> Iterator[Span]:
    """Every n beats in a row whose mean rate is beyond the limit."""
    for i in range(t.size - n + 1):
        rate = 60.0 * (n - 1) / (t[i + n - 1] - t[i])
        if (rate < bpm) if below else (rate > bpm):
            yield Span(t[i], t[i + n - 1])


def _runs(t: npt.NDArray[np.float64], ventricular: npt.NDArray[np.bool_]) -> Iterator[Span]:
    """Every _VT_BEATS ventricular beats in a row above _VT_BPM."""
    for i in range(t.size - _VT_BEATS + 1):
        last = i + _VT_BEATS - 1
        if ventricular[i : last + 1].all() and 60.0 * (_VT_BEATS - 1) / (t[last] - t[i]) > _VT_BPM:
            yield Span(t[i], t[last])
