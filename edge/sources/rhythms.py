"""Rhythms of the simulator: where the beats of a stretch stand, what each looks like, and what lies between them.

Owns the clinical shape of each simulated rhythm; the waves themselves are ecg.synthesis. Deterministic by the generator
handed in. Must not import sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ecg.synthesis import BeatSpec, QrsShape
from ecg.synthesis_waves import atrial_fibrillation, ventricular_fibrillation


class Rhythm(Enum):
    """What a simulated heart, or its electrodes, can do."""

    NORMAL = "normal"
    TACHY = "tachy"
    BRADY = "brady"
    AF = "af"
    ECTOPY = "ectopy"
    VT = "vt"
    VF = "vf"
    ASYSTOLE = "asystole"
    LEADOFF = "leadoff"  # sinus rhythm, the first lead's electrode falls off
    ARTEFACT = "artefact"  # sinus rhythm under movement


#: WFDB rhythm words, for the truth annotations.
RHYTHM_WORD = {
    Rhythm.NORMAL: "(N",
    Rhythm.TACHY: "(N",
    Rhythm.BRADY: "(SBR",
    Rhythm.AF: "(AFIB",
    Rhythm.ECTOPY: "(N",
    Rhythm.VT: "(VT",
    Rhythm.VF: "(VF",
    Rhythm.ASYSTOLE: "(ASYS",
    Rhythm.LEADOFF: "(N",
    Rhythm.ARTEFACT: "(N",
}


@dataclass(frozen=True, slots=True)
class SimulatedBeat:
    """One beat: QRS onset, its waves, its WFDB symbol."""

    onset_s: float
    spec: BeatSpec
    symbol: str


def beats_of(rhythm: Rhythm, rng: np.random.Generator, start_s: float, duration_s: float) -> list[SimulatedBeat]:
    """Beats of a phase. Their intervals are stretched by a fraction of a percent so that the phase ends between beats.

    Args:
        rhythm: Of the phase.
        rng: Source of its irregularity.
        start_s: Where the phase starts.
        duration_s: How long it is.
    """
    if rhythm not in _COURSES:
        return []
    shapes, t = [], 0.0
    for rr_s, spec, symbol in _COURSES[rhythm](rng):
        if t + rr_s / 2 > duration_s:
            break
        shapes.append((t, spec, symbol))
        t += rr_s
    scale = duration_s / t
    return [SimulatedBeat(start_s + (at + 0.12) * scale, spec, symbol) for at, spec, symbol in shapes]


def between_beats(rhythm: Rhythm, rng: np.random.Generator, n_samples: int, fs_hz: float) -> NDArray[np.float64] | None:
    """What a phase has besides beats: f waves, fibrillation; (8, n_samples) mV in INDEPENDENT_LEADS, or None."""
    if rhythm is Rhythm.AF:
        return atrial_fibrillation(rng, n_samples, fs_hz)
    if rhythm is Rhythm.VF:
        wave = ventricular_fibrillation(rng, n_samples, fs_hz)
        ramp = np.clip(np.arange(n_samples) / (0.3 * fs_hz), 0.0, 1.0)
        return wave * ramp * ramp[::-1]
    return None


Course = Iterator[tuple[float, BeatSpec, str]]  # (interval to the next beat in s, beat, symbol), without end


def _sinus_beat(rr_s: float) -> BeatSpec:
    qt_ms = float(np.clip(390.0 * np.sqrt(rr_s), 260.0, 460.0))
    return BeatSpec(qt_ms=qt_ms, t_duration_ms=0.44 * qt_ms, pr_ms=min(160.0, 110.0 + 60.0 * rr_s))


def _sinus(rate_bpm: float, variation: float) -> Callable[[np.random.Generator], Course]:
    def course(rng: np.random.Generator) -> Course:
        rr, t = 60.0 / rate_bpm, 0.0
        while True:
            breathing = variation * np.sin(2 * np.pi * 0.25 * t)
            interval = float(rr * (1 + breathing + 0.3 * variation * rng.standard_normal()))
            yield interval, _sinus_beat(interval), "N"
            t += interval

    return course


def _fibrillating(rng: np.random.Generator) -> Course:
    while True:
        rr = float(np.clip(0.66 * np.exp(0.22 * rng.standard_normal()), 0.40, 1.3))
        qt = float(np.clip(340.0 * np.sqrt(rr), 260.0, 400.0))
        yield rr, BeatSpec(p_present=False, qt_ms=qt, t_duration_ms=0.42 * qt), "N"


def _ventricular_beat(qrs_ms: float, qt_ms: float, amplitude_mv: float, axis_deg: float = 75.0) -> BeatSpec:
    """Wide, without P, T against the QRS. Axis down: from the outflow tract; up: from the apex."""
    return BeatSpec(
        p_present=False,
        qrs_shape=QrsShape.VENTRICULAR,
        qrs_duration_ms=qrs_ms,
        qrs_amplitude_mv=amplitude_mv,
        qrs_axis_deg=axis_deg,
        qt_ms=qt_ms,
        t_duration_ms=0.4 * qt_ms,
        t_amplitude_mv=-0.35,
        t_axis_deg=axis_deg,
    )


def _ectopic(rng: np.random.Generator) -> Course:
    """Sinus rhythm with premature ventricular beats: alone, in pairs, and in runs of three and four."""
    rr = 60.0 / 74.0
    while True:
        for run in rng.permutation([1, 1, 1, 2, 1, 3, 2, 4]):
            for _ in range(int(rng.integers(4, 8))):
                interval = rr * (1 + 0.02 * float(rng.standard_normal()))
                yield interval, _sinus_beat(interval), "N"
            yield 0.58 * rr, _sinus_beat(rr), "N"  # the next beat, a ventricular one, comes early
            for i in range(run):
                pause = i == run - 1
                yield (1.42 * rr if pause else 0.44), _ventricular_beat(140.0, 360.0, 1.8), "V"


def _ventricular_tachycardia(rng: np.random.Generator) -> Course:
    while True:
        yield 60.0 / 172.0 * (1 + 0.01 * float(rng.standard_normal())), _ventricular_beat(150.0, 300.0, 1.7, -70.0), "V"


_COURSES: dict[Rhythm, Callable[[np.random.Generator], Course]] = {
    Rhythm.NORMAL: _sinus(72.0, 0.03),
    Rhythm.TACHY: _sinus(124.0, 0.01),
    Rhythm.BRADY: _sinus(46.0, 0.02),
    Rhythm.AF: _fibrillating,
    Rhythm.ECTOPY: _ectopic,
    Rhythm.VT: _ventricular_tachycardia,
    Rhythm.LEADOFF: _sinus(76.0, 0.03),
    Rhythm.ARTEFACT: _sinus(76.0, 0.03),
}
