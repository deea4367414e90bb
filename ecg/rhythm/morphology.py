"""How a beat looks beside the patient's own: the evidence that a QRS is ventricular, with or without a classifier.

Owns the running template of the dominant beat and the compiled comparison with it. Pure; must not import the rules or
the monitor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from ecg.resample import KERNEL_FS_HZ

#: Window of the template, kernel samples before and after the fiducial (-160 ms, +240 ms), every second sample kept.
BEFORE, AFTER = 40, 60
N_TEMPLATE = (BEFORE + AFTER) // 2  # 50 at 125 Hz
_QRS_FROM, _QRS_TO = 6, 36  # the template's part within -112 ms to +128 ms of the fiducial, +-4 samples of shift left
_SHIFT = 4  # samples of 8 ms: the fiducial of a wide beat may fall on another deflection
#: Share a matching beat takes in the template.
_BLEND = 0.08

BEAT_FEATURES = ("correlation", "residual", "log_amplitude", "width_s", "log_width", "log_slope", "late_area", "area")
N_BEAT_FEATURES = len(BEAT_FEATURES)


@njit(cache=True)
def _width_and_slope(cut: Any) -> Any:
    """QRS width, s, of the span whose slope stays lively, steepest slope (mV per 16 ms) and peak to peak (mV)."""
    top = np.float32(1e-6)
    at = 0
    low = high = cut[_QRS_FROM]
    for i in range(_QRS_FROM, _QRS_TO):
        d = abs(cut[i + 1] - cut[i - 1])
        if d > top:
            top, at = d, i
        low, high = min(low, cut[i]), max(high, cut[i])
    first = last = at
    quiet = 0
    for i in range(at, 1, -1):
        quiet = 0 if abs(cut[i + 1] - cut[i - 1]) > 0.2 * top else quiet + 1
        if quiet > 3:
            break
        first = i if quiet == 0 else first
    quiet = 0
    for i in range(at, cut.size - 1):
        quiet = 0 if abs(cut[i + 1] - cut[i - 1]) > 0.2 * top else quiet + 1
        if quiet > 3:
            break
        last = i if quiet == 0 else last
    return (last - first + 2) * 2.0 / KERNEL_FS_HZ, top, high - low


@njit(cache=True)
def match(cut: Any, template: Any) -> tuple[float, int]:
    """Best normalised correlation of the QRS with the template over small shifts, and the shift."""
    best, best_shift = -2.0, 0
    n = _QRS_TO - _QRS_FROM
    for shift in range(-_SHIFT, _SHIFT + 1):
        ma = mb = 0.0
        for i in range(_QRS_FROM, _QRS_TO):
            ma += cut[i + shift]
            mb += template[i]
        ma /= n
        mb /= n
        ab = aa = bb = 1e-9
        for i in range(_QRS_FROM, _QRS_TO):
            a, b = cut[i + shift] - ma, template[i] - mb
            ab += a * b
            aa += a * a
            bb += b * b
        r = ab / np.sqrt(aa * bb)
        if r > best:
            best, best_shift = r, shift
    return best, best_shift


@njit(cache=True)
def compare_beat(cut: Any, template: Any) -> Any:
    """Features of a beat beside the template, per lead.

    Args:
        cut: float32 (n_leads, N_TEMPLATE), mV at 125 Hz around the fiducial.
        template: float32, same shape: the dominant beat.

    Returns:
        float32 (n_leads, N_BEAT_FEATURES).
    """
    n_leads = cut.shape[0]
    out = np.empty((n_leads, N_BEAT_FEATURES), np.float32)
    for lead in range(n_leads):
        r, shift = match(cut[lead], template[lead])
        width, slope, size = _width_and_slope(cut[lead])
        usual_width, usual_slope, usual_size = _width_and_slope(template[lead])
        difference = area = usual_area = late = 0.0
        for i in range(_QRS_FROM, _QRS_TO):
            difference += abs(cut[lead, i + shift] - template[lead, i])
            usual_area += abs(template[lead, i])
            area += abs(cut[lead, i])
        for i in range(_QRS_TO, N_TEMPLATE):
            late += cut[lead, i] - template[lead, i]
        row = out[lead]
        row[0] = r
        row[1] = min(difference / (usual_area + 1e-3), 5.0)
        row[2] = np.log((size + 0.02) / (usual_size + 0.02))
        row[3] = width
        row[4] = np.log(width / usual_width)
        row[5] = np.log((slope / (size + 1e-3) + 0.02) / (usual_slope / (usual_size + 1e-3) + 0.02))
        row[6] = min(max(late / (N_TEMPLATE - _QRS_TO) / (usual_size + 0.02), -2.0), 2.0)
        row[7] = np.log((area + 0.1) / (usual_area + 0.1))
    return out


@njit(cache=True)
def blend(cut: Any, template: Any, share: float) -> None:
    """Moves the template towards a beat that matches it, in place."""
    for lead in range(cut.shape[0]):
        for i in range(cut.shape[1]):
            template[lead, i] += share * (cut[lead, i] - template[lead, i])
