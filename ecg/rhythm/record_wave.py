"""What the signal of a whole recording says of its rhythm: the usual beat, P waves, fibrillation between beats, noise.

Owns the waveform features of the record class, of one lead. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.resample import KERNEL_FS_HZ

Array = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Features = dict[str, float]

_BANDS_HZ = ((0, 1), (1, 3), (3, 5), (5, 8), (8, 14), (14, 22), (22, 32), (32, 45))
_SHAPE_COLUMNS = tuple(range(0, 200, 10))
WAVE_FEATURES = (
    *("size_mv", "size_ratio", "size_largest", "size_scatter", "kurtosis"),
    *(f"band_{low}_{high}_hz" for low, high in _BANDS_HZ),
    *("envelope_floor", "envelope_rhythm", "envelope_peaks_per_beat", "beats_per_s"),
    *("likeness", "likeness_5", "likeness_20", "likeness_50", "unlike_share"),
    *(
        "qrs_mv",
        "qrs_size_scatter",
        "qrs_size_90",
        "qrs_size_10",
        "polarity",
        "width_s",
        "slope",
        "widths_50_s",
        "widths_90_s",
    ),
    *("p_likeness", "p_likeness_50", "p_likeness_10", "p_signal_to_scatter", "p_size", "p_size_mv", "p_at", "p_sign"),
    *("t_highest", "t_lowest", "t_at", "st_level", "pr_level"),
    *(f"shape_{column}" for column in _SHAPE_COLUMNS),
    *("between_size", "between_mv", "f_share", "f_concentration", "f_peak_hz", "f_fast", "f_slow", "f_size"),
)
#: Kernel samples of a beat cut out: before and after the fiducial.
_BEFORE, _AFTER = 75, 125
#: Columns of a cut: the QRS (-100 to +120 ms), the P window (-280 to -60 ms), from where the T wave lies (+140 ms).
_QRS, _P, _T_FROM = slice(50, 105), slice(5, 60), 110
LEAST_BEATS = 4
_LIKE, _UNLIKE = 0.8, 0.85
#: Envelope: mean slope over 100 ms; its rhythm is looked for at lags of 0.3 to 2 s.
_ENVELOPE = 25
#: Between a beat and the next: from 0.34 s after to 60 ms before; only where beats are 0.46 to 2 s apart.
_FROM, _TO, _NEAREST, _FARTHEST = 85, 15, 115, 500
#: Fibrillatory waves, Hz.
_F_WAVES_HZ = (4.0, 10.0)


def wave_features(signal_mv: Array, beats: IntArray) -> Features:
    """Features of one lead.

    Args:
        signal_mv: float64 (n,), conditioned, kernel rate.
        beats: int64 (m,), columns of the fiducials.

    Returns:
        WAVE_FEATURES as far as they can be had; empty below two seconds.
    """
    if signal_mv.size < 2 * KERNEL_FS_HZ:
        return {}
    found = _sizes(signal_mv) | _spectrum(signal_mv) | _envelope(signal_mv, beats.size)
    whole = beats[(beats >= _BEFORE) & (beats + _AFTER < signal_mv.size)]
    if whole.size < LEAST_BEATS:
        return found
    cuts = np.stack([signal_mv[at - _BEFORE : at + _AFTER] for at in whole])  # (m, 200)
    cuts = cuts - np.median(cuts, axis=1, keepdims=True)
    usual = np.median(cuts, axis=0)
    size_mv = float(np.ptp(usual[_QRS])) + 0.02
    like = _correlation(cuts[:, _QRS], usual[_QRS])
    found |= _qrs(cuts, usual, size_mv, like) | _p_waves(
        cuts[like > _LIKE] if (like > _LIKE).sum() >= 4 else cuts, size_mv
    )
    return found | _landmarks(usual, size_mv) | _between(signal_mv, whole, usual, size_mv)


def _sizes(signal_mv: Array) -> Features:
    """Peak to peak of each second."""
    n = signal_mv.size // KERNEL_FS_HZ
    size = np.ptp(signal_mv[: n * KERNEL_FS_HZ].reshape(n, KERNEL_FS_HZ), axis=1)
    about = signal_mv - signal_mv.mean()
    return {
        "size_mv": float(np.median(size)),
        "size_ratio": float(np.percentile(size, 90) / (np.percentile(size, 10) + 0.02)),
        "size_largest": float(size.max() / (np.median(size) + 0.02)),
        "size_scatter": float(np.log(size + 0.02).std()),
        "kurtosis": float((about**4).mean() / (about.var() ** 2 + 1e-9)),
    }


def _spectrum(signal_mv: Array) -> Features:
    """Log share of each band, of overlapping windows of 4 s."""
    n = min(signal_mv.size, 1024)
    window, power = np.hanning(n), np.zeros(n // 2 + 1)
    for first in range(0, signal_mv.size - n + 1, n // 2):
        part = signal_mv[first : first + n]
        power += np.abs(np.fft.rfft((part - part.mean()) * window)) ** 2
    at_hz, total = np.fft.rfftfreq(n, 1 / KERNEL_FS_HZ), power.sum() + 1e-12
    return {
        f"band_{low}_{high}_hz": float(np.log10(power[(at_hz >= low) & (at_hz < high)].sum() / total + 1e-5))
        for low, high in _BANDS_HZ
    }


def _envelope(signal_mv: Array, n_beats: int) -> Features:
    """Whether the slopes come in humps, how regularly, and how many humps there are for each beat found."""
    slope = np.abs(np.diff(signal_mv, prepend=signal_mv[0]))
    envelope = np.convolve(slope, np.full(_ENVELOPE, 1 / _ENVELOPE), "same")
    high = float(np.percentile(envelope, 98))
    inner = envelope[1:-1]
    peaks = (inner >= envelope[:-2]) & (inner > envelope[2:]) & (inner > 0.4 * high)
    coarse = envelope[::5] - envelope[::5].mean()  # 50 Hz
    spectrum = np.abs(np.fft.rfft(coarse, 2 * coarse.size)) ** 2
    alike = np.fft.irfft(spectrum)[: coarse.size] / ((coarse**2).sum() + 1e-9)
    return {
        "envelope_floor": float(np.median(envelope) / (high + 1e-3)),
        "envelope_rhythm": float(alike[15:100].max()),
        "envelope_peaks_per_beat": float(peaks.sum() / max(n_beats, 1)),
        "beats_per_s": n_beats / (signal_mv.size / KERNEL_FS_HZ),
    }


def _correlation(rows: Array, template: Array) -> Array:
    """Correlation of each row (m, k) with the template (k,)."""
    rows, template = rows - rows.mean(axis=1, keepdims=True), template - template.mean()
    size = np.linalg.norm(rows, axis=1) * np.linalg.norm(template)
    return np.asarray(rows @ template / (size + 1e-9))


def _qrs(cuts: Array, usual: Array, size_mv: float, like: Array) -> Features:
    size = np.ptp(cuts[:, _QRS], axis=1)
    slopes = np.abs(np.gradient(cuts, axis=1))[:, 45:110]
    widths = [np.ptp(np.flatnonzero(row > 0.2 * row.max())) / KERNEL_FS_HZ if row.max() > 0 else 0.0 for row in slopes]
    slope = np.abs(np.gradient(usual))
    lively = np.flatnonzero(slope[45:110] > 0.15 * slope[_QRS].max())
    found = {f"likeness_{q}": float(np.percentile(like, q)) for q in (5, 20, 50)}
    return found | {
        "likeness": float(like.mean()),
        "unlike_share": float((like < _UNLIKE).mean()),
        "qrs_mv": size_mv,
        "qrs_size_scatter": float(size.std() / (size.mean() + 0.02)),
        "qrs_size_90": float(np.percentile(size, 90)) / size_mv,
        "qrs_size_10": float(np.percentile(size, 10)) / size_mv,
        "polarity": float(usual[_QRS].max() + usual[_QRS].min()) / size_mv,
        "width_s": float(np.ptp(lively)) / KERNEL_FS_HZ if lively.size else 0.0,
        "slope": float(slope[_QRS].max()) / size_mv,
        "widths_50_s": float(np.percentile(widths, 50)),
        "widths_90_s": float(np.percentile(widths, 90)),
    }


def _p_waves(cuts: Array, size_mv: float) -> Features:
    """How alike the stretches before the beats are: P waves stay in place, fibrillation does not."""
    windows = cuts[:, _P]
    ramp = np.arange(windows.shape[1]) - 0.5 * (windows.shape[1] - 1)
    windows = windows - windows.mean(axis=1, keepdims=True)
    windows = windows - (windows @ ramp / (ramp @ ramp))[:, None] * ramp
    usual = np.median(windows, axis=0)
    like = _correlation(windows, usual)
    at = int(np.abs(usual).argmax())
    return {
        "p_likeness": float(like.mean()),
        "p_likeness_50": float(np.median(like)),
        "p_likeness_10": float(np.percentile(like, 10)),
        "p_signal_to_scatter": float(np.log(((usual**2).mean() + 1e-6) / (((windows - usual) ** 2).mean() + 1e-6))),
        "p_size": float(np.ptp(usual)) / size_mv,
        "p_size_mv": float(np.ptp(usual)),
        "p_at": float(at),
        "p_sign": float(usual[at]) / size_mv,
    }


def _landmarks(usual: Array, size_mv: float) -> Features:
    """The usual beat itself, in parts of its QRS."""
    after = (usual - np.median(usual[:20]))[_T_FROM:] / size_mv
    found = {f"shape_{column}": float(usual[column : column + 10].mean()) / size_mv for column in _SHAPE_COLUMNS}
    return found | {
        "t_highest": float(after.max()),
        "t_lowest": float(after.min()),
        "t_at": float(np.abs(after).argmax()),
        "st_level": float(usual[100:110].mean() - usual[55:62].mean()) / size_mv,
        "pr_level": float(usual[5:30].mean() - usual[52:60].mean()) / size_mv,
    }


def _between(signal_mv: Array, beats: IntArray, usual: Array, size_mv: float) -> Features:
    """What is left between the beats once the usual beat is taken away: the fibrillatory waves' band and size."""
    rest, about = signal_mv.copy(), usual - usual.mean()
    for at in beats:
        cut = signal_mv[at - _BEFORE : at + _AFTER]
        scale = (cut - cut.mean()) @ about / (about @ about + 1e-9)
        rest[at - _BEFORE : at + _AFTER] -= min(max(scale, 0.3), 2.0) * usual
    parts = []
    for at, then in zip(beats[:-1].tolist(), beats[1:].tolist(), strict=True):
        if _NEAREST < then - at < _FARTHEST:
            part = rest[at + _FROM : then - _TO]
            ramp = np.arange(part.size)
            parts.append(part - np.polyval(np.polyfit(ramp, part, 1), ramp))
    if not parts:
        return {}
    left = np.concatenate(parts)
    power, n = np.zeros(129), 256
    for first in range(0, max(1, left.size - n + 1), n // 2):
        part = left[first : first + n]
        power += np.abs(np.fft.rfft(part * np.hanning(part.size), n)) ** 2
    at_hz = np.fft.rfftfreq(n, 1 / KERNEL_FS_HZ)
    waves, total = (at_hz >= _F_WAVES_HZ[0]) & (at_hz <= _F_WAVES_HZ[1]), power.sum() + 1e-9
    share = float(power[waves].sum() / total)
    return {
        "between_size": float(left.std()) / size_mv,
        "between_mv": float(left.std()),
        "f_share": share,
        "f_concentration": float(power[waves].max() / (power[waves].sum() + 1e-9)),
        "f_peak_hz": float(at_hz[waves][power[waves].argmax()]),
        "f_fast": float(power[at_hz > 15].sum() / total),
        "f_slow": float(power[at_hz < _F_WAVES_HZ[0]].sum() / total),
        "f_size": float(np.sqrt(share) * left.std()) / size_mv,
    }
