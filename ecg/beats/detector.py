"""The QRS detector: candidates from a band envelope, each judged once by a small network, streams in one compiled loop.

Owns candidate search, fusion over leads, the decision and what is learned from it. Every sample of delay is here:
a candidate is judged LOOKAHEAD kernel samples after its peak. Nothing depends on where segments begin and end.
Must not import the monitor, the rules or quality.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.beats.detector_features import EPSILON_MV, N_FEATURES, N_RHYTHM, lead_features, rhythm_features, shape_of
from ecg.beats.detector_model import score
from ecg.beats.detector_state import (
    ENVELOPE_HALF,
    ENVELOPE_PAIR,
    HISTORY,
    LOOKAHEAD,
    N_CANDIDATES,
    N_RR,
    N_TEMPLATES,
    NEVER,
    PEAK_HALF,
    REFRACTORY,
    TEMPLATE_LEN,
    UNKNOWN_AFTER,
)
from ecg.resample import KERNEL_FS_HZ

#: Waveform handed on with a beat: kernel samples before and after its fiducial.
WAVE_BEFORE, WAVE_AFTER = 90, 70
WAVE_LEN = WAVE_BEFORE + WAVE_AFTER
#: The fiducial is looked for within this many kernel samples of the envelope's peak (56 ms).
FIDUCIAL_HALF = 14
#: A candidate below this fraction of the typical QRS in every lead is not worth judging.
NEGLIGIBLE = 0.05
#: An RR longer than this (kernel samples) is a pause, not a rhythm: 3 s.
LONGEST_RR = 3 * KERNEL_FS_HZ
#: Time constants of running means (kernel samples).
_FLOOR_RATE, _SLOW_RATE = np.float32(1 / 400), np.float32(1 / 250)
#: Tracking may lag this far behind the newest sample: the peak search looks further back than that.
_TRACK_EVERY = LOOKAHEAD - PEAK_HALF - ENVELOPE_HALF - 9
#: Log odds beyond which a verdict counts as sure, and how fast a lead's record of sureness follows (per candidate).
_SUREST, _CLARITY_RATE = np.float32(8.0), np.float32(0.05)
_EVEN, _ODD = ENVELOPE_PAIR[0].copy(), ENVELOPE_PAIR[1].copy()


@numba.njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def envelope_of(x: Any, first: int, end: int, out: Any) -> None:
    """Envelope of the QRS band at [first, end); x must reach ENVELOPE_HALF further on both sides.

    The even kernel is its own mirror image and the odd one its negative: half the products, and a loop short enough to be
    unrolled, so that neighbouring samples go through it together.
    """
    near, envelope = x[first - ENVELOPE_HALF : end + ENVELOPE_HALF], out[first:end]
    for j in range(envelope.shape[0]):
        even, odd = _EVEN[ENVELOPE_HALF] * near[j + ENVELOPE_HALF], np.float32(0.0)
        for t in range(ENVELOPE_HALF):
            before, after = near[j + t], near[j + 2 * ENVELOPE_HALF - t]
            even += _EVEN[t] * (before + after)
            odd += _ODD[t] * (before - after)
        envelope[j] = np.sqrt(even * even + odd * odd)


@numba.njit(cache=True, nogil=True)
def next_peak(envelope: Any, start: int, stop: int) -> int:
    """First index in [start, stop) with nothing larger within PEAK_HALF (of equals the first counts); stop if none."""
    for c in range(start, stop):
        top = envelope[c]
        if not (top > envelope[c - 1] and top >= envelope[c + 1]):
            continue
        largest = True
        for i in range(1, PEAK_HALF + 1):
            if envelope[c - i] >= top or envelope[c + i] > top:
                largest = False
                break
        if largest:
            return c
    return stop


@numba.njit(cache=True, nogil=True)
def weigh(leads: Any) -> None:
    """Sets the weight of each lead's envelope in the fused one: trust and clarity, per typical QRS once one is known.

    Must be called at sample indices only, never because a segment ends: else chunking would show.
    """
    for row in range(leads.shape[0]):
        lead = leads[row]
        scale = lead.size + np.float32(0.02) if lead.size > 0 else np.float32(1.0)
        lead.weight = (lead.trust + np.float32(0.02)) * lead.clarity * lead.clarity / scale


@numba.njit(cache=True, nogil=True)
def fiducial_of(x: Any, weights: Any, c: int) -> int:
    """Index of the main deflection near c, over all leads."""
    best, where = np.float32(-1.0), c
    means = np.zeros(x.shape[0], dtype=np.float32)
    for row in range(x.shape[0]):
        for i in range(c - 2 * FIDUCIAL_HALF, c + 2 * FIDUCIAL_HALF + 1):
            means[row] += x[row, i]
        means[row] /= np.float32(4 * FIDUCIAL_HALF + 1)
    for i in range(c - FIDUCIAL_HALF, c + FIDUCIAL_HALF + 1):
        size = np.float32(0.0)
        for row in range(x.shape[0]):
            size += weights[row] * abs(x[row, i] - means[row])
        if size > best:
            best, where = size, i
    return where


@numba.njit(cache=True, nogil=True)
def _median(values: Any, n: int) -> Any:
    ordered = values[:n].copy()
    for i in range(1, n):
        v = ordered[i]
        j = i - 1
        while j >= 0 and ordered[j] > v:
            ordered[j + 1] = ordered[j]
            j -= 1
        ordered[j + 1] = v
    return ordered[n // 2] if n % 2 else (ordered[n // 2 - 1] + ordered[n // 2]) / np.float32(2.0)


@numba.njit(cache=True, nogil=True)
def accept(stream: Any, leads: Any, x: Any, envelope: Any, c: int, k: int, shape: Any) -> None:
    """Learns size, shape and rhythm from a beat at kernel sample k (index c of x and envelope)."""
    slot = stream.n_beats % N_TEMPLATES
    n = min(stream.n_beats + 1, N_TEMPLATES)
    for row in range(leads.shape[0]):
        lead = leads[row]
        lead.sizes[slot] = envelope[row, c]
        shape_of(x[row], c, shape)
        for i in range(TEMPLATE_LEN):
            lead.templates[i, slot] = shape[i]
        lead.size = _median(lead.sizes, n)
    stream.n_beats += 1
    if stream.last_beat_k != NEVER and k - stream.last_beat_k <= LONGEST_RR:
        stream.rr[stream.n_rr % N_RR] = np.float32(k - stream.last_beat_k)
        stream.n_rr += 1
        stream.rr_typical = _median(stream.rr, min(stream.n_rr, N_RR))
    for j in range(3, 0, -1):
        stream.last_beats_k[j] = stream.last_beats_k[j - 1]
    stream.last_beats_k[0] = k
    stream.last_beat_k = k


@numba.njit(cache=True, nogil=True)
def forget_rhythm(stream: Any) -> None:
    """After a dropout of all leads nobody knows when the last beat was."""
    stream.last_beat_k = NEVER
    for j in range(stream.last_beats_k.shape[0]):
        stream.last_beats_k[j] = NEVER
    for j in range(N_CANDIDATES):
        stream.candidate_k[j] = NEVER


@numba.njit(cache=True, nogil=True)
def judge(stream: Any, leads: Any, x: Any, envelope: Any, c: int, k: int, model: Any, features: Any, shape: Any) -> Any:
    """Log odds that the candidate at index c (kernel sample k) is a beat; features (n_leads, N_FEATURES) is filled."""
    n_leads = leads.shape[0]
    total, weight_sum = np.float32(0.0), np.float32(0.0)
    for row in range(n_leads):
        lead = leads[row]
        lead_features(lead, stream.n_beats, stream.n_candidates, x[row], envelope[row], c, shape, features[row])
        rhythm_features(stream, k, features[row], N_FEATURES - N_RHYTHM)
        logit = score(features[row], model)
        sure = min(abs(logit), _SUREST) / _SUREST
        weight = (lead.trust + np.float32(0.02)) * lead.clarity * sure
        if envelope[row, c] > np.float32(2 * EPSILON_MV):  # a silent lead (off, flat) has no say
            total += weight * logit
            weight_sum += weight
            lead.clarity += _CLARITY_RATE * (sure - lead.clarity)
        lead.candidate_sizes[stream.n_candidates % N_CANDIDATES] = envelope[row, c]
    return total / (weight_sum + np.float32(1e-9))


@numba.njit(cache=True, nogil=True)
def negligible(leads: Any, envelope: Any, c: int) -> bool:
    """True where no lead shows anything worth judging at c."""
    for row in range(leads.shape[0]):
        if envelope[row, c] > max(np.float32(NEGLIGIBLE) * leads[row].size, np.float32(2 * EPSILON_MV)):
            return False
    return True


@numba.njit(cache=True, nogil=True)
def track(stream: Any, leads: Any, signals: Any, start: int, stop: int) -> None:
    """Running means, the fused envelope and validity over new samples [start, stop).

    Between two calls of `weigh` the result does not depend on how the range is cut.
    """
    x, envelope, fused, residue, any_valid = signals
    alone = leads.shape[0] == 1
    for row in range(leads.shape[0]):
        lead = leads[row]
        floor, slow, above, weight = lead.floor, lead.slow, lead.residue, lead.weight
        for i in range(start, stop):
            j = HISTORY + i
            e = envelope[row, j - ENVELOPE_HALF]
            floor += _FLOOR_RATE * (e - floor)
            slow += _SLOW_RATE * (abs(x[row, j]) - slow)
            above += _SLOW_RATE * (abs(residue[row, i]) - above)
            if alone:
                fused[j - ENVELOPE_HALF] = e
            elif row == 0:
                fused[j - ENVELOPE_HALF] = weight * e
            else:
                fused[j - ENVELOPE_HALF] += weight * e
        lead.floor, lead.slow, lead.residue = floor, slow, above
    run = stream.invalid_run
    for i in range(start, stop):
        run = 0 if any_valid[i] else run + 1
        if run == UNKNOWN_AFTER:
            forget_rhythm(stream)
    stream.invalid_run = run


@numba.njit(cache=True, nogil=True)
def detect_range(
    stream: Any, leads: Any, signals: Any, start: int, stop: int, n_out: int, model: Any, work: Any, out: Any
) -> int:
    """Judges every candidate that new kernel samples [start, stop) complete.

    Args:
        stream, leads: State records, updated; stream.next_k is the kernel sample of new sample 0.
        signals: x (n_leads, HISTORY + m), envelope (same, computed), fused (HISTORY + m,), residue (n_leads, m),
            any_valid (m,).
        n_out: Beats already written.
        model: See detector_model.
        work: features (n_leads, N_FEATURES), shape (TEMPLATE_LEN,), weights (n_leads,).
        out: Tuple of arrays for beats: k (B,), log odds (B,), waves (B, n_leads, WAVE_LEN); and a trace of candidates:
            k (C,), accepted (C,), features (C, n_leads, N_FEATURES), count (1,). A trace of no rows records nothing.

    Returns:
        Number of beats written in all.
    """
    x, envelope, fused, _, _ = signals
    features, shape, weights = work
    beat_k, beat_logit, beat_wave, trace_k, trace_hit, trace_features, trace_n = out
    shift = HISTORY - LOOKAHEAD  # new sample i completes the candidate at index i + shift
    tracked = start
    first = stream.start_k - stream.next_k + LOOKAHEAD  # nothing before the stream's start is a candidate
    i = max(start, first)
    while tracked < stop:
        limit = min(stop, tracked + _TRACK_EVERY)
        c = next_peak(fused, i + shift, limit + shift)
        i = c - shift + 1
        if i > limit:  # no peak: go on
            track(stream, leads, signals, tracked, limit)
            tracked, i = limit, max(limit, first)
            continue
        track(stream, leads, signals, tracked, i)  # everything up to the newest sample, then judge
        tracked, k = i, stream.next_k + i - 1 - LOOKAHEAD
        if k - stream.last_beat_k < REFRACTORY or negligible(leads, envelope, c):
            continue
        logit = judge(stream, leads, x, envelope, c, k, model, features, shape)
        hit = logit > 0
        if trace_n[0] < trace_k.shape[0]:
            trace_k[trace_n[0]], trace_hit[trace_n[0]] = k, hit
            trace_features[trace_n[0]] = features
            trace_n[0] += 1
        stream.candidate_k[stream.n_candidates % N_CANDIDATES] = k
        stream.candidate_logit[stream.n_candidates % N_CANDIDATES] = logit
        stream.n_candidates += 1
        if hit:
            for row in range(leads.shape[0]):
                weights[row] = leads[row].weight
            peak = fiducial_of(x, weights, c)
            accept(stream, leads, x, envelope, c, k, shape)
            beat_k[n_out], beat_logit[n_out] = k + peak - c, logit
            beat_wave[n_out] = x[:, peak - WAVE_BEFORE : peak + WAVE_AFTER]
            n_out += 1
        weigh(leads)
    return n_out
