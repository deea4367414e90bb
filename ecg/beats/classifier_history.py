"""The minutes behind a beat: how its RR stands in the patient's own distribution, and whose P wave it has.

Owns the long memory of a stream and the HISTORY features. An ectopic atrial rhythm that outnumbers the sinus beats becomes
the patient's usual rhythm to any memory that counts beats. So the sinus reference here is taken of the *late* beats, whose
RR is near the upper end of the distribution: an ectopic beat comes early by definition. Must not import the classifier.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.beats.classifier_shapes import clip, correlation, detrend, dot, energy, lead_scale, log_ratio, norm
from ecg.beats.classifier_state import ATRIAL_FROM, ATRIAL_LEN, FIDUCIAL, N_BINS, QRS_FROM, QRS_LEN

_NAMES = (
    "rr_q10 rr_q25 rr_q50 rr_q75 rr_q90 q90_q10 q75_q25 q90_q50 rr_mass rr_mass_above rr_late late_rr_q50 late_share "
    "before_late p_late p_late_shifted p_late_shift p_early p_late_minus_early p_apart p_late_projection p_late_rest "
    "p_late_visible p_now qrs_late qrs_late_size late_n sum2_late before_mass late_p"
)
HISTORY = tuple(_NAMES.split())
N_HISTORY = len(HISTORY)
P_LATE = HISTORY.index("p_late")
#: RR of the distribution's bins: 0.2 to 3 s, each 4.3 % wider than the one before.
_LOWEST_S, _SPAN = 0.2, float(np.log(3.0 / 0.2))
#: Weight kept per beat: half after 230 beats, some three minutes.
_FADE = np.float32(0.997)
#: A beat is late from this part of the 90th percentile of RR on; sinus rhythm seldom varies by more within minutes.
_LATE = np.float32(0.87)
_f4 = np.float32


@numba.njit(cache=True, nogil=True)
def _bin_of(rr: Any) -> int:
    return min(max(int(np.log(max(rr, _f4(_LOWEST_S)) / _f4(_LOWEST_S)) * _f4(N_BINS / _SPAN)), 0), N_BINS - 1)


@numba.njit(cache=True, nogil=True)
def _rr_of(position: Any) -> Any:
    return _f4(_LOWEST_S) * np.exp(position * _f4(_SPAN / N_BINS))


@numba.njit(cache=True, nogil=True)
def _quantiles(histogram: Any, out: Any) -> Any:
    """RR at 10, 25, 50, 75, 90 % into out (5,), s; linear within a bin."""
    total = _f4(0)
    for b in range(N_BINS):
        total += histogram[b]
    at, below = 0, _f4(0)
    shares = (_f4(0.1), _f4(0.25), _f4(0.5), _f4(0.75), _f4(0.9))
    for b in range(N_BINS):
        above = below + histogram[b]
        while at < 5 and above >= shares[at] * total and histogram[b] > 0:
            out[at] = _rr_of(_f4(b) + (shares[at] * total - below) / histogram[b])
            at += 1
        below = above
    return total


@numba.njit(cache=True, nogil=True)
def _mass_near(histogram: Any, rr: Any, total: Any) -> Any:
    """Share of the distribution within some 6 % of rr."""
    b = _bin_of(rr)
    near = _f4(0)
    for i in range(max(b - 1, 0), min(b + 2, N_BINS)):
        near += histogram[i]
    return near / (total + _f4(1e-6))


@numba.njit(cache=True, nogil=True)
def history_into(stream: Any, leads: Any, past: Any, past_leads: Any, wave: Any, out: Any) -> None:
    """HISTORY features of the beat whose short-term features were just made, into out (N_HISTORY,)."""
    rr, total = stream.rr_now, _f4(0)
    q = np.full(5, max(rr, _f4(0.3)), np.float32)
    if past.n > 0:
        total = _quantiles(past.rr, q)
    known = rr > 0
    if not known:
        rr = q[2]
    late_rr = past.late_rr if past.late_n > 0 else q[4]
    before = past.before if past.before > 0 else q[2]
    for i in range(5):
        out[i] = log_ratio(rr, q[i], 1.5)
    out[5], out[6], out[7] = log_ratio(q[4], q[0], 1.5), log_ratio(q[3], q[1], 1.5), log_ratio(q[4], q[2], 1.5)
    out[8] = _mass_near(past.rr, rr, total)
    above = _f4(0)
    for b in range(_bin_of(rr) + 2, N_BINS):
        above += past.rr[b]
    out[9] = above / (total + _f4(1e-6))
    out[10], out[11], out[12] = log_ratio(rr, late_rr, 1.5), log_ratio(late_rr, q[2], 1.5), past.late_share
    out[13] = log_ratio(before, late_rr, 1.5)
    _atrial_into(stream, leads, past_leads, wave, out)
    out[26] = min(past.late_n, _f4(64)) / _f4(64)
    out[27] = log_ratio((rr + before) / _f4(2), late_rr, 1.5)
    out[28] = _mass_near(past.rr, before, total)
    out[29] = past.late_p


@numba.njit(cache=True, nogil=True)
def _atrial_into(stream: Any, leads: Any, past_leads: Any, wave: Any, out: Any) -> None:
    """P wave and QRS against those of late and of early beats, all leads together, each by its quality per size."""
    tiny = _f4(1e-12)
    n = wave.shape[0]
    p = np.empty((n, ATRIAL_LEN), np.float32)
    first, q = FIDUCIAL + ATRIAL_FROM + stream.shift, FIDUCIAL + QRS_FROM + stream.shift
    own, late, early, own_late, own_early, late_early, visible = tiny, tiny, tiny, _f4(0), _f4(0), _f4(0), tiny
    qrs, like, size, weight = _f4(0), _f4(0), _f4(0), _f4(0)
    for row in range(n):
        detrend(wave[row, first : first + ATRIAL_LEN], p[row])
        w, past = lead_scale(leads[row]), past_leads[row]
        own += w * energy(p[row])
        late += w * energy(past.late)
        early += w * energy(past.early)
        own_late += w * dot(p[row], past.late)
        own_early += w * dot(p[row], past.early)
        late_early += w * dot(past.late, past.early)
        visible += w * past.late_energy
        x = wave[row, q : q + QRS_LEN]
        v = leads[row].quality + _f4(0.05)
        like += v * correlation(x, past.late_qrs)
        size += v * log_ratio(norm(x), norm(past.late_qrs), 2)
        qrs += w * norm(x) * norm(x)
        weight += v
    best, where = _f4(-1), 0
    for s in range(-15, 16, 3):  # a P wave that came earlier or later, to 60 ms
        a0, a1, b0, b1 = max(0, s), ATRIAL_LEN + min(0, s), max(0, -s), ATRIAL_LEN - max(0, s)
        aa, bb, ab = tiny, tiny, _f4(0)
        for row in range(n):
            a, b, w = p[row, a0:a1], past_leads[row].late[b0:b1], lead_scale(leads[row])
            aa += w * energy(a)
            bb += w * energy(b)
            ab += w * dot(a, b)
        if ab / np.sqrt(aa * bb) > best:
            best, where = ab / np.sqrt(aa * bb), s
    out[14], out[15], out[16] = own_late / np.sqrt(own * late), best, _f4(where) / _f4(15)
    out[17] = own_early / np.sqrt(own * early)
    out[18] = out[14] - out[17]
    out[19] = late_early / np.sqrt(late * early)
    out[20] = clip(own_late / (late + _f4(1e-6)), -2, 3)
    out[21] = log_ratio(np.sqrt(max(own + late - _f4(2) * own_late, _f4(0))), np.sqrt(late), 2.5)
    out[22] = late / (visible + _f4(1e-6))
    out[23] = log_ratio(np.sqrt(own), np.sqrt(qrs), 6)
    out[24], out[25] = like / weight, size / weight


@numba.njit(cache=True, nogil=True)
def remember(stream: Any, leads: Any, past: Any, past_leads: Any, wave: Any, is_narrow: bool, p_late: Any) -> None:
    """Takes a beat, whose features were just made, into the long memory.

    Args:
        stream, leads: Short-term context, with RR and shift of this beat.
        past, past_leads: PAST record; (n_leads,) PAST_LEAD records.
        wave: float32 (n_leads, WAVE_LEN), mV.
        is_narrow: Not ventricular by the plain opinion.
        p_late: Correlation of its P wave with that of late beats, -1 to 1.
    """
    rr = stream.rr_now
    if rr <= 0:
        return
    q = np.full(5, rr, np.float32)
    if past.n > 0:
        _quantiles(past.rr, q)  # of what came before this beat
    is_late = rr >= _LATE * q[4]
    for b in range(N_BINS):
        past.rr[b] *= _FADE
    # only intervals between conducted beats: coupling of ventricular beats and the pause behind them say little of sinus
    if is_narrow:
        past.rr[_bin_of(rr)] += _f4(0.1) if past.was_broad else _f4(1)
        past.n += 1
    after_broad, past.was_broad = past.was_broad, not is_narrow
    past.before = rr
    if not is_narrow:
        return
    past.late_share += (_f4(is_late) - past.late_share) / min(_f4(past.n), _f4(100))
    if is_late:
        past.late_n += _f4(1)
        past.late_p += (p_late - past.late_p) / min(past.late_n, _f4(8))
        if not after_broad or past.late_n < 8:
            past.late_rr += (rr - past.late_rr) / min(past.late_n, _f4(24))
    else:
        past.early_n += _f4(1)
    atrial = np.empty(ATRIAL_LEN, np.float32)
    first, at = FIDUCIAL + ATRIAL_FROM + stream.shift, FIDUCIAL + QRS_FROM + stream.shift
    for row in range(wave.shape[0]):
        lead = past_leads[row]
        detrend(wave[row, first : first + ATRIAL_LEN], atrial)
        if is_late:
            rate = _f4(1) / min(past.late_n, _f4(32))
            for i in range(ATRIAL_LEN):
                lead.late[i] += rate * (atrial[i] - lead.late[i])
            for i in range(QRS_LEN):
                lead.late_qrs[i] += rate * (wave[row, at + i] - lead.late_qrs[i])
            lead.late_energy += rate * (energy(atrial) - lead.late_energy)
        else:
            rate = _f4(1) / min(past.early_n, _f4(32))
            for i in range(ATRIAL_LEN):
                lead.early[i] += rate * (atrial[i] - lead.early[i])
