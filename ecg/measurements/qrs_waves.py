"""Q, R, S and R' of one lead: the deflections of a QRS, found between its ends and named in order.

Pure; must not import the measurement rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

#: A deflection counts from 0.02 mV and 6 ms (CSE: 20 uV and 6 ms).
_LEAST_MV, _LEAST_MS = 0.02, 6.0
#: A notch: this part of R's height, and at least this deep.
_NOTCH_SHARE, _NOTCH_MV = 0.05, 0.03


@dataclass(frozen=True, slots=True)
class Deflection:
    """One lobe of a QRS: peak, its place and the width at the baseline, ms from QRS onset."""

    peak_mv: float
    peak_ms: float
    on_ms: float
    off_ms: float

    @property
    def width_ms(self) -> float:
        """Width at the baseline."""
        return self.off_ms - self.on_ms


@dataclass(frozen=True, slots=True)
class QrsWaves:
    """The named deflections; None where the wave is not there."""

    q: Deflection | None
    r: Deflection | None
    s: Deflection | None
    r_prime: Deflection | None
    qs: bool
    notched: bool
    r_peak_ms: float | None

    @property
    def tallest_r(self) -> Deflection | None:
        """The taller of R and R'."""
        upright = [wave for wave in (self.r, self.r_prime) if wave is not None]
        return max(upright, key=lambda wave: wave.peak_mv) if upright else None


def deflections(course_mv: FloatArray, step_ms: float, noise_mv: float = 0.0) -> list[Deflection]:
    """Lobes between zero crossings.

    Args:
        course_mv: (n,) one lead from QRS onset to QRS end; 0 is the level before the onset.
        step_ms: Time between samples.
        noise_mv: Standard error of the course: a lobe must stand out of it four times.
    """
    n = len(course_mv)
    if n < 3:
        return []
    least = max(_LEAST_MV, 4.0 * noise_mv)
    sign = np.sign(course_mv)
    cuts = np.flatnonzero(np.diff(sign) != 0) + 1
    edges = np.concatenate([[0], cuts, [n]])
    found: list[Deflection] = []
    for first, last in pairwise(edges):
        lobe = course_mv[first:last]
        at = int(np.argmax(np.abs(lobe)))
        peak = float(lobe[at])
        on, off = _crossing(course_mv, first) * step_ms, _crossing(course_mv, last) * step_ms
        if abs(peak) < least or off - on < _LEAST_MS:
            continue
        if last == n and first + at >= n - 2:
            continue  # still rising at J: the ST segment's level, not a wave
        if last == n and abs(peak) - abs(float(course_mv[-1])) < least and np.sign(course_mv[-1]) == np.sign(peak):
            continue  # no more than the ST level
        if found and np.sign(found[-1].peak_mv) == np.sign(peak):  # only noise lay between: one wave
            before = found.pop()
            top = before if abs(before.peak_mv) > abs(peak) else Deflection(peak, (first + at) * step_ms, on, off)
            found.append(Deflection(top.peak_mv, top.peak_ms, before.on_ms, off))
        else:
            found.append(Deflection(peak, (first + at) * step_ms, on, off))
    return found


def name_waves(course_mv: FloatArray, step_ms: float, noise_mv: float = 0.0) -> QrsWaves:
    """Names the deflections of a QRS. Arguments as for `deflections`."""
    lobes = deflections(course_mv, step_ms, noise_mv)
    ups = [k for k, lobe in enumerate(lobes) if lobe.peak_mv > 0]
    if not ups:
        deepest = min(lobes, key=lambda lobe: lobe.peak_mv, default=None)
        return QrsWaves(deepest, None, deepest, None, deepest is not None, False, None)
    first = ups[0]
    q = next((lobe for lobe in lobes[:first] if lobe.peak_mv < 0), None)
    after = [lobe for lobe in lobes[first + 1 :] if lobe.peak_mv < 0]
    s = min(after, key=lambda lobe: lobe.peak_mv, default=None)
    later = [lobes[k] for k in ups[1:]]
    r_prime = max(later, key=lambda lobe: lobe.peak_mv, default=None)
    tallest = max((lobes[k] for k in ups), key=lambda lobe: lobe.peak_mv)
    notched, peak_ms = _notch(course_mv, tallest, step_ms, noise_mv)
    late = [lobe for lobe in later if lobe.peak_mv >= 0.7 * tallest.peak_mv]
    if late:
        peak_ms = max(peak_ms, late[-1].peak_ms)
    return QrsWaves(q, lobes[first], s, r_prime, False, notched, peak_ms)


def _crossing(course_mv: FloatArray, k: int) -> float:
    """Where the course crosses zero between k - 1 and k, samples."""
    if k <= 0:
        return 0.0
    if k >= len(course_mv):
        return float(len(course_mv) - 1)
    a, b = course_mv[k - 1], course_mv[k]
    return float(k - 1 + a / (a - b)) if a != b else float(k)


def _notch(course_mv: FloatArray, r: Deflection, step_ms: float, noise_mv: float) -> tuple[bool, float]:
    """Whether the tallest R has two peaks, and the time of the last of them."""
    first, last = round(r.on_ms / step_ms), round(r.off_ms / step_ms) + 1
    lobe = course_mv[first:last]
    if len(lobe) < 5:
        return False, r.peak_ms
    inner = lobe[1:-1]
    tops = np.flatnonzero((inner >= lobe[:-2]) & (inner > lobe[2:])) + 1
    tops = tops[lobe[tops] > 0.5 * r.peak_mv]
    least = max(_NOTCH_MV, _NOTCH_SHARE * r.peak_mv, 4.0 * noise_mv)
    kept: list[int] = []
    for top in tops:
        if not kept:
            kept.append(int(top))
            continue
        valley = lobe[kept[-1] : top + 1].min()
        if min(lobe[kept[-1]], lobe[top]) - valley >= least:
            kept.append(int(top))
        elif lobe[top] > lobe[kept[-1]]:
            kept[-1] = int(top)
    last_peak = (first + kept[-1]) * step_ms if kept else r.peak_ms
    return len(kept) > 1, last_peak
