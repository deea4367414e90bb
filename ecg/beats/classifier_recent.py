"""Order of the last intervals, and P waves that are looked for where a broad QRS or a long memory may have hidden them.

Owns the RECENT features and their memory. Intervals without an order are fibrillation, in which no beat is early. A shape
whose mean waveform has the sinus P wave before it is conducted with a block and not ventricular. The P wave is *kept*: it
is learned of beats that have it alone, and so outlasts fibrillation and junctional rhythm. Must not import the classifier.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.beats.classifier_shapes import clip, detrend, energy, lead_scale, log_ratio
from ecg.beats.classifier_state import ATRIAL_FROM, FIDUCIAL, N_RR, P_AT, P_LEN, WAVE_LEN
from ecg.resample import KERNEL_FS_HZ

_NAMES = (
    "irregular12 irregular32 alike32 lag_one32 rr_rank rr_apart p_steady any_p any_p_size rr_any_p kept_p kept_p_size "
    "kept_recent kept_usual shape_p shape_p_size shape_rr_spread shape_together"
)
RECENT = tuple(_NAMES.split())
N_RECENT = len(RECENT)
_N_ORDER, _KEPT_P = RECENT.index("p_steady"), RECENT.index("kept_p")
#: Intervals are compared with those 1 to 4 beats before, so that bigeminy and Wenckebach periods are regular.
_MAX_LAG = 4
#: Intervals this much of the middle one apart are alike.
_ALIKE = 0.04
#: Irregularity, as a share of the middle interval, below which nothing is told apart, and that counts as one.
_LEAST, _SOME = 0.01, 0.1
#: How far a P wave is looked for, samples: a broad QRS has its fiducial late. The kept one is looked for
#: at its PR interval where the beat has the usual shape.
_FROM, _TO, _STEP, _NEAR = -24, 8, 2, 6
#: Beats of one shape that a running mean remembers; beats behind p_steady, kept_recent, kept_usual.
_OF_SHAPE, _STEADY, _RECENT, _USUAL = 12, 24, 6, 300
#: A beat has the kept P wave from this likeness on; that of late beats takes its place where fewer beats than this have it
#: after so many. All fitted on DS1, or set with it in view.
_SAME_P, _TOO_FEW, _LEAST_AGE = 0.6, 0.25, 100
_FAST = {"reassoc", "contract", "nsz"}
_f4 = np.float32


@numba.njit(cache=True, nogil=True)
def _irregularity_into(last: Any, few: int, middle: Any, out: Any) -> None:
    """Middle change of the newest `few` and of all intervals against those some beats before, the best of the lags, as
    log, into out[:2]."""
    n = last.shape[0]
    least_few, least = middle, middle
    ordered = np.empty(n, np.float32)
    for lag in range(1, _MAX_LAG + 1):
        for i in range(n - lag):  # newest first into their order
            change, j = abs(last[i + lag] - last[i]), i
            while j > 0 and ordered[j - 1] > change:
                ordered[j] = ordered[j - 1]
                j -= 1
            ordered[j] = change
            if i == few - lag - 1 and i > 2:
                least_few = min(least_few, ordered[(few - lag) // 2])
        if n - lag > 3:
            least = min(least, ordered[(n - lag) // 2])
    out[0] = log_ratio(least_few / middle + _f4(_LEAST), _f4(_SOME), 2.5)
    out[1] = log_ratio(least / middle + _f4(_LEAST), _f4(_SOME), 2.5)


@numba.njit(cache=True, nogil=True)
def _order_into(stream: Any, rr: Any, out: Any) -> None:
    """Order of the last intervals with this beat's own, rr in s, into out[:6]."""
    n = min(stream.n_rr, N_RR - 1) + 1
    last = np.empty(n, np.float32)  # newest first
    last[0] = rr
    for j in range(1, n):
        last[j] = stream.rr[(stream.n_rr - j) % N_RR]
    ordered = np.sort(last)
    middle = max(ordered[n // 2], _f4(0.1))
    _irregularity_into(last, min(n, 12), middle, out)
    mean = last.mean()
    alike, below, whole, ahead, before = 0, 0, _f4(1e-9), _f4(0), 0
    for i in range(n):
        while ordered[i] - ordered[before] >= _f4(_ALIKE) * middle:
            before += 1
        alike += i - before
        below += ordered[i] < rr
        whole += (last[i] - mean) * (last[i] - mean)
        if i > 0:
            ahead += (last[i] - mean) * (last[i - 1] - mean)
    out[2] = _f4(alike) / _f4(max(n * (n - 1) // 2, 1))
    out[3], out[4] = ahead / whole, _f4(below) / _f4(n)
    apart = np.sort(np.abs(last - middle))[n // 2]
    out[5] = clip((rr - middle) / (apart + _f4(0.02) * middle), -8, 8)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _match(x: Any, late: Any, kept: Any) -> Any:
    """Of a piece x (P_LEN,): its energy about its line, and its products with two pieces that are less theirs."""
    total, square, rise, with_late, with_kept = _f4(0), _f4(0), _f4(0), _f4(0), _f4(0)
    x0 = x[0]
    for i in range(P_LEN):
        u = x[i] - x0
        total += u
        square += u * u
        rise += u * (_f4(i) - _f4(0.5 * (P_LEN - 1)))
        with_late += u * late[i]
        with_kept += u * kept[i]
    spread = _f4(P_LEN * (P_LEN * P_LEN - 1) / 12.0)
    return max(square - total * total / _f4(P_LEN) - rise * rise / spread, _f4(0)), with_late, with_kept


@numba.njit(cache=True, nogil=True)
def _find_p(leads: Any, past_leads: Any, waves: Any, slot: int, first: int, near: int, out: Any) -> None:
    """Best likeness with the P wave of late beats and the kept one: each with its shift in samples and size, out (2, 3).

    Args:
        leads, past_leads: (n_leads,) records.
        waves: float32 (n_leads, WAVE_LEN), mV; of the leads' shape `slot` instead where that is not -1.
        slot: Shape or -1.
        first: Where the P wave would begin; near: how far off the kept one may be.
        out: float32 (2, 3), filled.
    """
    n, tiny = leads.shape[0], _f4(1e-9)
    out[:, 0], out[:, 1:] = -1, 0
    usual, weight = np.empty((n, P_LEN), np.float32), np.empty(n, np.float32)
    late, kept = tiny, tiny
    for row in range(n):
        detrend(past_leads[row].late[P_AT : P_AT + P_LEN], usual[row])
        weight[row] = lead_scale(leads[row])
        late += weight[row] * energy(usual[row])
        kept += weight[row] * energy(past_leads[row].kept)
    for s in range(_FROM, _TO + 1, _STEP):
        at = first + s
        if at < 0 or at + P_LEN > WAVE_LEN:
            continue
        own, own_late, own_kept = tiny, _f4(0), _f4(0)
        for row in range(n):
            x = (leads[row].shape[slot] if slot >= 0 else waves[row])[at : at + P_LEN]
            square, with_late, with_kept = _match(x, usual[row], past_leads[row].kept)
            own += weight[row] * square
            own_late += weight[row] * with_late
            own_kept += weight[row] * with_kept
        if own_late / np.sqrt(own * late) > out[0, 0]:
            out[0, 0], out[0, 1], out[0, 2] = own_late / np.sqrt(own * late), _f4(s), clip(own_late / late, -2, 3)
        if abs(s) <= near and own_kept / np.sqrt(own * kept) > out[1, 0]:
            out[1, 0], out[1, 1], out[1, 2] = own_kept / np.sqrt(own * kept), _f4(s), clip(own_kept / kept, -2, 3)


@numba.njit(cache=True, nogil=True)
def recent_into(stream: Any, leads: Any, past: Any, past_leads: Any, wave: Any, out: Any) -> int:
    """RECENT features of the beat whose short-term features were just made, into out (N_RECENT,).

    Returns:
        Shift of its P wave against the kept one, samples.
    """
    late_rr = past.late_rr if past.late_n > 0 else max(stream.rr_now, _f4(0.3))
    rr = stream.rr_now if stream.rr_now > 0 else late_rr
    _order_into(stream, rr, out)
    own, known = stream.own, stream.is_new == 0
    first = FIDUCIAL + ATRIAL_FROM + P_AT
    found, of_shape = np.empty((2, 3), np.float32), np.empty((2, 3), np.float32)
    near = _NEAR if own == stream.reference else -_FROM
    _find_p(leads, past_leads, wave, -1, first + stream.shift, near, found)
    of_shape[:] = found
    if known:
        _find_p(leads, past_leads, wave, own, first, near, of_shape)
    rest = out[_N_ORDER:]
    rest[0], rest[1], rest[2] = past.p_steady, found[0, 0], found[0, 2]
    rest[3] = log_ratio(max(rr + found[0, 1] / _f4(KERNEL_FS_HZ), _f4(0.1)), late_rr, 1.5)
    rest[4], rest[5] = found[1, 0], found[1, 2]
    rest[6] = past.kept_recent + (found[1, 0] - past.kept_recent) / _f4(_RECENT)
    rest[7] = past.kept_usual
    rest[8], rest[9] = of_shape[0, 0], of_shape[0, 2]
    rest[10], rest[11] = (past.rr_spread[own], past.together[own]) if known else (_f4(0), _f4(0))
    return int(found[1, 1])


@numba.njit(cache=True, nogil=True)
def _keep_p(stream: Any, past: Any, past_leads: Any, wave: Any, like: Any, p_shift: int) -> None:
    past.kept_recent += (like - past.kept_recent) / _f4(_RECENT)
    past.kept_age += _f4(1)
    past.kept_usual += (_f4(like > _f4(_SAME_P)) - past.kept_usual) / min(past.kept_age, _f4(_USUAL))
    is_lost = past.late_p > _f4(_SAME_P) and past.kept_usual < _f4(_TOO_FEW) and past.kept_age > _LEAST_AGE
    if (past.kept_n == 0 and past.late_n >= 8) or (past.kept_n > 0 and is_lost):
        past.kept_n, past.kept_age, past.kept_usual, past.kept_recent = _f4(1), _f4(0), _f4(1), past.late_p
        for row in range(wave.shape[0]):
            detrend(past_leads[row].late[P_AT : P_AT + P_LEN], past_leads[row].kept)
    elif past.kept_n > 0 and like > _f4(_SAME_P):
        past.kept_n += _f4(1)
        rate = _f4(1) / min(past.kept_n + _f4(8), _f4(64))
        at = FIDUCIAL + ATRIAL_FROM + P_AT + stream.shift + p_shift
        p = np.empty(P_LEN, np.float32)
        for row in range(wave.shape[0]):
            detrend(wave[row, at : at + P_LEN], p)
            for i in range(P_LEN):
                past_leads[row].kept[i] += rate * (p[i] - past_leads[row].kept[i])


@numba.njit(cache=True, nogil=True)
def remember_recent(
    stream: Any, past: Any, past_leads: Any, wave: Any, is_narrow: bool, p_late: Any, features: Any, p_shift: int
) -> None:
    """Takes a beat, whose features were just made, into the memory of its shape and of the kept P wave.

    Args:
        stream: Short-term context, with RR and shape of this beat.
        past, past_leads: PAST record; (n_leads,) PAST_LEAD records.
        wave: float32 (n_leads, WAVE_LEN), mV.
        is_narrow: Not ventricular by the plain opinion.
        p_late: Correlation of its P wave with that of late beats, -1 to 1.
        features: RECENT features (N_RECENT,) of this beat; p_shift: what recent_into gave back.
    """
    own, rr = stream.own, stream.rr_now
    if stream.is_new:
        past.rr_spread[own] = past.together[own] = past.seen[own] = 0
    if rr > 0 and past.n > 0:
        past.seen[own] += _f4(1)
        rate = _f4(1) / min(past.seen[own], _f4(_OF_SHAPE))
        usual = stream.normal_rr if stream.normal_n > 0 else rr
        apart = abs(log_ratio(rr, usual, 1.5) - stream.prematurity[own])
        past.rr_spread[own] += rate * (apart - past.rr_spread[own])
        past.together[own] += rate * (_f4(past.shape_before == own and not stream.is_new) - past.together[own])
    if is_narrow and rr > 0:
        past.p_steady += (p_late - past.p_steady) / _f4(_STEADY)
        _keep_p(stream, past, past_leads, wave, features[_KEPT_P], p_shift)
    past.shape_before = own if rr > 0 else -1
