"""Intervals of LUDB's records, measured, against the same intervals from its readers' marks.

The readers marked each lead by itself. Their marks are brought to one beat by the rules that measuring itself uses
(`global_boundaries`), so the figures say what our delineation adds to the intervals, not which lead a reader should trust.
Each record is measured with weights that never saw it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg.delineation.network import weights
from ecg.lead_geometry import STANDARD_LEADS
from ecg.measurements.boundaries import Boundaries, global_boundaries
from ecg.measurements.ensemble import nan_quantile
from ecg.measurements.measure import measure
from ecg.windows import Window
from training.delineator.corpus import WaveMarks, read_marks, read_signal, record_paths
from training.evaluation.delineation import unseen_weights
from training.evaluation.figures import Figure, fraction

FloatArray = NDArray[np.float64]

#: R peaks of one beat lie this close in all leads, ms; P begins this long before R at most, T ends this long after it.
_SAME_BEAT_MS, _P_BEFORE_MS, _T_AFTER_MS = 120.0, 450.0, 650.0
_NAMES = ("heart_rate", "p_duration", "pr_interval", "qrs_duration", "qt_interval")


def on_ludb(data_dir: Path) -> Iterable[Figure]:
    """Error of each interval over the records of data_dir/ludb; nothing where there are none."""
    errors: dict[str, list[float]] = {name: [] for name in _NAMES}
    asked = dict.fromkeys(_NAMES, 0)
    without_p: list[bool] = []
    for record in record_paths(data_dir):
        signal, fs_hz = read_signal(record)
        if len(signal) != len(STANDARD_LEADS):
            continue
        truth = readers_values([read_marks(record, lead) for lead in range(len(signal))], fs_hz)
        window = Window("ludb", 0, 0, fs_hz, 0, STANDARD_LEADS, signal)
        table = measure(window, model=weights(unseen_weights(record)))
        if truth and "p_duration" not in truth:
            without_p.append(table.get("p_duration").value is None)
        for name, true in truth.items():
            found = table.get(name).value
            asked[name] += 1
            if found is not None:
                errors[name].append(found - true)
    if without_p:
        yield fraction("ludb.measured.no_p_found.of_none_marked", sum(without_p), len(without_p))
    for name in _NAMES:
        values = np.array(errors[name])
        if not asked[name]:
            continue
        yield fraction(f"ludb.measured.{name}.share", len(values), asked[name])
        if len(values) < 2:
            continue
        unit = "bpm" if name == "heart_rate" else "ms"
        mean, sd = float(values.mean()), float(values.std(ddof=1))
        half = 1.96 * sd / float(np.sqrt(len(values)))
        yield Figure(f"ludb.measured.{name}.mean_error", mean, mean - half, mean + half, len(values), unit)
        yield Figure(f"ludb.measured.{name}.sd", sd, None, None, len(values), unit)


def readers_values(marks: list[WaveMarks], fs_hz: float) -> dict[str, float]:
    """Name to value of what the readers' marks give; a name they leave open is not there.

    Args:
        marks: One per lead.
        fs_hz: Sampling frequency of the marks.
    """
    to_ms = 1000.0 / fs_hz
    peaks = np.sort(np.concatenate([lead.qrs[:, 1] for lead in marks])) * to_ms
    if not peaks.size:
        return {}
    group = np.cumsum(np.concatenate([[0], np.diff(peaks) > _SAME_BEAT_MS]))
    beats = np.array([np.median(peaks[group == g]) for g in range(group[-1] + 1)])
    per_lead = np.stack([_from_beats(lead, beats, to_ms) for lead in marks])
    at = global_boundaries(per_lead)
    found = {
        "p_duration": _between(at, "p_on", "p_off"),
        "pr_interval": _between(at, "p_on", "qrs_on"),
        "qrs_duration": _between(at, "qrs_on", "qrs_off"),
        "qt_interval": _between(at, "qrs_on", "t_off"),
        "heart_rate": 60000.0 / float(np.diff(beats).mean()) if len(beats) > 1 else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _from_beats(lead: WaveMarks, beats_ms: FloatArray, to_ms: float) -> FloatArray:
    """(9,) median over the beats of each mark from the beat's R, ms; NaN where fewer than half of them have it."""
    reach = ((-_P_BEFORE_MS, -20.0), (-_SAME_BEAT_MS, _SAME_BEAT_MS), (60.0, _T_AFTER_MS))
    columns = []
    for wave, (first, last) in zip(lead.waves, reach, strict=True):
        marks = np.where(wave >= 0, wave * to_ms, np.nan)
        near = np.full((len(beats_ms), 3), np.nan)
        for k, beat in enumerate(beats_ms):
            inside = marks[(marks[:, 1] - beat > first) & (marks[:, 1] - beat < last)]
            if len(inside):  # the P nearest before the beat, the T first after it
                near[k] = (inside[-1] if last < 0 else inside[0]) - beat
        seen = np.isfinite(near).mean(axis=0) >= 0.5
        columns.append(np.where(seen, nan_quantile(near, 0.5), np.nan))
    return np.concatenate(columns)


def _between(at: Boundaries, first: str, last: str) -> float | None:
    a, b = getattr(at, first), getattr(at, last)
    return None if a is None or b is None else float(b - a)
