"""What the intervals of a whole recording say of its rhythm: rate, irregularity, patterns of early beats.

Owns the interval features of the record class. Pure; must not import the rules or the monitor.

Source: irregularity by Poincare plot and Lorenz grid after Sarkar S et al., IEEE Trans Biomed Eng 2008;55:1219-1224;
sample entropy of intervals after Lake DE, Moorman JR, Am J Physiol Heart Circ Physiol 2011;300:H319-H325.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Features = dict[str, float]

_RR_CENTILES = (5, 10, 25, 75, 90, 95)
_CHANGE_CENTILES = (10, 25, 50, 75, 90)
#: Shares of changes above these parts of the middle interval, and of pairs of intervals nearer than these.
_CHANGES, _NEAR = (0.02, 0.05, 0.1, 0.2), (0.02, 0.04, 0.08)
_LAGS = (1, 2, 3, 4)
INTERVAL_FEATURES = (
    *("rr_s", "rr_mean_s", "rr_least_s", "rr_longest_s", "rr_variation", "own_share", "rmssd"),
    *(f"rr_centile_{q}" for q in _RR_CENTILES),
    *(f"change_centile_{q}" for q in _CHANGE_CENTILES),
    *(f"changes_above_{t:g}" for t in _CHANGES),
    *(f"lag_{lag}" for lag in _LAGS),
    *("lag_least", "rr_autocorrelation_1", "rr_autocorrelation_2", "change_autocorrelation", "turning_points"),
    *(f"alike_{t:g}" for t in _NEAR),
    *("sd1", "sd2", "sd1_sd2", "sample_entropy", "change_entropy", "rr_entropy", "lorenz_origin", "lorenz_spread"),
    *("early_share", "compensated_share", "compensated_of_early", "long_share"),
    *("window_irregularity_least", "window_irregularity", "window_irregularity_most", "rate_range"),
)
#: Fewer intervals than this tell nothing; so many beside ventricular beats make the others speak alone.
LEAST_INTERVALS, _LEAST_OWN = 4, 6
_ENTROPY_TOLERANCE_S = 0.03
#: Grid of successive changes, s.
_LORENZ_S = 0.04
#: Intervals of a window within the recording.
_WINDOW = 12
#: A beat is early below this part of the intervals about it; compensated, long above these.
_EARLY, _COMPENSATED, _LONG, _ABOUT = 0.85, 1.1, 1.6, 5


def interval_features(rr_s: Array, own: npt.NDArray[np.bool_]) -> Features:
    """Features of all intervals of a recording.

    Args:
        rr_s: float64 (n,), intervals in order, s.
        own: bool (n,), False for those with a ventricular beat at either end.

    Returns:
        INTERVAL_FEATURES as far as they can be had; empty for fewer than LEAST_INTERVALS.
    """
    if rr_s.size < LEAST_INTERVALS:
        return {}
    middle = float(np.median(rr_s))
    found = {
        "rr_s": middle,
        "rr_mean_s": float(rr_s.mean()),
        "rr_least_s": float(rr_s.min()),
        "rr_longest_s": float(rr_s.max()),
        "rr_variation": float(rr_s.std() / rr_s.mean()),
        "own_share": float(own.mean()),
    }
    for q in _RR_CENTILES:
        found[f"rr_centile_{q}"] = float(np.percentile(rr_s, q)) / middle
    kept = rr_s[own] if own.sum() >= _LEAST_OWN else rr_s
    return found | _changes(kept) | _likeness(kept) | _entropies(kept) | _early(rr_s) | _windows(kept)


def _changes(rr_s: Array) -> Features:
    """From each interval to the next, in parts of the middle one."""
    middle, step = np.median(rr_s), np.diff(rr_s)
    size = np.abs(step) / middle
    found = {"rmssd": float(np.sqrt((step**2).mean()) / middle)}
    for q in _CHANGE_CENTILES:
        found[f"change_centile_{q}"] = float(np.percentile(size, q))
    for t in _CHANGES:
        found[f"changes_above_{t:g}"] = float((size > t).mean())
    sd1 = float(step.std() / np.sqrt(2) / middle)
    sd2 = float(np.sqrt(max(2 * rr_s.var() - step.var() / 2, 0.0)) / middle)
    found |= {"sd1": sd1, "sd2": sd2, "sd1_sd2": sd1 / (sd2 + 1e-3)}
    if step.size > 2:
        sign = np.sign(step)
        found["turning_points"] = float((sign[1:] * sign[:-1] < 0).mean())
    if step.size > 3:
        grid = np.round(np.stack((step[:-1], step[1:]), axis=1) / _LORENZ_S).astype(int)
        moved = grid[(grid != 0).any(axis=1)]
        found["lorenz_origin"] = 1 - len(moved) / len(grid)
        found["lorenz_spread"] = len({tuple(cell) for cell in moved.tolist()}) / len(grid)
    return found


def _likeness(rr_s: Array) -> Features:
    """Intervals beside those some beats before, and beside all others."""
    middle, n = np.median(rr_s), rr_s.size
    lags = {f"lag_{lag}": float(np.median(np.abs(rr_s[lag:] - rr_s[:-lag])) / middle) for lag in _LAGS if n > lag + 2}
    found: Features = lags | {"lag_least": min(lags.values(), default=float("nan"))}
    apart = np.abs(rr_s[:, None] - rr_s[None])
    for t in _NEAR:
        found[f"alike_{t:g}"] = float(((apart < t * middle).sum() - n) / (n * (n - 1)))
    found["rr_autocorrelation_1"], found["rr_autocorrelation_2"] = (_autocorrelation(rr_s, lag) for lag in (1, 2))
    found["change_autocorrelation"] = _autocorrelation(np.diff(rr_s), 1)
    return found


def _autocorrelation(values: Array, lag: int) -> float:
    about = values - values.mean()
    return float((about[lag:] * about[:-lag]).sum() / ((about**2).sum() + 1e-9))


def _entropies(rr_s: Array) -> Features:
    middle = np.median(rr_s)
    found = {
        "change_entropy": _entropy(np.diff(rr_s) / middle, -0.6, 0.6),
        "rr_entropy": _entropy(rr_s / middle, 0.4, 1.6),
    }
    if rr_s.size > 8:
        now = np.abs(rr_s[:-1, None] - rr_s[None, :-1]) < _ENTROPY_TOLERANCE_S
        then = np.abs(rr_s[1:, None] - rr_s[None, 1:]) < _ENTROPY_TOLERANCE_S
        itself = rr_s.size - 1
        found["sample_entropy"] = -float(np.log(((now & then).sum() - itself + 0.5) / (now.sum() - itself + 1.0)))
    return found


def _entropy(values: Array, low: float, high: float) -> float:
    count = np.histogram(values, bins=np.linspace(low, high, 25))[0]
    share = count[count > 0] / max(count.sum(), 1)
    return float(-(share * np.log(share)).sum())


def _early(rr_s: Array) -> Features:
    """Early beats, their compensatory pauses, and long intervals."""
    early = compensated = long = 0
    for i, rr in enumerate(rr_s):
        about = np.median(rr_s[max(0, i - _ABOUT) : i + _ABOUT + 1])
        long += rr > _LONG * about
        if rr < _EARLY * about:
            early += 1
            compensated += i + 1 < rr_s.size and rr_s[i + 1] > _COMPENSATED * about
    n = rr_s.size
    return {
        "early_share": early / n,
        "compensated_share": compensated / n,
        "compensated_of_early": compensated / max(early, 1),
        "long_share": long / n,
    }


def _windows(rr_s: Array) -> Features:
    """The steadiest and the least steady stretch: a rhythm may change within a recording."""
    if rr_s.size < _WINDOW:
        return {}
    windows = np.lib.stride_tricks.sliding_window_view(rr_s, _WINDOW)
    middle = np.median(windows, axis=1)
    irregular = np.median(np.abs(np.diff(windows, axis=1)), axis=1) / middle
    return {
        "window_irregularity_least": float(irregular.min()),
        "window_irregularity": float(np.median(irregular)),
        "window_irregularity_most": float(irregular.max()),
        "rate_range": float(middle.max() / middle.min()),
    }
