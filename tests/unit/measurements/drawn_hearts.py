"""Hearts whose every value is known by construction, to hold each measurement against.

Two kinds: those of ecg.synthesis (a spec gives intervals, axes, ST, T), and drawn ones, where P and T come from
ecg.synthesis and the QRS of each lead is a row of half-sines of given height and width: Q, R, S and R' by definition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ecg.lead_geometry import STANDARD_LEADS, project
from ecg.synthesis import BeatSpec, QrsShape, beat_course, render_beats
from ecg.windows import Window
from tests.unit.measurements.synthetic_windows import synthetic, window

FS_HZ, DURATION_S = 500.0, 10.0
#: Noise and wander of every heart below, mV: none is a clean drawing.
NOISE_MV, WANDER_MV = 0.01, 0.05

Lobes = tuple[tuple[float, float], ...]  # (height mV, width ms), one after the other from the QRS onset

TYPICAL = BeatSpec(
    p_duration_ms=110, p_axis_deg=55, pr_ms=170, qrs_axis_deg=40, qrs_duration_ms=96, qt_ms=390, t_axis_deg=30
)
ST = replace(TYPICAL, st_mv={"V2": 0.2, "V5": -0.1}, st_slope_mv_s=1.0)
RBBB = BeatSpec(qrs_shape=QrsShape.RBBB, qrs_duration_ms=145, qt_ms=420)
ECTOPIC = BeatSpec(p_present=False, qrs_shape=QrsShape.VENTRICULAR, qrs_duration_ms=150, qt_ms=440, t_amplitude_mv=-0.4)

#: QRS by lead: I qR, II qRs, aVF QS-like inferior infarction, aVL R; V1 rSR', V2 rS, V3 RS, V4 qR with a notch, V5, V6 qRs.
LOBES: Mapping[str, Lobes] = {
    "I": ((-0.15, 20), (0.9, 70)),
    "II": ((-0.4, 40), (0.5, 50)),
    "V1": ((0.25, 20), (-0.6, 35), (0.5, 35)),
    "V2": ((0.3, 25), (-1.2, 65)),
    "V3": ((0.6, 40), (-0.9, 50)),
    "V4": ((1.0, 50), (-0.5, 40)),
    "V5": ((-0.1, 20), (1.4, 45), (-0.3, 25)),
    "V6": ((-0.1, 20), (1.1, 70)),
}
#: The same heart with an anterior QS and an R lost between V2 and V3.
LOBES_REVERSED = {**LOBES, "V1": ((0.1, 20), (-0.8, 70)), "V2": ((0.6, 30), (-0.8, 60)), "V3": ((-0.9, 90),)}
LOBES_POOR = {**LOBES_REVERSED, "V2": ((0.15, 25), (-0.9, 65)), "V3": ((0.2, 25), (-0.9, 65))}
QRS_MS = 90.0


def drawn(lobes: Mapping[str, Lobes] = LOBES, rr_s: float = 0.8, gain: float = 1.0, seed: int = 3) -> Window:
    """10 s, 12 leads, P and T of TYPICAL, QRS as drawn."""
    n = round(DURATION_S * FS_HZ)
    onsets = _onsets([rr_s])
    independent = _without_qrs(TYPICAL, onsets, n)
    for row, lead in enumerate(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")):
        for onset in onsets:
            t_ms = (np.arange(n) / FS_HZ - onset) * 1000.0
            independent[row] += qrs_course(lobes[lead], t_ms)
    return noisy(project(gain * independent, STANDARD_LEADS), seed)


def qrs_course(lobes: Lobes, t_ms: np.ndarray) -> np.ndarray:
    """The half-sines at times from the QRS onset, mV."""
    out, first = np.zeros(t_ms.shape), 0.0
    for height, width in lobes:
        inside = (t_ms >= first) & (t_ms < first + width)
        out += np.where(inside, height * np.sin(np.pi * (t_ms - first) / width), 0.0)
        first += width
    return out


def _without_qrs(spec: BeatSpec, onsets: Sequence[float], n: int) -> np.ndarray:
    """P and T alone, (8, n) mV."""
    return render_beats([replace(spec, qrs_amplitude_mv=0.0)] * len(onsets), onsets, FS_HZ, n)


def _onsets(rr_s: Sequence[float], first_s: float = 0.3) -> list[float]:
    onsets = [first_s]
    while onsets[-1] + rr_s[(len(onsets) - 1) % len(rr_s)] < DURATION_S:
        onsets.append(onsets[-1] + rr_s[(len(onsets) - 1) % len(rr_s)])
    return onsets


def noisy(signal_mv: np.ndarray, seed: int = 3) -> Window:
    """A 12-lead window with NOISE_MV of white noise and a slow wander in every lead."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(signal_mv.shape[1]) / FS_HZ
    wander = WANDER_MV * np.sin(2 * np.pi * 0.25 * t_s + rng.uniform(0, 6.28, (len(signal_mv), 1)))
    return window(signal_mv + wander + NOISE_MV * rng.standard_normal(signal_mv.shape), STANDARD_LEADS, FS_HZ)


def spec_heart(spec: BeatSpec | Sequence[BeatSpec] = TYPICAL, rr_s: float | Sequence[float] = 0.8) -> Window:
    """A heart of ecg.synthesis."""
    return synthetic(spec, rr_s, noise_mv=NOISE_MV)


def two_part_p() -> Window:
    """P of two parts 60 ms apart, the second leftwards and backwards: notched in II, its end negative in V1."""
    spec = BeatSpec(p_duration_ms=60, p_axis_deg=75, pr_ms=180, p_amplitude_mv=0.15)
    late = replace(spec, qrs_present=False, p_axis_deg=15, pr_ms=120, p_amplitude_mv=0.2)
    n, onsets = round(DURATION_S * FS_HZ), _onsets([0.8])
    both = render_beats([spec] * len(onsets) + [late] * len(onsets), [*onsets, *onsets], FS_HZ, n)
    return noisy(project(both, STANDARD_LEADS))


def pr_depressed(depth_mv: float = 0.1) -> Window:
    """The level between P and QRS lies lower than before P in II, higher in aVR; it returns after T."""
    n, onsets = round(DURATION_S * FS_HZ), _onsets([0.8])
    both = render_beats([TYPICAL] * len(onsets), onsets, FS_HZ, n)
    for onset in onsets:
        t_ms = (np.arange(n) / FS_HZ - onset) * 1000.0
        both[1] -= depth_mv * np.interp(t_ms, (-120.0, -70.0, 300.0, 390.0), (0.0, 1.0, 1.0, 0.0))
    return noisy(project(both, STANDARD_LEADS))


def dissociated() -> Window:
    """P waves at 75 per minute beside escape beats at 38 per minute."""
    p_only = BeatSpec(qrs_present=False)
    escape = BeatSpec(p_present=False, qt_ms=420)
    n, p_on, qrs_on = round(DURATION_S * FS_HZ), _onsets([0.8], 0.45), _onsets([1.57], 0.9)
    both = render_beats([p_only] * len(p_on) + [escape] * len(qrs_on), [*p_on, *qrs_on], FS_HZ, n)
    return noisy(project(both, STANDARD_LEADS))


def pre_excited() -> BeatSpec:
    """A short PR with a slurred onset of 45 ms."""
    return BeatSpec(p_duration_ms=80, pr_ms=100, qrs_duration_ms=130, delta_ms=45, qrs_amplitude_mv=1.4, qt_ms=400)


def low_voltage() -> BeatSpec:
    """Every limb lead below 0.5 mV, every chest lead below 1 mV."""
    return replace(TYPICAL, qrs_amplitude_mv=0.35, t_amplitude_mv=0.15)


def course(spec: BeatSpec, lead: str, first_ms: float, last_ms: float) -> np.ndarray:
    """The clean beat of a lead between two times from the QRS onset, in steps of 0.5 ms, mV."""
    t_ms = np.arange(first_ms, last_ms + 0.25, 0.5)
    return np.asarray(project(beat_course(spec, t_ms), (lead,))[0], np.float64)


def lobe_area(spec: BeatSpec) -> float:
    """Area of T after its peak over the area before it."""
    t = np.abs(course(spec, "II", spec.qt_ms - spec.t_duration_ms, spec.qt_ms))
    k = int(np.argmax(t))
    return float(t[k:].sum() / t[: k + 1].sum())
