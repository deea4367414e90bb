"""What the last four seconds of a lead look like: the numbers that tell fibrillation and wide-complex tachycardia apart.

Owns the compiled per-window features and their names. Pure; must not import the rules, the detector or the monitor.

The features are those of the shock-advice literature, computed on 4 s at 125 Hz (2.56 kFLOP per second and lead is the
aim, so the spectrum and the autocorrelation run at 62.5 Hz):
    leakage: Kuo S, Dillman R, Comput Cardiol 1978 ("VF filter").
    threshold-crossing sample count: Arafat MA et al., Signal Image Video Process 2011;5:1-10.
    spectral fractions and centroid: Barro S et al., J Biomed Eng 1989;11:320-328.
    phase-space occupancy: Amann A et al., Comput Cardiol 2005;32:283-286.
    choice and combination: Figuera C et al., PLoS One 2016;11:e0159654.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

#: Rate the features work at, Hz: the kernel's 250 Hz averaged in pairs.
WAVE_FS_HZ = 125
#: Length of the window, s: the shortest fibrillation the definition counts (CLINICAL.md section 2).
WINDOW_S = 4
N_WAVE = WAVE_FS_HZ * WINDOW_S  # 500
N_SLOW = N_WAVE // 2  # 250 samples at 62.5 Hz
#: Spectrum: bins of 0.25 Hz, 0.5 to 20 Hz.
_BIN_HZ = 0.25
_FIRST_BIN, _N_BINS = 2, 79
#: Autocorrelation lags at 62.5 Hz: 0.128 s (470/min) to 1.504 s (40/min).
_MIN_LAG, _SPLIT_LAG, _MAX_LAG = 8, 38, 94
_PHASE_DELAY = 62  # 0.5 s at 125 Hz
_PHASE_GRID = 20

FEATURES = (
    "log_peak_to_peak_mv", "log_rms_mv", "kurtosis", "abs_skewness", "share_above_20pc", "share_above_50pc",
    "share_near_zero", "slope_low_share", "slope_kurtosis", "slope_mean_to_peak", "log_peak_slope", "leakage",
    "crossings_per_s", "peak_hz", "peak_purity", "harmonic_share", "share_below_1_5_hz", "share_2_5_7_5_hz",
    "share_7_5_12_hz", "share_above_12_hz", "centroid_hz", "spectral_entropy", "fast_autocorrelation", "fast_lag_s",
    "slow_autocorrelation", "slow_lag_s", "autocorrelation_minimum", "phase_occupancy", "amplitude_steadiness",
    "rough_share", "peak_count_per_s",
)  # fmt: skip
N_FEATURES = len(FEATURES)

FloatArray = npt.NDArray[np.float32]


def _dft_tables() -> tuple[FloatArray, FloatArray]:
    """Cosine and sine rows (n_bins, N_SLOW) with a Hann window folded in."""
    time_s = np.arange(N_SLOW) / (WAVE_FS_HZ / 2)
    hz = (_FIRST_BIN + np.arange(_N_BINS)) * _BIN_HZ
    hann = np.hanning(N_SLOW)
    phase = 2 * np.pi * hz[:, None] * time_s[None, :]
    return (np.cos(phase) * hann).astype(np.float32), (np.sin(phase) * hann).astype(np.float32)


#: Tables of the spectrum, handed to window_features (compiled code reads no large globals).
COS, SIN = _dft_tables()


@njit(cache=True, fastmath=True)
def _moments(x: Any, out: Any) -> Any:
    """Amplitude features 0 to 6 of the mean-free window x; returns the largest absolute value."""
    n = x.size
    low = high = x[0]
    m2 = m3 = m4 = 0.0
    for i in range(n):
        v = x[i]
        low, high = min(low, v), max(high, v)
        s = v * v
        m2 += s
        m3 += s * v
        m4 += s * s
    m2 = m2 / n + 1e-12
    peak = max(-low, high) + 1e-6
    above20 = above50 = near = 0
    for i in range(n):
        a = abs(x[i])
        above20 += a > 0.2 * peak
        above50 += a > 0.5 * peak
        near += a < 0.05 * peak
    out[0] = np.log10(high - low + 1e-3)
    out[1] = np.log10(np.sqrt(m2) + 1e-3)
    out[2] = min(m4 / n / (m2 * m2), 40.0)
    out[3] = min(abs(m3 / n) / m2**1.5, 6.0)
    out[4] = above20 / n
    out[5] = above50 / n
    out[6] = near / n
    return peak


@njit(cache=True, fastmath=True)
def _slopes(x: Any, peak: float, out: Any) -> None:
    """Slope features 7 to 12, rough share 29 and peaks 30. The slope is a 16 ms difference."""
    n = x.size
    top = m2 = m4 = total = travel = size = rough = 0.0
    for i in range(2, n):
        d = abs(x[i] - x[i - 2])
        top = max(top, d)
        total += d
        m2 += d * d
        m4 += d * d * d * d
        travel += abs(x[i] - x[i - 1])
        size += abs(x[i])
        bend = x[i] - 2 * x[i - 1] + x[i - 2]
        rough += bend * bend
    top += 1e-6
    low = crossings = peaks = 0
    side = 1
    for i in range(2, n):
        low += abs(x[i] - x[i - 2]) < 0.1 * top
        if side > 0 and x[i] < -0.1 * peak:
            side = -1
            crossings += 1
        elif side < 0 and x[i] > 0.1 * peak:
            side = 1
            crossings += 1
    last = -100
    for i in range(4, n - 4):
        v = abs(x[i])
        if v > 0.4 * peak and i - last > 15 and v >= abs(x[i - 4]) and v >= abs(x[i + 4]) and v >= abs(x[i + 1]):
            peaks += 1
            last = i
    mean2 = m2 / n + 1e-12
    out[7] = low / n
    out[8] = min(m4 / n / (mean2 * mean2), 60.0)
    out[9] = total / n / top
    out[10] = np.log10(top + 1e-3)
    half = int(np.pi * size / (travel + 1e-9) + 0.5)
    half = min(max(half, 1), n // 2)
    left = whole = 0.0
    for i in range(half, n):
        left += abs(x[i] + x[i - half])
        whole += abs(x[i]) + abs(x[i - half])
    out[11] = left / (whole + 1e-9)
    out[12] = crossings / WINDOW_S
    out[29] = np.log10(rough / (m2 + 1e-9) + 1e-3)
    out[30] = peaks / WINDOW_S


@njit(cache=True, fastmath=True)
def _spectrum(slow: Any, cos: Any, sin: Any, power: Any, out: Any) -> None:
    """Spectral features 13 to 21 of the window at 62.5 Hz."""
    n_bins = power.size
    total = centre = entropy = 0.0
    best = 0
    for k in range(n_bins):
        re = im = np.float32(0.0)
        for i in range(slow.size):
            re += slow[i] * cos[k, i]
            im += slow[i] * sin[k, i]
        power[k] = re * re + im * im + 1e-12
        total += power[k]
        centre += power[k] * (k + _FIRST_BIN) * _BIN_HZ
        if power[k] > power[best]:
            best = k
    near = harmonics = below = middle = upper = top = 0.0
    bin_of_peak = best + _FIRST_BIN
    for k in range(n_bins):
        share = power[k] / total
        hz = (k + _FIRST_BIN) * _BIN_HZ
        entropy -= share * np.log(share)
        if abs(k - best) <= 2:
            near += share
        nearest = int((k + _FIRST_BIN) / bin_of_peak + 0.5)
        if nearest >= 2 and abs(k + _FIRST_BIN - nearest * bin_of_peak) <= 1:
            harmonics += share
        below += share if hz < 1.5 else 0.0
        middle += share if 2.5 <= hz < 7.5 else 0.0
        upper += share if 7.5 <= hz < 12.0 else 0.0
        top += share if hz >= 12.0 else 0.0
    out[13] = bin_of_peak * _BIN_HZ
    out[14] = near
    out[15] = harmonics
    out[16] = below
    out[17] = middle
    out[18] = upper
    out[19] = top
    out[20] = centre / total
    out[21] = entropy / np.log(n_bins)


@njit(cache=True, fastmath=True)
def _repetition(slow: Any, out: Any) -> None:
    """Autocorrelation features 22 to 26: how well, and how often, the window repeats itself."""
    n = slow.size
    energy = np.float32(1e-9)
    for i in range(n):
        energy += slow[i] * slow[i]
    before: Any = np.float32(1.0)
    lowest: Any = before
    rising: Any = False
    fast: Any = np.float32(0.0)
    slow_best: Any = fast
    fast_lag = slow_lag = 0
    for lag in range(3, _MAX_LAG + 1):
        r = np.float32(0.0)
        for i in range(lag, n):
            r += slow[i] * slow[i - lag]
        r = r / energy * n / (n - lag)
        lowest = min(lowest, r)
        rising = rising or r > before
        if rising and lag >= _MIN_LAG:  # past the fall of the zero-lag peak
            if lag < _SPLIT_LAG and r > fast:
                fast, fast_lag = r, lag
            elif lag >= _SPLIT_LAG and r > slow_best:
                slow_best, slow_lag = r, lag
        before = r
    out[22] = min(fast, 1.2)
    out[23] = fast_lag / (WAVE_FS_HZ / 2)
    out[24] = min(slow_best, 1.2)
    out[25] = slow_lag / (WAVE_FS_HZ / 2)
    out[26] = lowest


@njit(cache=True, fastmath=True)
def _shape(x: Any, peak: float, out: Any) -> None:
    """Phase-space occupancy 27 and steadiness of the amplitude over the window 28."""
    seen = np.zeros((_PHASE_GRID, _PHASE_GRID), np.bool_)
    scale = _PHASE_GRID / (2.0 * peak)
    for i in range(_PHASE_DELAY, x.size):
        a = min(int((x[i] + peak) * scale), _PHASE_GRID - 1)
        b = min(int((x[i - _PHASE_DELAY] + peak) * scale), _PHASE_GRID - 1)
        seen[max(a, 0), max(b, 0)] = True
    out[27] = seen.sum() / (_PHASE_GRID * _PHASE_GRID)
    smallest, largest = np.float32(1e9), np.float32(1e-6)
    for part in range(5):
        low = high = x[part * 100]
        for i in range(part * 100, part * 100 + 100):
            low, high = min(low, x[i]), max(high, x[i])
        smallest, largest = min(smallest, high - low), max(largest, high - low)
    out[28] = smallest / largest


@njit(cache=True)
def window_features(wave: Any, cos: Any, sin: Any) -> Any:
    """Features of one window per lead and stream.

    Args:
        wave: float32 (S, n_leads, 500), mV at 125 Hz.
        cos: The table `COS`.
        sin: The table `SIN`.

    Returns:
        float32 (S, n_leads, N_FEATURES).
    """
    n_streams, n_leads, n = wave.shape
    out = np.empty((n_streams, n_leads, N_FEATURES), np.float32)
    x = np.empty(n, np.float32)
    slow = np.empty(n // 2, np.float32)
    power = np.empty(_N_BINS, np.float32)
    for s in range(n_streams):
        for lead in range(n_leads):
            mean = np.float32(0.0)
            for i in range(n):
                mean += wave[s, lead, i]
            mean /= n
            for i in range(n):
                x[i] = wave[s, lead, i] - mean
            for i in range(n // 2):
                slow[i] = 0.5 * (x[2 * i] + x[2 * i + 1])
            row = out[s, lead]
            peak = _moments(x, row)
            _slopes(x, peak, row)
            _spectrum(slow, cos, sin, power, row)
            _repetition(slow, row)
            _shape(x, peak, row)
    return out


def features(wave: FloatArray) -> FloatArray:
    """`window_features` with the tables filled in: (S, n_leads, 500) to (S, n_leads, N_FEATURES)."""
    made: FloatArray = window_features(np.ascontiguousarray(wave, np.float32), COS, SIN)
    return made
