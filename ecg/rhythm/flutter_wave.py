"""Atrial flutter in the waveform: activity that repeats 235 to 380 times a minute, beside the beats or in step with them.

Owns the two measures of one window. With changing conduction the flutter goes through whatever the ventricles do: the
average beat is subtracted and a sine with its first harmonic is fitted to what is left outside the QRS complexes. With
conduction in a fixed ratio subtraction would take the flutter too: there the mean cycle between beats is compared with
itself a half (2:1) or a quarter (4:1) later. Pure; must not import the rules or the monitor.

Source: type I flutter 240 to 338, type II 340 to 433 /min: Wells JL et al., Circulation 1979;60:665-673 (above 380 the fit
does not tell it from fibrillation). Average beat subtraction: Slocum J et al., Comput Cardiol 1985:17-20.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ecg.resample import KERNEL_FS_HZ

#: Length of a window, s.
WINDOW_S = 6
#: Columns of what is found: share of the residue's power a sine of one rate explains, of the best lead, and that rate
#: (1/min); agreement of the halves of the mean cycle, of the quarters of it (-1 to 1, of the best lead), beats per minute.
SHARE, RATE, HALVES, QUARTERS, BEAT_RATE = 0, 1, 2, 3, 4
_STEP = 5
_FS = KERNEL_FS_HZ // _STEP
_N = WINDOW_S * _FS
#: The average beat: from 0.28 s before to 0.5 s after; QRS left out: 0.06 s before to 0.12 s after.
_PRE, _POST = round(0.28 * _FS), round(0.5 * _FS)
_QRS_PRE, _QRS_POST = round(0.06 * _FS), round(0.12 * _FS)
#: Slow waves are taken out as the mean over 0.34 s.
_HALF = 8
#: Rates tried, Hz; the first and the last of them are no flutter: there the power lies outside.
_RATES = np.arange(3.84, 6.41, 0.08)
_ANGLE = 2 * np.pi * _RATES[:, None, None] * np.array([1, 2])[None, :, None] * (np.arange(_N) / _FS)
_COSINES, _SINES = np.cos(_ANGLE).astype(np.float32), np.sin(_ANGLE).astype(np.float32)  # (n_rates, 2, _N)
#: Phases of the mean cycle; intervals this alike belong to it, and so many of all intervals.
_PHASES, _ALIKE, _MOST = 60, 0.06, 0.8
#: What is compared begins after the QRS (2:1) or after the T wave (4:1) and ends before the next QRS, s.
_AFTER_QRS_S, _AFTER_T_S, _BEFORE_QRS_S = 0.09, 0.34, 0.05
#: A twelfth of the cycle at least is compared (2:1), a quarter (4:1), where sinus rhythm has more to imitate.
_LEAST_PHASES, _LEAST_PHASES_OF_FOUR = 5, 15
#: Flutter waves are at least this high beside the whole cycle (standard deviation over peak to peak).
_LEAST_SIZE = 0.03
#: Intervals of atrial activity of the rates named above, s.
_SHORTEST_S, _LONGEST_S = 60.0 / 350.0, 60.0 / 230.0
_LEAST_BEATS = 5


@njit(cache=True)
def _thin(signal_mv: Any) -> Any:
    """float64 (_N,): a window at 50 Hz."""
    out = np.empty(_N)
    for i in range(_N):
        total = 0.0
        for k in range(_STEP):
            total += signal_mv[i * _STEP + k]
        out[i] = total / _STEP
    return out


@njit(cache=True)
def _average_beat(wave: Any, at: Any) -> Any:
    """float64 (_PRE + _POST,), mean of the beats, 0 where fewer than three of them say something."""
    total, count = np.zeros(_PRE + _POST), np.zeros(_PRE + _POST)
    for i in range(at.size):
        end = at[i] + _POST
        if i + 1 < at.size:
            end = min(end, at[i + 1] - _QRS_PRE)
        for j in range(max(at[i] - _PRE, 0), min(end, _N)):
            total[j - at[i] + _PRE] += wave[j]
            count[j - at[i] + _PRE] += 1
    for k in range(total.size):
        total[k] = total[k] / count[k] if count[k] >= 3 else 0.0
    return total


@njit(cache=True)
def _residue(wave: Any, at: Any, keep: Any) -> Any:
    """float64 (_N,): the wave without the average beat, bridged over QRS complexes (keep: False there), slow waves out."""
    beat, left = _average_beat(wave, at), wave.copy()
    keep[:] = True
    for i in range(at.size):
        end = at[i] + _POST
        if i + 1 < at.size:
            end = min(end, at[i + 1] - _PRE)
        for j in range(max(at[i] - _PRE, 0), min(end, _N)):
            left[j] -= beat[j - at[i] + _PRE]
        keep[max(at[i] - _QRS_PRE, 0) : max(at[i] + _QRS_POST + 1, 0)] = False  # a beat may lie outside
    last = -1
    for j in range(_N):
        if keep[j]:
            first = left[last] if last >= 0 else left[j]
            for q in range(last + 1, j):
                left[q] = first + (left[j] - first) * (q - last) / (j - last)
            last = j
    if last >= 0:
        left[last + 1 :] = left[last]
    ahead = np.zeros(_N + 1)
    for j in range(_N):
        ahead[j + 1] = ahead[j] + left[j]
    for j in range(_N):
        a, b = max(0, j - _HALF), min(_N, j + _HALF + 1)
        left[j] -= (ahead[b] - ahead[a]) / (b - a)
    return left


@njit(cache=True, fastmath={"reassoc", "contract"})
def _sums(left: Any, weight: Any, cosine: Any, sine: Any, double_cosine: Any, double_sine: Any) -> Any:
    """Of one rate: left against sine and cosine of the rate and of twice the rate, and the latter's sums where weight is 1."""
    yc = ys = yc2 = ys2 = c2 = s2 = np.float32(0.0)
    for j in range(_N):
        yc += left[j] * cosine[j]
        ys += left[j] * sine[j]
        yc2 += left[j] * double_cosine[j]
        ys2 += left[j] * double_sine[j]
        c2 += weight[j] * double_cosine[j]
        s2 += weight[j] * double_sine[j]
    return yc, ys, yc2, ys2, c2, s2


@njit(cache=True)
def _periodic(left: Any, keep: Any) -> Any:
    """Largest share of the power that a sine of one rate and its first harmonic explain, and the rate's index.

    Sine and cosine of the rate are not orthogonal where samples are left out: their products are half the sums of the
    doubled angle. Those of the harmonic are taken as orthogonal.
    """
    masked, weight = np.zeros(_N, np.float32), np.zeros(_N, np.float32)
    total, n = 1e-12, 0
    for j in range(_N):
        if keep[j]:
            masked[j], weight[j] = left[j], 1.0
            total += left[j] * left[j]
            n += 1
    best, where = 0.0, 0
    for f in range(_COSINES.shape[0]):
        yc, ys, yc2, ys2, c2, s2 = _sums(masked, weight, _COSINES[f, 0], _SINES[f, 0], _COSINES[f, 1], _SINES[f, 1])
        cc, ss, cs = 0.5 * (n + c2), 0.5 * (n - c2), 0.5 * s2
        det = cc * ss - cs * cs
        if det <= 1e-3:
            continue
        explained = (yc * yc * ss - 2 * yc * ys * cs + ys * ys * cc) / det + (yc2 * yc2 + ys2 * ys2) / (0.5 * n)
        if explained / total > best:
            best, where = explained / total, f
    return best, where


@njit(cache=True)
def _mean_cycle(signal_mv: Any, at: Any, rr: float) -> Any:
    """float64 (_PHASES,): mean of the intervals near rr (samples), from beat to beat."""
    out, n = np.zeros(_PHASES), 0
    for i in range(at.size - 1):
        length = at[i + 1] - at[i]
        if at[i] < 0 or abs(length - rr) > _ALIKE * rr or at[i + 1] >= signal_mv.size:
            continue
        for k in range(_PHASES):
            position = at[i] + length * k / _PHASES
            j = int(position)
            out[k] += signal_mv[j] + (signal_mv[j + 1] - signal_mv[j]) * (position - j)
        n += 1
    return out / max(n, 1)


@njit(cache=True)
def _agreement(cycle: Any, parts: int, first: int, end: int) -> float:
    """How alike the cycle is to itself one part later: covariance over the larger variance; 0 where too small to say."""
    shift = _PHASES // parts
    n = end - shift - first
    if n < (_LEAST_PHASES if parts == 2 else _LEAST_PHASES_OF_FOUR):
        return 0.0
    a = b = 0.0
    for k in range(first, end - shift):
        a += cycle[k] / n
        b += cycle[k + shift] / n
    aa = bb = ab = 1e-12
    for k in range(first, end - shift):
        u, v = cycle[k] - a, cycle[k + shift] - b
        aa += u * u
        bb += v * v
        ab += u * v
    if np.sqrt(min(aa, bb) / n) < _LEAST_SIZE * (cycle.max() - cycle.min()) or ab < 0.9 * np.sqrt(aa * bb):
        return 0.0
    return ab / max(aa, bb)


@njit(cache=True)
def look_for_flutter(signal_mv: Any, valid: Any, at: Any, through: bool) -> Any:
    """What one window says of flutter.

    Args:
        signal_mv: float32 (n_leads, WINDOW_S at KERNEL_FS_HZ).
        valid: bool, the same shape; a lead with a missing sample is not looked at.
        at: int64 (m,), columns of the beats' fiducials; those just outside count for the average beat.
        through: Whether to look through changing intervals, the dearer of the two measures.

    Returns:
        float64 (5,): SHARE, RATE, HALVES, QUARTERS, BEAT_RATE; 0 where not measured.
    """
    out = np.zeros(5)
    if at.size < _LEAST_BEATS:
        return out
    rr = float(np.median(at[1:] - at[:-1]))
    rr_s = rr / KERNEL_FS_HZ
    out[BEAT_RATE] = 60.0 / rr_s
    alike = 0
    for i in range(at.size - 1):
        alike += abs(at[i + 1] - at[i] - rr) <= _ALIKE * rr
    changing = alike < _MOST * (at.size - 1)
    if changing and not through:
        return out
    keep, thin_at = np.ones(_N, np.bool_), np.empty(at.size, np.int64)
    for i in range(at.size):
        thin_at[i] = at[i] // _STEP
    for lead in range(signal_mv.shape[0]):
        if not valid[lead].all():
            continue
        if changing:
            share, where = _periodic(_residue(_thin(signal_mv[lead]), thin_at, keep), keep)
            if share > out[SHARE] and 0 < where < _RATES.size - 1:
                out[SHARE], out[RATE] = share, 60.0 * _RATES[where]
            continue
        cycle = _mean_cycle(signal_mv[lead], at, rr)
        end = int((rr_s - _BEFORE_QRS_S) / rr_s * _PHASES)
        if _SHORTEST_S <= rr_s / 2 <= _LONGEST_S:
            found = _agreement(cycle, 2, int(np.ceil(_AFTER_QRS_S / rr_s * _PHASES)), end)
            out[HALVES] = max(out[HALVES], found)
        if _SHORTEST_S <= rr_s / 4 <= _LONGEST_S:
            found = _agreement(cycle, 4, int(np.ceil(_AFTER_T_S / rr_s * _PHASES)), end)
            out[QUARTERS] = max(out[QUARTERS], found)
    return out
