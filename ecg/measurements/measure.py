"""Measures a window: every name of ecg.measurements.names, each with its value or the reason it has none.

Delineation finds the waves; the median beat of the commonest shape carries intervals and amplitudes; the marks of single
beats carry the rhythm. Pure. Must not import the protocol, the interpreter or the verifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.beats.beat import Beat, BeatClass
from ecg.checked import checked_beats, checked_signal
from ecg.delineation.conditioning import MIN_DURATION_S
from ecg.delineation.delineate import Marks, mark
from ecg.delineation.network import Weights
from ecg.errors import InvalidSignal
from ecg.measurements.boundaries import Boundaries, global_boundaries, lead_marks
from ecg.measurements.ensemble import Ensemble, ensemble, nan_quantile, single
from ecg.measurements.lead_rows import MOST_NOISE_MV, put_lead
from ecg.measurements.leads import canonical, lead_set
from ecg.measurements.measurement import MeasurementTable
from ecg.measurements.plausibility import LEAST_LIKENESS, MOST_UNACCOUNTED, unaccounted
from ecg.measurements.rhythm_rows import Gaps, put_atria, put_premature, put_rate, read_atria
from ecg.measurements.rows import Rows
from ecg.measurements.window_rows import put_axes, put_intervals, put_voltages
from ecg.windows import Window

FloatArray = NDArray[np.float64]

#: P is measured where at least this share of the beats has one at the usual distance.
P_SHARE = 0.5


def measure(window: Window, beats: Sequence[Beat] | None = None, model: Weights | None = None) -> MeasurementTable:
    """Measures a window.

    Args:
        window: Any leads, any sampling frequency, NaN where missing.
        beats: Beats known from monitoring, samples counted from the window's first; found here where None.
        model: Other weights of the delineator than those in use (to measure on a record these were trained on).

    Returns:
        One row per name, and per lead where the name is a lead's; limb leads that follow from others are derived.

    Raises:
        InvalidSignal: The array is not an ECG: wrong shape, empty, infinite, impossible rate, a beat outside.
    """
    x = checked_signal(window.signal_mv, window.fs_hz)
    if len(window.lead_names) != len(x):
        raise InvalidSignal(f"{len(window.lead_names)} lead names for {len(x)} rows of samples")
    names = canonical(window.lead_names)
    if window.duration_s < MIN_DURATION_S:
        return Rows(names, len(names)).table(f"the window is {window.duration_s:.2f} s long; {MIN_DURATION_S} s needed")
    found = mark(x, window.fs_hz, _samples(beats, x.shape[1]), model)
    leads = lead_set(names, found.conditioned.usable)
    rows = Rows(leads.names, leads.recorded)
    if not found.conditioned.usable.any():
        return rows.table("no lead carries a signal")
    if len(found.beats_ms) == 0:
        put_rate(rows, found.beats_ms, Gaps.of(found))
        return rows.table("no beats found")
    beat = ensemble(x, window.fs_hz, found, leads, _labels(beats))
    doubt = _doubt(found, beat)
    if doubt:
        return rows.table(doubt)
    _put_all(rows, found, beat, window.duration_s * 1000.0)
    return rows.table("not measurable in this signal")


@dataclass(frozen=True, slots=True)
class BeatMeasurements:
    """One beat's values.

    Attributes:
        sample: Fiducial, counted from the window's first sample.
        dominant: It has the shape the window's table was measured on.
        table: Every name but those that only several beats have (`RHYTHM_NAMES`), each with a value or the reason there is
            none; rr_interval and heart_rate are those of the interval that ends with this beat.
    """

    sample: int
    dominant: bool
    table: MeasurementTable


def measure_beats(window: Window, beats: Sequence[Beat] | None = None) -> tuple[BeatMeasurements, ...]:
    """Measures each beat of a window by itself. Arguments as for `measure`; empty where no beat is found.

    A window too short to hold a beat has none.
    Where the beats cannot be trusted (fibrillation, artefact, missed beats) every value of theirs gives that as its reason.

    Raises:
        InvalidSignal: As for `measure`.
    """
    x = checked_signal(window.signal_mv, window.fs_hz)
    if len(window.lead_names) != len(x):
        raise InvalidSignal(f"{len(window.lead_names)} lead names for {len(x)} rows of samples")
    if window.duration_s < MIN_DURATION_S:
        return ()
    found = mark(x, window.fs_hz, _samples(beats, x.shape[1]))
    if not found.conditioned.usable.any() or len(found.beats_ms) == 0:
        return ()
    leads = lead_set(canonical(window.lead_names), found.conditioned.usable)
    every = ensemble(x, window.fs_hz, found, leads, _labels(beats))
    doubt = _doubt(found, every)
    out = []
    for k, at_ms in enumerate(every.fiducials_ms):
        rows = Rows(leads.names, leads.recorded)
        if not doubt:
            _put_beat(rows, found, every, k)
        kept = tuple(row for row in rows.table(doubt) if row.name not in RHYTHM_NAMES)
        sample = min(x.shape[1] - 1, max(0, round(at_ms * window.fs_hz / 1000.0)))
        out.append(BeatMeasurements(sample, bool(every.dominant[k]), MeasurementTable(kept)))
    return tuple(out)


#: Names that no single beat has.
RHYTHM_NAMES = frozenset(
    {"rr_sd", "rmssd", "rr_irregularity", "longest_rr_ratio", "premature_beats", "premature_wide"}
    | {"p_present", "av_conduction", "blocked_p", "av_dissociation"}
)


def _put_beat(rows: Rows, found: Marks, every: Ensemble, k: int) -> None:
    """Everything of beat k."""
    one = single(every, k)
    at = global_boundaries(lead_marks(found, one))
    rr = float(every.fiducials_ms[k] - every.fiducials_ms[k - 1]) if k else None
    missing = "the first beat of the window: no interval ends with it"
    if k and Gaps.of(found).between(every.fiducials_ms[k - 1 : k + 1])[0]:
        rr, missing = None, "samples are missing between this beat and the one before"
    rows.put("rr_interval", rr, missing, n_beats=2)
    rows.put("heart_rate", 60000.0 / rr if rr else None, missing, n_beats=2)
    p_missing = "no P wave found" if at.p_on is None else ""
    t_missing = "no T wave found" if at.t_off is None else ""
    put_intervals(rows, at, one, p_missing, t_missing)
    _put_leads(rows, one, at, p_missing, t_missing)
    put_axes(rows, one, at, p_missing, t_missing)
    put_voltages(rows, one)


def _put_all(rows: Rows, found: Marks, beat: Ensemble, end_ms: float) -> None:
    gaps = Gaps.of(found)
    put_rate(rows, beat.fiducials_ms, gaps)
    on, off = nan_quantile(found.marks_ms[:, :, 3], 0.3), nan_quantile(found.marks_ms[:, :, 5], 0.7)
    put_premature(rows, beat.fiducials_ms, off - on, gaps)
    at = global_boundaries(lead_marks(found, beat))
    qrs_on = np.where(np.isfinite(on), on, beat.fiducials_ms + (at.qrs_on if at.qrs_on is not None else -40.0))
    atria = read_atria(found, qrs_on)
    put_atria(rows, atria, qrs_on, beat.dominant, end_ms, gaps)
    p_missing, t_missing = _p_missing(rows, at), "no T wave found" if at.t_off is None else ""
    put_intervals(rows, at, beat, p_missing, t_missing)
    _put_leads(rows, beat, at, p_missing, t_missing)
    put_axes(rows, beat, at, p_missing, t_missing)
    put_voltages(rows, beat)


def _put_leads(rows: Rows, beat: Ensemble, at: Boundaries, p_missing: str, t_missing: str) -> None:
    for k, lead in enumerate(beat.leads.names):
        if not beat.usable[k]:
            rows.fail_lead(lead, "the lead is off, flat or missing")
        elif at.qrs_on is None or at.qrs_off is None:
            rows.fail_lead(lead, "the QRS could not be delineated")
        elif beat.noise_mv[k] > MOST_NOISE_MV:
            rows.fail_lead(lead, f"noise: {beat.noise_mv[k]:.2f} mV is left in the median beat")
        else:
            put_lead(rows, beat, k, at, p_missing, t_missing)


def _doubt(found: Marks, beat: Ensemble) -> str:
    """Why the beats found cannot be trusted; "" where they can."""
    if len(found.beats_ms) >= 3 and float(np.median(beat.likeness)) < LEAST_LIKENESS:
        return "the deflections have no common shape: no beats to measure"
    if unaccounted(found) > MOST_UNACCOUNTED:
        return "deflections as steep as a QRS belong to no beat: fibrillation, artefact or missed beats"
    return ""


def _p_missing(rows: Rows, at: Boundaries) -> str:
    share = rows.value("p_present")
    if share is None:
        return rows.reason("p_present")
    if share < P_SHARE or at.p_on is None:
        return "no P wave found at a steady distance before the QRS"
    return ""


def _samples(beats: Sequence[Beat] | None, n_samples: int) -> NDArray[np.int64] | None:
    if beats is None:
        return None
    return checked_beats(np.array([beat.sample for beat in beats], dtype=np.int64), n_samples).astype(np.int64)


def _labels(beats: Sequence[Beat] | None) -> tuple[BeatClass, ...] | None:
    return None if beats is None else tuple(beat.label for beat in sorted(beats, key=lambda beat: beat.sample))
