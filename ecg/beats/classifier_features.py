"""What the beat classifier looks at: when the beat came, which of the patient's shapes it has, and how each lead differs.

Owns the feature vector, all of it relative to the patient's own running context and nothing of it from the future.
Layout: RHYTHM features, then SHAPE features, then LEAD features as weighted mean, largest and smallest over the leads, so
that one lead and many give the same vector. Must not import the classifier.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.beats.classifier_shapes import (
    align,
    clip,
    correlation,
    detrend,
    dot,
    energy,
    lead_scale,
    log_ratio,
    mean_of,
    norm,
    residual,
    spread_of_slope,
    steep_length,
    steepest,
)
from ecg.beats.classifier_state import (
    ATRIAL_FROM,
    ATRIAL_LEN,
    FIDUCIAL,
    N_CLASSES,
    N_EARLIER,
    N_RR,
    N_SHAPES,
    NEW_SHAPE,
    QRS_FROM,
    QRS_LEN,
    ST_FROM,
    ST_LEN,
)
from ecg.resample import KERNEL_FS_HZ

#: Times as log ratios: "rr_median8" is log(RR / median of the last 8).
_RHYTHM_NAMES = (
    "rr_median8 rr_mean8 rr_median32 rr_slow rr_normal before_median8 before2_median8 rr_before before_normal rr_abs "
    "jitter8 jitter32 rr_high rr_low high_low median8_slow rr_longest16 normal_abs before3_median8 rr_mean32 normal_median8 "
    "last_s last_v last_f last2_s last2_v last2_f recent_s recent_v n_beats"
)
_SHAPE_NAMES = (
    "like_normal like_own is_new is_normal_shape share count prematurity own_n own_s own_v own_f normal_share near_n near_v "
    "like_ventricular age normal_prematurity part_normal part_ventricular unexplained has_ventricular size"
)
_LEAD_NAMES = (
    "correlation amplitude residual width width_abs width_normal slope length length_abs polarity polarity_normal st_like "
    "st_size st_shift p_like p_like_shifted p_size p_residual p_coherence p_visible p_size_qrs previous_like p_previous_like "
    "p_projection quality amplitude_mv"
)
RHYTHM, SHAPE, LEAD = (tuple(names.split()) for names in (_RHYTHM_NAMES, _SHAPE_NAMES, _LEAD_NAMES))
NAMES = (*RHYTHM, *SHAPE, *LEAD, *(f"{name}.max" for name in LEAD), *(f"{name}.min" for name in LEAD))
N_RHYTHM, N_SHAPE, N_LEAD, N_FEATURES = len(RHYTHM), len(SHAPE), len(LEAD), len(NAMES)
#: A longer RR is a pause whose length says nothing more, s.
LONGEST_RR_S = 3.0

_f4 = np.float32


@numba.njit(cache=True, nogil=True)
def _newest(stream: Any, j: int) -> Any:
    """RR interval j beats back (0: the newest stored), s."""
    return stream.rr[(stream.n_rr - 1 - j) % N_RR]


@numba.njit(cache=True, nogil=True)
def _median(ordered: Any) -> Any:
    n = ordered.shape[0]
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / _f4(2)


@numba.njit(cache=True, nogil=True)
def rhythm_into(stream: Any, k: int, out: Any) -> None:
    """RHYTHM features into out[:N_RHYTHM]; stores the RR of this beat."""
    known = stream.last_k >= 0
    rr = min(_f4(k - stream.last_k) / _f4(KERNEL_FS_HZ), _f4(LONGEST_RR_S)) if known else _f4(0)
    stream.rr_now, stream.last_k = rr, k
    n = min(stream.n_rr, N_RR)
    last = np.full(max(n, 1), 0.8, np.float32)  # newest first
    for j in range(n):
        last[j] = _newest(stream, j)
    n8, n16 = min(last.shape[0], 8), min(last.shape[0], 16)
    mean8, mean32 = last[:n8].mean(), last.mean()
    changes = np.abs(last[1:] - last[:-1])
    ordered = np.sort(last)
    median8, median32 = _median(np.sort(last[:n8])), ordered[last.shape[0] // 2]
    high, low = ordered[int(0.9 * (last.shape[0] - 1))], ordered[int(0.1 * (last.shape[0] - 1))]
    if not known:
        rr = median8
    slow = stream.slow_rr if stream.slow_n > 0 else mean8
    normal = stream.normal_rr if stream.normal_n > 0 else median8
    before = last[0] if n > 0 else rr
    before2 = last[1] if n > 1 else before
    before3 = last[2] if n > 2 else before2
    typical = _f4(0.8)
    pairs = (
        (rr, median8), (rr, mean8), (rr, median32), (rr, slow), (rr, normal), (before, median8), (before2, median8),
        (rr, before), (before, normal), (rr, typical), (rr, rr), (rr, rr), (rr, high), (rr, low), (high, low),
        (median8, slow), (rr, last[:n16].max()), (normal, typical), (before3, median8), (rr, mean32), (normal, median8),
    )  # fmt: skip
    for i in range(21):
        out[i] = log_ratio(pairs[i][0], pairs[i][1], 1.5)
    out[10] = clip(changes[: n8 - 1].sum() / (max(n8 - 1, 1) * mean8), 0, 1)
    out[11] = clip(changes.sum() / (max(last.shape[0] - 1, 1) * mean32), 0, 1)
    for j in range(2):
        for c in range(1, N_CLASSES):
            out[20 + 3 * j + c] = stream.earlier[(stream.n - 1 - j) % N_EARLIER, c]
    out[27], out[28] = stream.earlier[:, 1].mean(), stream.earlier[:, 2].mean()
    out[29] = min(stream.n, 64) / _f4(64)


@numba.njit(cache=True, nogil=True)
def _choose_shapes(stream: Any, like: Any) -> Any:
    """The most normal shape and the most ventricular one; -1 where there is none."""
    reference, ventricular = -1, -1
    for c in range(N_SHAPES):
        if stream.count[c] <= 0:
            continue
        rank = stream.mass[c, 0] + _f4(1e-3) * stream.count[c]
        if reference < 0 or rank > stream.mass[reference, 0] + _f4(1e-3) * stream.count[reference]:
            reference = c
    for c in range(N_SHAPES):
        if c == reference or stream.count[c] <= 0 or stream.mass[c, 2] <= _f4(0.5) * stream.count[c]:
            continue
        if ventricular < 0 or stream.mass[c, 2] > stream.mass[ventricular, 2]:
            ventricular = c
    return reference, ventricular


@numba.njit(cache=True, nogil=True)
def _slot_for_new(stream: Any, reference: int) -> int:
    """An empty place among the shapes, else the rarest that is not the reference; cleared."""
    slot = -1
    for c in range(N_SHAPES):
        if c != reference and (slot < 0 or stream.count[c] < stream.count[slot]):
            slot = c
    stream.count[slot] = 0
    stream.mass[slot] = 0
    stream.prematurity[slot] = 0
    return slot


@numba.njit(cache=True, nogil=True)
def _decompose(leads: Any, wave: Any, shift: int, normal: int, ventricular: int, out: Any) -> None:
    """Least squares of the QRS on the normal and the ventricular shape: what a fusion beat is made of."""
    nn, vv, nv, xn, xv, xx = _f4(1e-9), _f4(1e-9), _f4(0), _f4(0), _f4(0), _f4(1e-9)
    first = FIDUCIAL + QRS_FROM
    for row in range(wave.shape[0]):
        x = wave[row, first + shift : first + shift + QRS_LEN]
        a = leads[row].shape[normal, first : first + QRS_LEN]
        b = leads[row].shape[ventricular if ventricular >= 0 else normal, first : first + QRS_LEN]
        mean_x, mean_a, mean_b = mean_of(x), mean_of(a), mean_of(b)
        weight = lead_scale(leads[row])
        for i in range(QRS_LEN):
            u, v, z = x[i] - mean_x, a[i] - mean_a, b[i] - mean_b
            xx += weight * u * u
            nn += weight * v * v
            vv += weight * z * z
            xn += weight * u * v
            xv += weight * u * z
            nv += weight * v * z
    part_n, part_v = xn / nn, _f4(0)
    if ventricular >= 0:
        det = nn * vv - nv * nv + _f4(1e-3) * nn * vv
        part_n, part_v = (xn * vv - xv * nv) / det, (xv * nn - xn * nv) / det
    rest = xx - _f4(2) * (part_n * xn + part_v * xv) + part_n * part_n * nn
    rest += part_v * part_v * vv + _f4(2) * part_n * part_v * nv
    out[17], out[18], out[19] = clip(part_n, -1, 2), clip(part_v, -1, 2), clip(rest / xx, 0, 2)
    out[21] = log_ratio(xx, nn, 3)


@numba.njit(cache=True, nogil=True)
def shape_into(stream: Any, leads: Any, wave: Any, out: Any) -> None:
    """SHAPE features into out[:N_SHAPE]; stores own shape, reference and shift of this beat."""
    like, shifts = np.full(N_SHAPES, -1.0, np.float32), np.zeros(N_SHAPES, np.int64)
    own, total = -1, _f4(1e-6)
    for c in range(N_SHAPES):
        if stream.count[c] > 0:
            total += stream.count[c]
            like[c], shifts[c] = align(leads, wave, c)
            if own < 0 or like[c] > like[own]:
                own = c
    reference, ventricular = _choose_shapes(stream, like)
    near_n = (stream.mass[own, 0] + _f4(0.5)) / (stream.count[own] + _f4(0.8)) if own >= 0 else _f4(0.5)
    near_v = (stream.mass[own, 2] + _f4(0.1)) / (stream.count[own] + _f4(0.8)) if own >= 0 else _f4(0.1)
    out[1] = like[own] if own >= 0 else _f4(0)
    is_new = own < 0 or like[own] < _f4(NEW_SHAPE)
    if is_new:
        own = _slot_for_new(stream, reference)
    first = reference < 0
    if first:
        reference = own
    if ventricular == own and is_new:
        ventricular = -1
    stream.own, stream.reference, stream.is_new = own, reference, is_new
    stream.shift = 0 if first else shifts[reference]
    count = stream.count[own]
    out[0] = _f4(1) if first else like[reference]
    out[2], out[3] = is_new, own == reference
    out[4], out[5], out[6] = count / total, np.log(_f4(1) + count) / _f4(5), stream.prematurity[own]
    for c in range(N_CLASSES):
        out[7 + c] = (stream.mass[own, c] + (_f4(0.5) if c == 0 else _f4(0.1))) / (count + _f4(0.8))
    out[11], out[12], out[13] = stream.count[reference] / total, near_n, near_v
    out[14] = like[ventricular] if ventricular >= 0 else _f4(-0.2)
    out[15] = _f4(1) - np.exp(-count / _f4(10))
    out[16], out[20] = stream.prematurity[reference], ventricular >= 0
    out[17], out[18], out[19], out[21] = 1, 0, 1, 0
    if not first:
        _decompose(leads, wave, stream.shift, reference, ventricular, out)


@numba.njit(cache=True, nogil=True)
def _qrs_into(x: Any, usual: Any, out: Any) -> None:
    """The QRS x against the usual one, into out[:11]."""
    size, usual_size = norm(x), norm(usual)
    width, usual_width = spread_of_slope(x), spread_of_slope(usual)
    mean_x, mean_u = mean_of(x), mean_of(usual)
    up, down, usual_up, usual_down = x.max() - mean_x, mean_x - x.min(), usual.max() - mean_u, mean_u - usual.min()
    sign = _f4(1) if usual_up >= usual_down else _f4(-1)
    out[0] = correlation(x, usual)
    out[1] = log_ratio(size, usual_size, 2)
    out[2] = clip(residual(x, usual) / (usual_size + _f4(1e-6)), 0, 4)
    out[3] = log_ratio(width, usual_width, 1.5)
    out[4], out[5] = log_ratio(width, _f4(6), 1.5), log_ratio(usual_width, _f4(6), 1.5)
    out[6] = log_ratio(steepest(x), steepest(usual), 2)
    length = steep_length(x)
    out[7], out[8] = log_ratio(length, steep_length(usual), 1.5), log_ratio(length, _f4(20), 1.5)
    out[9] = sign * (up - down) / (up + down + _f4(1e-6))
    out[10] = sign * (usual_up - usual_down) / (usual_up + usual_down + _f4(1e-6))


@numba.njit(cache=True, nogil=True)
def _atrial_into(lead: Any, wave: Any, shift: int, usual_size: Any, out: Any) -> None:
    """The atrial region against that of normal beats, into out[14:21], [22] and [23]."""
    p, before = np.empty(ATRIAL_LEN, np.float32), np.empty(ATRIAL_LEN, np.float32)
    first = FIDUCIAL + ATRIAL_FROM
    detrend(wave[first + shift : first + shift + ATRIAL_LEN], p)
    detrend(lead.previous[first : first + ATRIAL_LEN], before)
    usual = lead.atrial
    own, typical, common = energy(p), energy(usual), dot(p, usual)
    tiny = _f4(1e-12)
    out[14] = common / np.sqrt(own * typical + tiny)
    best = _f4(-1)
    for s in range(-10, 11, 2):  # a P wave that came earlier or later, to 40 ms
        a, b = p[max(0, s) : ATRIAL_LEN + min(0, s)], usual[max(0, -s) : ATRIAL_LEN - max(0, s)]
        best = max(best, dot(a, b) / np.sqrt(energy(a) * energy(b) + tiny))
    out[15] = best
    apart = own + typical - _f4(2) * common
    out[16] = log_ratio(np.sqrt(own), np.sqrt(lead.atrial_energy), 2.5)
    out[17] = log_ratio(np.sqrt(max(apart, _f4(0))), np.sqrt(lead.atrial_residual), 2.5)
    out[18] = typical / (lead.atrial_energy + _f4(1e-9)) if lead.atrial_n > 0 else _f4(0)
    out[19], out[20] = log_ratio(np.sqrt(typical), usual_size, 6), log_ratio(np.sqrt(own), usual_size, 6)
    out[22] = dot(p, before) / np.sqrt(own * energy(before) + tiny)
    out[23] = clip(common / (typical + _f4(1e-6)), -2, 3)


@numba.njit(cache=True, nogil=True)
def lead_into(lead: Any, wave: Any, usual: Any, shift: int, out: Any) -> None:
    """LEAD features of one lead into out (N_LEAD,)."""
    q, s, p = FIDUCIAL + QRS_FROM, FIDUCIAL + ST_FROM, FIDUCIAL + ATRIAL_FROM
    x, usual_qrs = wave[q + shift : q + shift + QRS_LEN], usual[q : q + QRS_LEN]
    usual_size = norm(usual_qrs)
    _qrs_into(x, usual_qrs, out)
    st, usual_st = wave[s + shift : s + shift + ST_LEN], usual[s : s + ST_LEN]
    out[11], out[12] = correlation(st, usual_st), log_ratio(norm(st), norm(usual_st), 2.5)
    level = mean_of(st) - mean_of(wave[p + shift - 4 : p + shift + 2])
    usual_level = mean_of(usual_st) - mean_of(usual[p - 4 : p + 2])
    out[13] = clip((level - usual_level) / (usual_size + _f4(1e-6)) * np.sqrt(_f4(QRS_LEN)), -4, 4)
    _atrial_into(lead, wave, shift, usual_size, out)
    out[21] = correlation(x, lead.previous[q : q + QRS_LEN])
    out[24], out[25] = lead.quality, log_ratio(norm(x), _f4(4), 3)


@numba.njit(cache=True, nogil=True)
def features_into(stream: Any, leads: Any, k: int, wave: Any, out: Any) -> None:
    """The feature vector of one beat; notes in the stream's context what `learn` needs.

    Args:
        stream: One STREAM_CONTEXT record; leads: (n_leads,) LEAD_CONTEXT records.
        k: Kernel sample of the fiducial.
        wave: float32 (n_leads, WAVE_LEN), mV, fiducial in column FIDUCIAL.
        out: float32 (N_FEATURES,), filled.
    """
    n_leads = wave.shape[0]
    q = FIDUCIAL + QRS_FROM
    rhythm_into(stream, k, out[:N_RHYTHM])
    if stream.n < 8:
        for row in range(n_leads):
            lead = leads[row]
            if stream.n == 0:
                lead.quality = _f4(0.5)
            lead.scale += (norm(wave[row, q : q + QRS_LEN]) - lead.scale) / _f4(stream.n + 1)
    shape_into(stream, leads, wave, out[N_RHYTHM : N_RHYTHM + N_SHAPE])
    known = stream.count[stream.reference] > 0
    each, weight = np.zeros((n_leads, N_LEAD), np.float32), np.zeros(n_leads, np.float32)
    for row in range(n_leads):
        usual = leads[row].shape[stream.reference] if known else wave[row]
        lead_into(leads[row], wave[row], usual, stream.shift, each[row])
        weight[row] = leads[row].quality * leads[row].quality + _f4(0.02)
    enough, total = _f4(0.3) * weight.max(), weight.sum()
    at = N_RHYTHM + N_SHAPE
    for i in range(N_LEAD):
        mean, largest, smallest = _f4(0), _f4(-99), _f4(99)
        for row in range(n_leads):
            mean += weight[row] * each[row, i] / total
            if weight[row] > enough:
                largest, smallest = max(largest, each[row, i]), min(smallest, each[row, i])
        out[at + i], out[at + N_LEAD + i], out[at + 2 * N_LEAD + i] = mean, largest, smallest
