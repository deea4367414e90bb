"""From probabilities to waves: where each P, QRS and T of each lead begins, peaks and ends, and which beat it belongs to.

Works at the network's 250 Hz, in fractions of a sample. Must not import the network or the conditioning.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ecg.delineation.conditioning import FS_HZ

FloatArray = NDArray[np.float32]

#: A wave is where its probability passes a half ...
_EDGE = np.float32(0.5)
#: ... provided it somewhere passes this, and lasts this long (samples): P 24 ms, QRS 24 ms, T 48 ms.
_SURE = np.array([0.6, 0.6, 0.6], np.float32)
_SHORTEST = np.array([6.0, 6.0, 12.0], np.float32)
#: Pieces of one wave nearer than this (samples) are one wave: a notch is no boundary (16 ms).
_NOTCH = 4.0
#: A P wave needs this share of the leads as witnesses, where there are leads to ask (tuned on LUDB's odd records).
_P_LEAD_SHARE, _LEADS_TO_ASK = 0.25, 4
_MOST = 512  # waves of a kind in one lead's window; 10 s hold 40 at most


@numba.njit(cache=True, nogil=True)
def _segments(p: Any, peak: Any, sure: Any, shortest: Any, out: Any) -> Any:
    """Writes (on, peak, off, surety) rows of one wave in one lead; returns how many."""
    n = p.shape[0]
    m = 0
    t = 0
    while t < n and m < out.shape[0]:
        if p[t] < _EDGE:
            t += 1
            continue
        first = t
        while t < n and p[t] >= _EDGE:
            t += 1
        last = t - 1
        on, off = float(first), float(last)
        if first > 0:
            on = first - 1 + (_EDGE - p[first - 1]) / (p[first] - p[first - 1])
        if last < n - 1:
            off = last + (p[last] - _EDGE) / (p[last] - p[last + 1])
        top = np.float32(0.0)
        for i in range(first, last + 1):
            top = max(top, p[i])
        if m and on - out[m - 1, 2] < _NOTCH:
            out[m - 1, 2] = off
            out[m - 1, 3] = max(out[m - 1, 3], top)
        else:
            out[m, 0], out[m, 2], out[m, 3] = on, off, top
            m += 1
    kept = 0
    for s in range(m):
        if out[s, 3] >= sure and out[s, 2] - out[s, 0] >= shortest:
            out[kept] = out[s]
            first, last = int(np.ceil(out[kept, 0])), int(np.floor(out[kept, 2]))
            at = first
            for i in range(first, last + 1):
                if peak[i] > peak[at]:
                    at = i
            bend = 0.0
            if 0 < at < n - 1:
                curve = peak[at - 1] - 2 * peak[at] + peak[at + 1]
                if curve < 0:
                    bend = min(0.5, max(-0.5, 0.5 * (peak[at - 1] - peak[at + 1]) / curve))
            out[kept, 1] = at + bend
            kept += 1
    return kept


def waves(probabilities: FloatArray, row: int) -> list[NDArray[np.float64]]:
    """Waves of one kind, per lead.

    Args:
        probabilities: (n_leads, 7, n) from the network.
        row: Its row: 1 P, 2 QRS, 3 T.

    Returns:
        Per lead float64 (n_waves, 4): onset, peak, end in samples at 250 Hz, and the greatest probability within.
    """
    found = []
    for lead in probabilities:
        out = np.empty((_MOST, 4))
        n = _segments(lead[row], lead[row + 3], _SURE[row - 1], _SHORTEST[row - 1], out)
        found.append(out[:n].copy())
    return found


def borne_out(by_lead: list[NDArray[np.float64]], n_usable: int) -> list[NDArray[np.float64]]:
    """P waves that other leads show too: in fibrillation each lead has its own ripples, in sinus rhythm all have one P.

    Args:
        by_lead: Per lead (n, 4) P waves.
        n_usable: Leads that could show it.

    Returns:
        The same, less those that fewer than _P_LEAD_SHARE of the usable leads have within 40 ms; all of them where there
        are too few leads to ask.
    """
    if n_usable < _LEADS_TO_ASK or not any(map(len, by_lead)):
        return by_lead
    lead = np.repeat(np.arange(len(by_lead)), [len(found) for found in by_lead])
    peak = np.concatenate([found[:, 1] for found in by_lead])
    near = np.abs(peak[:, None] - peak) < 0.04 * FS_HZ
    witnesses = np.zeros(len(peak), np.int64)
    for k in range(len(by_lead)):
        witnesses += near[:, lead == k].any(axis=1)
    kept = witnesses >= _P_LEAD_SHARE * n_usable
    return [found[kept[lead == k]] for k, found in enumerate(by_lead)]


def find_beats(probabilities: FloatArray, usable: NDArray[np.bool_], activity: FloatArray) -> NDArray[np.float64]:
    """Beats where the usable leads agree on a QRS.

    Returns:
        (n_beats,) samples at 250 Hz: the most active point of each QRS.
    """
    if not usable.any():
        return np.zeros(0)
    agreed = probabilities[usable][:, 2].mean(axis=0, keepdims=True)
    out = np.empty((_MOST, 4))
    n = _segments(agreed[0], activity, np.float32(0.55), np.float32(5.0), out)
    whole = (out[:n, 0] > 0) & (out[:n, 2] < agreed.shape[1] - 1)  # a QRS cut by the window's edge has no fiducial
    out = out[:n][whole]
    n, at = len(out), out[:, 1]
    # Two peaks closer than a heart can beat (200 ms) are one QRS: keep the surer.
    keep: list[int] = []
    for k in range(n):
        if keep and at[k] - at[keep[-1]] < 0.2 * FS_HZ:
            if out[k, 3] > out[keep[-1], 3]:
                keep[-1] = k
        else:
            keep.append(k)
    beats: NDArray[np.float64] = at[keep]
    return beats


def assign(
    beats: NDArray[np.float64], p: NDArray[np.float64], qrs: NDArray[np.float64], t: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Gives each beat of one lead its waves.

    Args:
        beats: (n_beats,) fiducials, ascending.
        p, qrs, t: (n, 4) waves of the lead.

    Returns:
        (n_beats, 9) P, QRS and T onset, peak, end; NaN where the beat has none.
    """
    out = np.full((len(beats), 9), np.nan)
    _assign(beats, p, qrs, t, float(FS_HZ), out)
    return out


@numba.njit(cache=True, nogil=True)
def _assign(beats: Any, p: Any, qrs: Any, t: Any, fs_hz: float, out: Any) -> None:
    n = beats.shape[0]
    for k in range(n):
        best, best_gap = -1, 0.08 * fs_hz
        for i in range(qrs.shape[0]):
            gap = max(qrs[i, 0] - beats[k], beats[k] - qrs[i, 2])
            if gap <= best_gap:
                best, best_gap = i, gap
        if best >= 0:
            out[k, 3:6] = qrs[best, :3]
    for k in range(n):
        start = out[k, 3] if np.isfinite(out[k, 3]) else beats[k] - 0.05 * fs_hz
        end = out[k, 5] if np.isfinite(out[k, 5]) else beats[k] + 0.06 * fs_hz
        before = beats[k - 1] if k > 0 else -np.inf
        after = beats[k + 1] if k + 1 < n else np.inf
        for i in range(p.shape[0]):  # the last P before the QRS
            if max(before, beats[k] - 0.45 * fs_hz) < p[i, 1] and p[i, 2] <= start + 2:
                out[k, 0:3] = p[i, :3]
        heaviest = 0.0
        for i in range(t.shape[0]):  # the largest T after it
            weight = (t[i, 2] - t[i, 0]) * t[i, 3]
            if t[i, 0] >= end - 3 and t[i, 1] < min(after, beats[k] + 0.8 * fs_hz) and weight > heaviest:
                out[k, 6:9] = t[i, :3]
                heaviest = weight
