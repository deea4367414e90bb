"""What is read off all leads together: intervals, corrected QT, axes, voltages, R progression.

Pure; must not import the rhythm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from ecg.measurements.boundaries import Boundaries
from ecg.measurements.ensemble import FS_HZ, Ensemble
from ecg.measurements.leads import LIMB_LEADS, PRECORDIAL_LEADS, frontal_vector
from ecg.measurements.rows import Rows

_STEP_MS = 1000.0 / FS_HZ
#: A mean frontal vector shorter than this has no direction worth naming, mV.
_LEAST_VECTOR_MV = {"p_axis": 0.01, "qrs_axis": 0.02, "t_axis": 0.02}
#: Correction formulas ask for a rate in reach of those they were fitted on (Rautaharju 2009 warns below and above).
_QTC_RR_MS = (300.0, 2000.0)


def put_intervals(rows: Rows, at: Boundaries, beat: Ensemble, p_missing: str, t_missing: str) -> None:
    """P, PR, QRS, QT and QTc."""
    n = beat.used

    def between(name: str, first: float | None, last: float | None, missing: str) -> None:
        length = last - first if first is not None and last is not None and not missing else None
        rows.put(
            name, length if length is None or length > 0 else None, missing or "a boundary was not found", n_beats=n
        )

    between("p_duration", at.p_on, at.p_off, p_missing)
    between("pr_interval", at.p_on, at.qrs_on, p_missing)
    between("qrs_duration", at.qrs_on, at.qrs_off, "")
    between("qt_interval", at.qrs_on, at.t_off, t_missing)
    between("t_duration", at.t_on, at.t_off, t_missing)
    put_qtc(rows, rows.value("qt_interval"), rows.value("rr_interval"), n)


def put_qtc(rows: Rows, qt_ms: float | None, rr_ms: float | None, n: int) -> None:
    """QT corrected by the four formulas."""
    names = ("qtc_bazett", "qtc_fridericia", "qtc_framingham", "qtc_hodges")
    if qt_ms is None or rr_ms is None:
        reason = rows.reason("qt_interval") if qt_ms is None else rows.reason("rr_interval")
        for name in names:
            rows.put(name, None, reason)
        return
    if not _QTC_RR_MS[0] <= rr_ms <= _QTC_RR_MS[1]:
        for name in names:
            rows.put(name, None, f"RR of {rr_ms:.0f} ms is outside what the correction was made for")
        return
    rr_s = rr_ms / 1000.0
    values = (
        qt_ms / math.sqrt(rr_s),
        qt_ms / rr_s ** (1 / 3),
        qt_ms + 154.0 * (1 - rr_s),
        qt_ms + 1.75 * (60.0 / rr_s - 60.0),
    )
    for name, value in zip(names, values, strict=True):
        rows.put(name, value, n_beats=n)


def put_axes(rows: Rows, beat: Ensemble, at: Boundaries, p_missing: str, t_missing: str) -> None:
    """Frontal axes by net area over each wave."""
    for name, first, last, missing in (
        ("p_axis", at.p_on, at.p_off, p_missing),
        ("qrs_axis", at.qrs_on, at.qrs_off, ""),
        ("t_axis", at.t_on, at.t_off, t_missing),
    ):
        if missing or first is None or last is None or last <= first:
            rows.put(name, None, missing or "a boundary was not found")
            continue
        vector = frontal_vector(_mean_levels(rows, beat, first, last, from_its_onset=name == "p_axis"))
        if vector is None:
            rows.put(name, None, "two limb leads are needed")
        elif math.hypot(*vector) < _LEAST_VECTOR_MV[name]:
            rows.put(name, None, "the wave is too small or too balanced to have a direction")
        else:
            rows.put(name, math.degrees(math.atan2(vector[1], vector[0])), n_beats=beat.used)


def _mean_levels(
    rows: Rows, beat: Ensemble, first_ms: float, last_ms: float, from_its_onset: bool
) -> Mapping[str, float]:
    """Mean of the wave in each limb lead that is recorded and clean, mV."""
    first, last = beat.sample(first_ms), beat.sample(last_ms)
    out = {}
    for row, lead in enumerate(beat.leads.names[: beat.leads.recorded]):
        if lead in LIMB_LEADS and rows.value("qrs_peak_to_peak", lead) is not None:
            course = beat.course_mv[row]
            level = course[max(0, first - 10) : first + 1].mean() if from_its_onset else 0.0
            out[lead] = float(course[first : last + 1].mean() - level)
    return out


def put_voltages(rows: Rows, beat: Ensemble) -> None:
    """Voltage sums, largest complexes, R progression."""
    n = beat.used
    s1, r5, r6 = (rows.value(*key) for key in (("s_amplitude", "V1"), ("r_amplitude", "V5"), ("r_amplitude", "V6")))
    rows.put("sokolow_lyon", None, _lacking(rows, ("V1", "V5", "V6")))
    if s1 is not None and r5 is not None and r6 is not None:
        rows.put("sokolow_lyon", abs(s1) + max(r5, r6), n_beats=n)
    r_avl, s3 = rows.value("r_amplitude", "aVL"), rows.value("s_amplitude", "V3")
    rows.put("cornell_voltage", None, _lacking(rows, ("aVL", "V3")))
    if r_avl is not None and s3 is not None:
        rows.put("cornell_voltage", r_avl + abs(s3), n_beats=n)
    for name, leads in (("limb_voltage", LIMB_LEADS), ("precordial_voltage", PRECORDIAL_LEADS)):
        spans = [rows.value("qrs_peak_to_peak", lead) for lead in leads]
        known = [span for span in spans if span is not None]
        complete = len(known) == len(spans)
        rows.put(name, max(known) if complete else None, _lacking(rows, leads), n_beats=n)
    _put_progression(rows, n)


def _lacking(rows: Rows, leads: tuple[str, ...]) -> str:
    for lead in leads:
        if rows.value("qrs_peak_to_peak", lead) is None:
            return f"{lead}: {rows.reason('qrs_peak_to_peak', lead)}"
    return ""


def _put_progression(rows: Rows, n: int) -> None:
    leads = PRECORDIAL_LEADS[:4]
    r = [rows.value("r_amplitude", lead) for lead in leads]
    s1 = rows.value("s_amplitude", "V1")
    heights = [height for height in r if height is not None]
    if len(heights) < 4 or s1 is None:
        rows.put("r_progression", None, _lacking(rows, leads))
        return
    falls = any(b < 0.8 * a and a > 0.1 for a, b in pairwise(heights))
    code = 3.0 if heights[0] > abs(s1) and heights[0] > 0.1 else 2.0 if falls else 1.0 if heights[2] <= 0.3 else 0.0
    rows.put("r_progression", code, n_beats=n)


def axis_difference(a_deg: float, b_deg: float) -> float:
    """Smallest angle between two axes, 0 to 180 degrees."""
    return float(np.abs((a_deg - b_deg + 180.0) % 360.0 - 180.0))
