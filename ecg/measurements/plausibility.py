"""Whether the beats found account for what the signal shows: fibrillation, missed beats and artefact must yield no number.

Pure; must not import the measurement rows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from ecg.delineation.conditioning import FS_HZ
from ecg.delineation.delineate import Marks

FloatArray = NDArray[np.float64]

#: Beats whose shapes have nothing in common are no beats: the median correlation with the commonest shape.
LEAST_LIKENESS = 0.5
#: A deflection as steep as this share of a QRS, away from every beat, is not accounted for.
_STEEP = 0.6
#: How many of those a window may show per beat.
MOST_UNACCOUNTED = 0.2
_SMOOTH_S, _APART_S, _BESIDE_BEAT_S = 0.06, 0.2, 0.13


def unaccounted(marks: Marks) -> float:
    """Steep deflections that belong to no beat, per beat.

    Args:
        marks: Delineation of the window, with at least one beat.

    Returns:
        0 where every deflection as steep as a QRS is a beat.
    """
    ready, beats_ms = marks.conditioned, marks.beats_ms
    x = ready.leads[ready.usable]
    slope = np.zeros(x.shape)
    slope[:, 2:-2] = x[:, 4:] - x[:, :-4]
    steep = uniform_filter1d(np.sqrt((slope**2).mean(axis=0)), max(1, round(_SMOOTH_S * FS_HZ)))
    beside = round(_BESIDE_BEAT_S * FS_HZ)
    at = np.clip(np.round(beats_ms * FS_HZ / 1000.0).astype(int), 0, len(steep) - 1)
    around = np.clip(at[:, None] + np.arange(-beside, beside + 1), 0, len(steep) - 1)
    level = float(np.median(steep[around].max(axis=1)))
    top = (steep == maximum_filter1d(steep, 2 * round(_APART_S * FS_HZ / 2) + 1)) & (steep > _STEEP * level)
    top[around.ravel()] = False
    _leave_out_t(top, marks)
    # A QRS cut by the window's edge has no fiducial and is nobody's fault.
    top[: 2 * beside] = False
    top[-2 * beside :] = False
    return float(top.sum()) / len(at)


def _leave_out_t(top: NDArray[np.bool_], marks: Marks) -> None:
    """Takes away what lies in a beat's own T wave, which may be steeper than a small QRS."""
    for beat in range(len(marks.beats_ms)):
        ends = marks.marks_ms[:, beat, 6:9:2]
        ends = ends[np.isfinite(ends).all(axis=1)]
        if len(ends):
            on, off = np.median(ends, axis=0) * FS_HZ / 1000.0
            top[max(0, int(on)) : int(off) + 1] = False
