"""Quality of a whole window, all leads together: is this recording good enough to be read by a physician?

Owns the measures of a window and the logistic model on them (PhysioNet/CinC 2011's question for 12 leads).
Must not import the detector or the monitor.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfiltfilt

from ecg.checked import checked_signal
from ecg.errors import InvalidSignal, ModelMismatch
from ecg.segments import FloatArray

DoubleArray = npt.NDArray[np.float64]

#: What is measured of each lead, in this order.
LEAD_MEASURES = (
    "log_range_mv", "longest_still", "log_residue_mv", "log_baseline_range_mv", "log_qrs_band_mv", "log_quiet_to_peak",
    "log_loudest_to_quietest_second", "log_largest_step_mv", "worst_second_excess", "beyond_2_5_mv", "company", "still",
)  # fmt: skip
#: How the leads' measures are put together whatever their number: order statistics (share of leads below) and the mean.
_QUANTILES = (0.0, 0.1, 0.3, 0.55, 0.9, 1.0)
N_FEATURES = len(LEAD_MEASURES) * (len(_QUANTILES) + 1)
#: Shorter windows hold too few beats to be judged, s.
SHORTEST_S = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class WindowModel:
    """Logistic regression on window features: mean, scale, weight (N_FEATURES,) and bias."""

    mean: DoubleArray
    scale: DoubleArray
    weight: DoubleArray
    bias: float

    def probability(self, features: DoubleArray) -> DoubleArray:
        """Probability that a window is acceptable; features (..., N_FEATURES)."""
        z = ((features - self.mean) / self.scale) @ self.weight + self.bias
        return np.asarray(1 / (1 + np.exp(-z)))


def lead_measures(signal_mv: FloatArray, fs_hz: float) -> DoubleArray:
    """Measures of each lead of a window.

    Args:
        signal_mv: (n_leads, n_samples), NaN where nothing was received.
        fs_hz: Sampling frequency, Hz; at least 100.

    Returns:
        (n_leads, len(LEAD_MEASURES)).

    Raises:
        InvalidSignal: The window is no signal (see `ecg.checked`), too short, or sampled too slowly.
    """
    x = checked_signal(signal_mv, fs_hz)
    n_leads, n = x.shape
    if n < SHORTEST_S * fs_hz or fs_hz < 100:
        raise InvalidSignal(f"a window of {n / fs_hz:.1f} s at {fs_hz:g} Hz cannot be judged")
    missing = ~np.isfinite(x)
    middle = np.array([np.median(row[~gone]) if not gone.all() else 0.0 for row, gone in zip(x, missing, strict=True)])
    x = np.where(missing, middle[:, None], x) - middle[:, None]
    low = sosfiltfilt(butter(2, min(40.0, 0.4 * fs_hz), fs=fs_hz, output="sos"), x, axis=1)
    baseline = sosfiltfilt(butter(2, 1.0, fs=fs_hz, output="sos"), low, axis=1)
    band = np.abs(sosfiltfilt(butter(2, [5, 25], "band", fs=fs_hz, output="sos"), low, axis=1))
    second = int(fs_hz)
    n_seconds = n // second
    peaks = band[:, : n_seconds * second].reshape(n_leads, n_seconds, second).max(axis=2)
    ranges = _log(np.ptp(low[:, : n_seconds * second].reshape(n_leads, n_seconds, second), axis=2), 0.02)
    still = np.diff(x, axis=1) == 0
    step = max(1, round(0.004 * fs_hz))
    return np.stack(
        [
            _log(np.ptp(x, axis=1), 0.01),
            np.array([_longest_run(row) for row in still]) / n,
            _log((x - low).std(axis=1), 1e-3),
            _log(np.ptp(baseline, axis=1), 0.01),
            _log(band.std(axis=1), 1e-3),
            _log(np.median(band, axis=1), 1e-3) - _log(np.percentile(band, 99, axis=1), 1e-2),
            _log(peaks.max(axis=1), 1e-2) - _log(peaks.min(axis=1), 1e-2),
            _log(np.abs(low[:, step:] - low[:, :-step]).max(axis=1), 1e-3),
            ranges.max(axis=1) - np.median(ranges, axis=1),
            (np.abs(x) > 2.5).mean(axis=1),
            _company(band, fs_hz),
            still.mean(axis=1),
        ],
        axis=1,
    )


def window_features(signal_mv: FloatArray, fs_hz: float) -> DoubleArray:
    """(N_FEATURES,) of a window: order statistics and mean over its leads of every measure. Raises as `lead_measures`."""
    measures = np.sort(lead_measures(signal_mv, fs_hz), axis=0)
    picked = [measures[round(q * (len(measures) - 1))] for q in _QUANTILES]
    return np.concatenate([*picked, measures.mean(axis=0)])


def acceptable_probability(signal_mv: FloatArray, fs_hz: float) -> float:
    """Probability that a physician would accept a 12-lead window (the model saw CinC 2011).

    Raises:
        InvalidSignal: The window is too short, or sampled too slowly.
    """
    return float(default_window_model().probability(window_features(signal_mv, fs_hz)))


@cache
def default_window_model() -> WindowModel:
    """The shipped model.

    Raises:
        ModelMismatch: It does not fit its manifest.
    """
    stored = json.loads((files("ecg.quality") / "window_model.json").read_text(encoding="utf-8"))
    numbers = stored["model"]
    if hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest() != stored["manifest"]["sha256"]:
        raise ModelMismatch("window_model.json does not have the checksum of its manifest")
    mean, scale, weight = (np.array(numbers[name]) for name in ("mean", "scale", "weight"))
    if weight.shape != (N_FEATURES,):
        raise ModelMismatch(f"window_model.json has {weight.shape[0]} weights, {N_FEATURES} features are measured")
    return WindowModel(mean, scale, weight, float(numbers["bias"]))


def _log(values: DoubleArray, floor: float) -> DoubleArray:
    return np.asarray(np.log10(values + floor))


def _longest_run(flags: npt.NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def _company(band: DoubleArray, fs_hz: float) -> DoubleArray:
    """How alike a lead's activity is to the others': mean correlation of QRS-band envelopes, (n_leads,)."""
    if band.shape[0] == 1:
        return np.ones(1)
    width = max(1, round(0.06 * fs_hz))
    n = band.shape[1] // width
    coarse = band[:, : n * width].reshape(band.shape[0], n, width).mean(axis=2)
    coarse = np.minimum(coarse, np.percentile(coarse, 98, axis=1, keepdims=True))
    coarse = coarse - coarse.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(coarse, axis=1) + 1e-6
    alike = coarse @ coarse.T / np.outer(norm, norm)
    return np.asarray((alike.sum(axis=1) - np.diag(alike)) / (band.shape[0] - 1))
