"""What is read off one lead of the median beat: P, Q, R, S, ST and T amplitudes and shapes.

Pure; must not import the rhythm or the window's rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ecg.measurements.boundaries import Boundaries
from ecg.measurements.ensemble import FS_HZ, Ensemble
from ecg.measurements.qrs_waves import QrsWaves, name_waves
from ecg.measurements.rows import Rows

FloatArray = NDArray[np.float64]

_STEP_MS = 1000.0 / FS_HZ
#: A lead whose median beat is less sure than this cannot carry amplitudes (0.1 mV is the smallest the protocol asks for).
MOST_NOISE_MV = 0.05
_ST_AFTER_J_MS = {"st_j": 0.0, "st_j60": 60.0, "st_j80": 80.0}
_SLUR_MS = 30.0
#: The top of T is flat for this long; the largest single sample of it is the noise's choice.
_T_TOP_MS = 50.0


def put_lead(rows: Rows, beat: Ensemble, row: int, at: Boundaries, p_missing: str, t_missing: str) -> None:
    """All per-lead rows of one lead.

    Args:
        rows: Where they go.
        beat: The median beat.
        row: The lead's row in it.
        at: Boundaries; QRS onset and end must be there.
        p_missing: Why P cannot be measured; "" where it can.
        t_missing: The same of T.
    """
    lead, course, n = beat.leads.names[row], beat.course_mv[row], beat.used
    assert at.qrs_on is not None and at.qrs_off is not None
    on, off = beat.sample(at.qrs_on), beat.sample(at.qrs_off)
    waves = name_waves(course[on : off + 1], _STEP_MS, float(beat.noise_mv[row]))
    _put_qrs(rows, lead, waves, course[on : off + 1], n)
    for name, after_ms in _ST_AFTER_J_MS.items():
        k = beat.sample(at.qrs_off + after_ms)
        inside = at.qrs_off + after_ms < _end_ms(beat)
        rows.put(name, float(course[k - 1 : k + 2].mean()) if inside else None, "the beat is too short", lead, n)
    j, j80 = rows.value("st_j", lead), rows.value("st_j80", lead)
    rows.put(
        "st_slope", (j80 - j) / 0.08 if j is not None and j80 is not None else None, "the beat is too short", lead, n
    )
    _put_p(rows, beat, row, at, p_missing)
    _put_t(rows, beat, row, at, t_missing)


def _end_ms(beat: Ensemble) -> float:
    return float((beat.course_mv.shape[1] - 2 - beat.zero) * _STEP_MS)


def _put_qrs(rows: Rows, lead: str, waves: QrsWaves, course: FloatArray, n: int) -> None:
    r, r_prime = waves.tallest_r, waves.r_prime
    for name, wave in (("q", waves.q), ("r", r), ("s", waves.s)):
        rows.put(f"{name}_amplitude", wave.peak_mv if wave else 0.0, lead=lead, n_beats=n)
        rows.put(f"{name}_duration", wave.width_ms if wave else 0.0, lead=lead, n_beats=n)
    rows.put("r_prime_amplitude", r_prime.peak_mv if r_prime else 0.0, lead=lead, n_beats=n)
    rows.put("r_peak_time", waves.r_peak_ms, "no R wave", lead, n)
    rows.put("qrs_peak_to_peak", float(np.ptp(course)), lead=lead, n_beats=n)
    rows.put("qrs_notched", float(waves.notched), lead=lead, n_beats=n)
    rows.put("qs", float(waves.qs), lead=lead, n_beats=n)
    rows.put("rsr_prime", float(_is_rsr(waves)), lead=lead, n_beats=n)
    rows.put("delta_slur", _slur(course), "the QRS is too short or too small", lead, n)


def _is_rsr(waves: QrsWaves) -> bool:
    """R, then S, then an R' that is more than a ripple: 0.05 mV (half a small square)."""
    if waves.r is None or waves.r_prime is None or waves.s is None:
        return False
    between = waves.r.peak_ms < waves.s.peak_ms < waves.r_prime.peak_ms
    return between and min(waves.r.peak_mv, waves.r_prime.peak_mv) >= 0.05


def _slur(course: FloatArray) -> float | None:
    """1 where the onset's slope stays low for 30 ms while the complex is under way."""
    first = round(_SLUR_MS / _STEP_MS)
    if len(course) < 2 * first or np.ptp(course) < 0.2:
        return None
    slope = np.abs(np.diff(course))
    early, later = slope[2:first], slope[first:].max()
    reached = abs(course[first]) / np.abs(course).max()
    return float(early.max() < 0.25 * later and 0.08 <= reached <= 0.6)


def _put_p(rows: Rows, beat: Ensemble, row: int, at: Boundaries, missing: str) -> None:
    lead, course = beat.leads.names[row], beat.course_mv[row]
    names = ("p_amplitude", "p_terminal_amplitude", "p_notched", "pr_segment")
    if missing or at.p_on is None or at.p_off is None:
        for name in names:
            rows.put(name, None, missing or "no P wave found", lead)
        return
    on, off = beat.sample(at.p_on), beat.sample(at.p_off)
    level = course[max(0, on - 10) : on + 1].mean()
    rows.put("pr_segment", -float(level), lead=lead, n_beats=beat.used)  # 0 is the level before the QRS
    drift = np.linspace(level, course[off : off + 4].mean(), off - on + 1)
    wave = course[on : off + 1] - drift
    k = int(np.argmax(np.abs(wave)))
    rows.put("p_amplitude", float(course[on + k] - level), lead=lead, n_beats=beat.used)
    half = wave[len(wave) // 2 :]
    rows.put("p_terminal_amplitude", float(min(0.0, half.min())), lead=lead, n_beats=beat.used)
    rows.put("p_notched", float(_two_peaks(np.abs(wave), float(beat.noise_mv[row]))), lead=lead, n_beats=beat.used)


def _two_peaks(wave: FloatArray, noise_mv: float) -> bool:
    """Two tops 40 ms or more apart with a valley of 0.02 mV between."""
    tops = np.flatnonzero((wave[1:-1] >= wave[:-2]) & (wave[1:-1] > wave[2:])) + 1
    tops = tops[wave[tops] > 0.5 * wave.max()] if len(wave) else tops
    if len(tops) < 2 or (tops[-1] - tops[0]) * _STEP_MS < 40.0:
        return False
    valley = wave[tops[0] : tops[-1]].min()
    return bool(min(wave[tops[0]], wave[tops[-1]]) - valley >= max(0.02, 4 * noise_mv))


def _put_t(rows: Rows, beat: Ensemble, row: int, at: Boundaries, missing: str) -> None:
    lead, course = beat.leads.names[row], beat.course_mv[row]
    if missing or at.t_on is None or at.t_off is None or at.qrs_off is None:
        for name in ("t_amplitude", "t_symmetry"):
            rows.put(name, None, missing or "no T wave found", lead)
        return
    first, last = beat.sample(max(at.t_on, at.qrs_off + 40.0)), beat.sample(at.t_off)
    wave = course[first : last + 1]
    if len(wave) < 10:
        for name in ("t_amplitude", "t_symmetry"):
            rows.put(name, None, "the beat is too short", lead)
        return
    k = int(np.argmax(np.abs(wave)))
    rows.put("t_amplitude", float(wave[k]), lead=lead, n_beats=beat.used)
    k = _top(wave)
    before, after = abs(float(wave[: k + 1].sum())), abs(float(wave[k:].sum()))
    big = abs(float(wave[k])) > max(0.05, 4 * float(beat.noise_mv[row]))
    rows.put("t_symmetry", after / before if big and before > 0 else None, "T is too flat", lead, beat.used)


def _top(wave: FloatArray) -> int:
    """Where the wave is largest over the length of its flat top."""
    n = min(len(wave), round(_T_TOP_MS / _STEP_MS)) | 1
    return int(np.argmax(np.abs(np.convolve(wave, np.ones(n) / n, mode="same"))))
