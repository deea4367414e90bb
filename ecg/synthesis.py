"""Synthetic ECGs with known values: finite-support waves on a heart vector, projected onto up to 12 leads.

Every wave starts and ends exactly where its specification says, so intervals, axes, ST levels and amplitudes are known
without measuring. The eight independent leads (I, II, V1-V6) are drawn; III, aVR, aVL and aVF follow from Einthoven's
and Goldberger's relations as in a real cart. Waves without beats (fibrillation, flutter, wander) are in
ecg.synthesis_waves; rhythms are built on top elsewhere. Pure: numpy only, no clock, no randomness but the generator handed in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ecg.errors import InvalidSignal
from ecg.lead_geometry import INDEPENDENT_LEADS, LEAD_VECTORS, SIN60, STANDARD_LEADS, project
from ecg.synthesis_waves import baseline_wander

FloatArray = NDArray[np.float32]


class QrsShape(Enum):
    """How the ventricles are activated."""

    NORMAL = "normal"
    RBBB = "rbbb"
    LBBB = "lbbb"
    VENTRICULAR = "ventricular"


@dataclass(frozen=True, slots=True)
class BeatSpec:
    """One beat, in the words of a report. Zero time is the onset of the QRS.

    Attributes:
        p_present: Draw a P wave, pr_ms before the QRS onset.
        p_duration_ms: Onset to end of P.
        p_amplitude_mv: Length of the P vector in the frontal plane (lead II sees it whole at an axis of 60 deg).
        p_axis_deg: Frontal axis of P.
        pr_ms: P onset to QRS onset.
        qrs_present: False draws the P wave alone (a blocked P).
        qrs_shape: Activation pattern.
        qrs_duration_ms: Onset to end of QRS, over all leads.
        qrs_amplitude_mv: Length of the main QRS vector in the frontal plane.
        qrs_axis_deg: Frontal axis; every QRS component lies on this line, so any definition of the axis gives it.
        delta_ms: Pre-excitation: a slur that takes the first delta_ms of the QRS; 0 for none.
        st_mv: ST level at J (the end of the QRS) by independent lead, mV; leads left out are at 0.
        st_slope_mv_s: Slope of the ST segment from J to the onset of T, mV/s, in the leads of st_mv.
        qt_ms: QRS onset to end of T.
        t_duration_ms: Onset to end of T.
        t_amplitude_mv: Length of the T vector in the frontal plane; negative inverts it in every lead.
        t_axis_deg: Frontal axis of T.
        t_mv: T amplitude by independent lead, in place of what the T vector gives there.
    """

    p_present: bool = True
    p_duration_ms: float = 100.0
    p_amplitude_mv: float = 0.15
    p_axis_deg: float = 60.0
    pr_ms: float = 160.0
    qrs_present: bool = True
    qrs_shape: QrsShape = QrsShape.NORMAL
    qrs_duration_ms: float = 90.0
    qrs_amplitude_mv: float = 1.2
    qrs_axis_deg: float = 50.0
    delta_ms: float = 0.0
    st_mv: Mapping[str, float] = field(default_factory=dict)
    st_slope_mv_s: float = 0.0
    qt_ms: float = 380.0
    t_duration_ms: float = 180.0
    t_amplitude_mv: float = 0.3
    t_axis_deg: float = 45.0
    t_mv: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = [value for value in (getattr(self, name) for name in _NUMBERS) if not np.isfinite(value)]
        if sizes:
            raise InvalidSignal(f"a beat's sizes are numbers, not {sizes}")
        if not 0 < self.qrs_duration_ms < self.qt_ms - self.t_duration_ms + 1e-9:
            raise InvalidSignal(
                f"T must start after the QRS: QRS {self.qrs_duration_ms}, QT {self.qt_ms}, T {self.t_duration_ms} ms"
            )
        if self.p_present and not 0 < self.p_duration_ms <= self.pr_ms:
            raise InvalidSignal(f"P ({self.p_duration_ms} ms) must end before the QRS (PR {self.pr_ms} ms)")
        unknown = (set(self.st_mv) | set(self.t_mv)) - set(INDEPENDENT_LEADS)
        if unknown:
            raise InvalidSignal(f"ST and T are set by independent lead {INDEPENDENT_LEADS}, not {sorted(unknown)}")


_NUMBERS = tuple(name for name, kind in BeatSpec.__annotations__.items() if kind == "float")


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticTruth:
    """Where everything is, in samples (fractional) from the start; NaN where a beat has no such wave.

    Attributes:
        specs: One per beat.
        p_on, p_peak, p_off, qrs_on, r_peak, qrs_off, t_on, t_peak, t_off: (n_beats,) float64. r_peak is the maximum of
            the frontal vector's length.
    """

    specs: tuple[BeatSpec, ...]
    p_on: NDArray[np.float64]
    p_peak: NDArray[np.float64]
    p_off: NDArray[np.float64]
    qrs_on: NDArray[np.float64]
    r_peak: NDArray[np.float64]
    qrs_off: NDArray[np.float64]
    t_on: NDArray[np.float64]
    t_peak: NDArray[np.float64]
    t_off: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Wave:
    """amount * shape(t): rises from on to peak and falls to off (ms from QRS onset), zero outside."""

    on_ms: float
    peak_ms: float
    off_ms: float
    exponent: float
    amount_mv: NDArray[np.float64]  # (8,) by independent lead

    def shape(self, t_ms: NDArray[np.float64]) -> NDArray[np.float64]:
        rise = (t_ms - self.on_ms) / (self.peak_ms - self.on_ms)
        fall = (self.off_ms - t_ms) / (self.off_ms - self.peak_ms)
        inside: NDArray[np.float64] = np.clip(np.minimum(rise, fall), 0.0, 1.0)
        course: NDArray[np.float64] = np.sin(inside * (np.pi / 2)) ** self.exponent
        return course


# Quarter-sines with a power: 1 gives a corner at the ends (a sharp QRS), more gives softer feet (P and T).
_QRS_EXPONENT, _P_EXPONENT, _T_EXPONENT = 1.0, 1.2, 1.2
_T_PEAK_AT = 0.58  # a normal T rises more slowly than it falls
# (start, peak, end) as fractions of the QRS, along the axis, backwards (z), both in main-vector lengths.
_QRS_PARTS: Mapping[QrsShape, tuple[tuple[float, float, float, float, float], ...]] = {
    QrsShape.NORMAL: ((0.0, 0.15, 0.32, -0.10, -0.32), (0.12, 0.45, 0.80, 1.0, 0.42), (0.60, 0.82, 1.0, -0.12, 0.30)),
    QrsShape.RBBB: ((0.0, 0.10, 0.22, -0.10, -0.32), (0.08, 0.28, 0.55, 1.0, 0.42), (0.42, 0.68, 1.0, -0.40, -0.75)),
    QrsShape.LBBB: ((0.0, 0.30, 0.68, 0.85, 0.60), (0.38, 0.70, 1.0, 0.95, 0.50)),
    QrsShape.VENTRICULAR: ((0.0, 0.35, 0.75, 1.0, 0.50), (0.55, 0.80, 1.0, -0.35, -0.15)),
}


def _frontal(length_mv: float, axis_deg: float, back_mv: float) -> NDArray[np.float64]:
    """(8,) what the independent leads see of a vector given by its frontal length, axis and backward component."""
    angle = np.deg2rad(axis_deg)
    amounts: NDArray[np.float64] = LEAD_VECTORS @ [length_mv * np.cos(angle), length_mv * np.sin(angle), back_mv]
    return amounts


def _t_amounts(spec: BeatSpec) -> NDArray[np.float64]:
    amounts = _frontal(spec.t_amplitude_mv, spec.t_axis_deg, -0.25 * spec.t_amplitude_mv)
    for lead, mv in spec.t_mv.items():
        amounts[INDEPENDENT_LEADS.index(lead)] = mv
    return amounts


def _waves(spec: BeatSpec) -> tuple[_Wave, ...]:
    waves: list[_Wave] = []
    if spec.p_present:
        on, off = -spec.pr_ms, -spec.pr_ms + spec.p_duration_ms
        amounts = _frontal(spec.p_amplitude_mv, spec.p_axis_deg, -0.1 * spec.p_amplitude_mv)
        waves.append(_Wave(on, (on + off) / 2, off, _P_EXPONENT, amounts))
    if not spec.qrs_present:
        return tuple(waves)
    a, start, width = spec.qrs_amplitude_mv, spec.delta_ms * 0.7, spec.qrs_duration_ms
    if spec.delta_ms > 0:
        slur = _frontal(0.3 * a, spec.qrs_axis_deg, 0.05 * a)
        waves.append(_Wave(0.0, spec.delta_ms, min(spec.delta_ms * 2, width), _QRS_EXPONENT, slur))
    for first, peak, last, along, back in _QRS_PARTS[spec.qrs_shape]:
        if spec.delta_ms > 0 and first == 0.0 and along < 0:
            continue  # a pre-excited ventricle shows no septal q
        on, at, off = (start + fraction * (width - start) for fraction in (first, peak, last))
        waves.append(_Wave(on, at, off, _QRS_EXPONENT, _frontal(along * a, spec.qrs_axis_deg, back * a)))
    t_on = spec.qt_ms - spec.t_duration_ms
    waves.append(_Wave(t_on, t_on + _T_PEAK_AT * spec.t_duration_ms, spec.qt_ms, _T_EXPONENT, _t_amounts(spec)))
    return tuple(waves)


def _st_course(spec: BeatSpec, t_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """(8, n) ST deviation: up over the last fifth of the QRS, level (or sloping) to T, away by the end of T."""
    level = np.array([spec.st_mv.get(lead, 0.0) for lead in INDEPENDENT_LEADS])[:, None]
    slope = np.where(level != 0, spec.st_slope_mv_s / 1000.0, 0.0)
    j, t_on, t_off = spec.qrs_duration_ms, spec.qt_ms - spec.t_duration_ms, spec.qt_ms
    up = np.clip((t_ms - 0.8 * j) / (0.2 * j), 0.0, 1.0)
    down = 0.5 + 0.5 * np.cos(np.pi * np.clip((t_ms - t_on) / (t_off - t_on), 0.0, 1.0))
    course: NDArray[np.float64] = up * down * (level + slope * np.clip(t_ms - j, 0.0, t_on - j))
    return course


def beat_course(spec: BeatSpec, t_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The noise-free beat at given times.

    Args:
        t_ms: (n,) times from the QRS onset, ms.

    Returns:
        (8, n) mV in INDEPENDENT_LEADS.
    """
    course = np.zeros((len(INDEPENDENT_LEADS), t_ms.size))
    for wave in _waves(spec):
        course += wave.amount_mv[:, None] * wave.shape(t_ms)
    if spec.qrs_present and any(spec.st_mv.values()):
        course += _st_course(spec, t_ms)
    return course


def render_beats(
    specs: Sequence[BeatSpec], qrs_on_s: Sequence[float], fs_hz: float, n_samples: int
) -> NDArray[np.float64]:
    """Sum of beats at given QRS onsets (a train of blocked P waves may overlap a train of escape beats).

    Args:
        specs: One per onset.
        qrs_on_s: QRS onsets (of a P alone: where its QRS would have started), s from the first sample.
    Returns:
        (8, n_samples) mV in INDEPENDENT_LEADS.
    """
    out = np.zeros((len(INDEPENDENT_LEADS), n_samples))
    for spec, onset_s in zip(specs, qrs_on_s, strict=True):
        first = max(0, int(np.floor((onset_s - spec.pr_ms / 1000.0) * fs_hz)))
        last = min(n_samples, int(np.ceil((onset_s + spec.qt_ms / 1000.0) * fs_hz)) + 1)
        if last > first:
            t_ms = (np.arange(first, last) / fs_hz - onset_s) * 1000.0
            out[:, first:last] += beat_course(spec, t_ms)
    return out


def synthesize(
    spec: BeatSpec | Sequence[BeatSpec],
    rhythm_rr_s: float | Sequence[float],
    fs_hz: float = 500.0,
    duration_s: float = 10.0,
    leads: Sequence[str] = STANDARD_LEADS,
    rng: np.random.Generator | None = None,
    *,
    first_qrs_on_s: float = 0.3,
    noise_mv: float = 0.0,
    wander_mv: float = 0.0,
) -> tuple[FloatArray, SyntheticTruth]:
    """A stretch of ECG with known values.

    Args:
        spec: One for all beats, or several, used in turn and repeated.
        rhythm_rr_s: One RR interval for all, or several, used in turn and repeated.
        leads: Names among STANDARD_LEADS or LEAD_ALIASES.
        rng: Needed where noise_mv or wander_mv is not 0.
        noise_mv: Standard deviation of white noise, per lead.
        wander_mv: Amplitude of respiratory baseline wander.

    Returns:
        float32 (n_leads, n_samples) mV, and where everything is.

    Raises:
        InvalidSignal: A lead is not known, or lengths, rates or intervals are not positive.
    """
    if not np.isfinite([fs_hz, duration_s, first_qrs_on_s, noise_mv, wander_mv]).all():
        raise InvalidSignal(
            f"nothing to synthesize: {duration_s} s at {fs_hz} Hz, noise {noise_mv}, wander {wander_mv}"
        )
    n = round(duration_s * fs_hz)
    rr = [float(rhythm_rr_s)] if isinstance(rhythm_rr_s, int | float) else [float(value) for value in rhythm_rr_s]
    shapes = [spec] if isinstance(spec, BeatSpec) else list(spec)
    if n < 1 or not rr or not min(rr) > 0 or not np.isfinite(rr).all() or not shapes:
        raise InvalidSignal(f"nothing to synthesize: {n} samples, RR {rr[:4]}, {len(shapes)} beat shapes")
    onsets = [first_qrs_on_s]
    while onsets[-1] + rr[(len(onsets) - 1) % len(rr)] < duration_s:
        onsets.append(onsets[-1] + rr[(len(onsets) - 1) % len(rr)])
    specs = tuple(shapes[i % len(shapes)] for i in range(len(onsets)))
    signal = project(render_beats(specs, onsets, fs_hz, n), leads)
    if noise_mv or wander_mv:
        if rng is None:
            raise InvalidSignal("noise needs a random generator")
        signal = signal + baseline_wander(rng, len(leads), n, fs_hz, wander_mv)
        signal = signal + (noise_mv * rng.standard_normal(signal.shape)).astype(np.float32)
    return signal, _truth(specs, np.array(onsets), fs_hz)


def _truth(specs: tuple[BeatSpec, ...], onset_s: NDArray[np.float64], fs_hz: float) -> SyntheticTruth:
    def at(offsets_ms: list[float]) -> NDArray[np.float64]:
        return (onset_s + np.array(offsets_ms) / 1000.0) * fs_hz

    nan = float("nan")
    p = [(-s.pr_ms, s.p_duration_ms) if s.p_present else (nan, nan) for s in specs]
    live = [s.qrs_present for s in specs]
    t_on = [s.qt_ms - s.t_duration_ms if s.qrs_present else nan for s in specs]
    return SyntheticTruth(
        specs,
        p_on=at([on for on, _ in p]),
        p_peak=at([on + width / 2 for on, width in p]),
        p_off=at([on + width for on, width in p]),
        qrs_on=at([0.0 if q else nan for q in live]),
        r_peak=at([_frontal_peak_ms(s) for s in specs]),
        qrs_off=at([s.qrs_duration_ms if s.qrs_present else nan for s in specs]),
        t_on=at(t_on),
        t_peak=at([on + _T_PEAK_AT * s.t_duration_ms for on, s in zip(t_on, specs, strict=True)]),
        t_off=at([s.qt_ms if s.qrs_present else nan for s in specs]),
    )


def _frontal_peak_ms(spec: BeatSpec) -> float:
    if not spec.qrs_present:
        return float("nan")
    t_ms = np.arange(0.0, spec.qrs_duration_ms, 0.25)
    limb = beat_course(spec, t_ms)[:2]
    y = (limb[1] - 0.5 * limb[0]) / SIN60
    return float(t_ms[np.argmax(np.hypot(limb[0], y))])
