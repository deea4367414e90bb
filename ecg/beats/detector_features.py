"""What the QRS detector looks at when it judges a candidate: shape, size, company, rhythm.

Owns the compiled feature functions and the layout of the feature vector. Nothing here decides anything.
Must not import the detector.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from ecg.beats.detector_state import (
    N_CANDIDATES,
    N_RR,
    N_TEMPLATES,
    NEVER,
    TEMPLATE_HALF,
    TEMPLATE_LEN,
)

#: Signal snippet: kernel samples before and after the candidate, step (83 Hz, above twice the band).
SNIP_BEFORE, SNIP_AFTER, SNIP_STEP = 48, 72, 3
N_SNIP = (SNIP_BEFORE + SNIP_AFTER) // SNIP_STEP + 1
#: Envelope snippet: longer and coarser (31 Hz).
ENV_BEFORE, ENV_AFTER, ENV_STEP = 184, 64, 8
N_ENV = (ENV_BEFORE + ENV_AFTER) // ENV_STEP + 1
N_LEAD_SCALARS = 14
N_RHYTHM = 12
N_FEATURES = N_SNIP + N_ENV + N_LEAD_SCALARS + N_RHYTHM
#: Template correlation is searched within this many kernel samples.
TEMPLATE_SHIFT = 3
#: Smallest envelope that is told apart from nothing, mV.
EPSILON_MV = 1e-3

_FAST = {"reassoc", "contract", "nsz"}


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def shape_of(x: Any, centre: int, out: Any) -> Any:
    """Writes x around `centre` with zero mean and unit norm to out (TEMPLATE_LEN,); returns the norm in mV."""
    mean = np.float32(0.0)
    for i in range(TEMPLATE_LEN):
        mean += x[centre - TEMPLATE_HALF + i]
    mean /= np.float32(TEMPLATE_LEN)
    power = np.float32(0.0)
    for i in range(TEMPLATE_LEN):
        v = x[centre - TEMPLATE_HALF + i] - mean
        out[i] = v
        power += v * v
    norm = np.sqrt(power)
    scale = np.float32(1.0) / (norm + np.float32(1e-6))
    for i in range(TEMPLATE_LEN):
        out[i] *= scale
    return norm


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def match_templates(x: Any, centre: int, templates: Any, n: int, shape: Any) -> Any:
    """Correlation of the signal at `centre` with remembered shapes, best over small shifts.

    Returns:
        Largest, mean, and second largest correlation; 0 where nothing is remembered.
    """
    if n == 0:
        return np.float32(0.0), np.float32(0.0), np.float32(0.0)
    most = np.full(N_TEMPLATES, -1.0, dtype=np.float32)
    sums = np.empty(N_TEMPLATES, dtype=np.float32)
    for shift in range(-TEMPLATE_SHIFT, TEMPLATE_SHIFT + 1):
        shape_of(x, centre + shift, shape)
        sums[:] = 0
        for i in range(TEMPLATE_LEN):
            v = shape[i]
            for t in range(N_TEMPLATES):
                sums[t] += v * templates[i, t]
        for t in range(N_TEMPLATES):
            most[t] = max(most[t], sums[t])
    best, second, total = np.float32(-1.0), np.float32(-1.0), np.float32(0.0)
    for t in range(n):
        c = most[t]
        total += c
        if c > best:
            second, best = best, c
        elif c > second:
            second = c
    return best, total / np.float32(n), second


@numba.njit(cache=True, nogil=True)
def rhythm_features(stream: Any, k: int, out: Any, at: int) -> None:
    """N_RHYTHM numbers on when a beat is due, into out[at:]. Times in units of the typical RR, and in seconds."""
    typical = stream.rr_typical if stream.rr_typical > 0 else np.float32(200.0)
    for j in range(4):
        since = min(np.float32(k - stream.last_beats_k[j]), np.float32(1000.0))
        out[at + j] = min(since / typical, np.float32(6.0)) - np.float32(1.0 + j)
    since = min(np.float32(k - stream.last_beat_k), np.float32(1000.0))
    out[at + 4] = np.log(since / np.float32(100.0))
    out[at + 5] = np.exp(-(((since - 55.0) / 20.0) ** 2))  # in the place of a T wave
    out[at + 6] = np.log(typical / np.float32(200.0))
    n = min(stream.n_rr, N_RR)
    spread = np.float32(0.0)
    for j in range(n):
        spread += abs(stream.rr[j] - typical)
    out[at + 7] = spread / (n * typical) if n > 0 else np.float32(0.5)
    out[at + 8] = min(stream.n_beats, 8) / 8.0
    last = stream.rr[(stream.n_rr - 1) % N_RR] if n > 0 else typical
    out[at + 9] = since / last - 1.0 if since < 4 * last else 3.0
    newest = (stream.n_candidates - 1) % N_CANDIDATES
    known = stream.n_candidates > 0 and stream.candidate_k[newest] != NEVER
    out[at + 10] = min(np.float32(k - stream.candidate_k[newest]), np.float32(250.0)) / 100.0 if known else 2.5
    out[at + 11] = max(min(stream.candidate_logit[newest], 6.0), -6.0) / 4.0 if known else -1.5


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def lead_features(
    lead: Any, n_beats: int, n_candidates: int, x: Any, envelope: Any, c: int, shape: Any, out: Any
) -> None:
    """The part of the feature vector that one lead gives, into out[: N_SNIP + N_ENV + N_LEAD_SCALARS].

    Args:
        lead: One LEAD_STATE record.
        x, envelope: (n,) signal and envelope of the lead, both indexed so that c is the candidate.
        shape: (TEMPLATE_LEN,) working space.
    """
    size = envelope[c] + np.float32(EPSILON_MV)
    largest = np.float32(EPSILON_MV)
    mean = np.float32(0.0)
    for i in range(N_SNIP):
        mean += x[c - SNIP_BEFORE + i * SNIP_STEP]
    mean /= np.float32(N_SNIP)
    for i in range(N_SNIP):
        v = x[c - SNIP_BEFORE + i * SNIP_STEP] - mean
        out[i] = v
        largest = max(largest, abs(v))
    for i in range(N_SNIP):
        out[i] /= largest
    top = np.float32(EPSILON_MV)
    for i in range(N_ENV):
        e = envelope[c - ENV_BEFORE + i * ENV_STEP]
        out[N_SNIP + i] = e / (e + size) - np.float32(0.5)
        top = max(top, e)
    at = N_SNIP + N_ENV
    typical = lead.size + np.float32(EPSILON_MV) if n_beats > 0 else size
    out[at] = np.log(size / typical)
    out[at + 1] = np.log(size / top)
    best, average, second = match_templates(x, c, lead.templates, min(n_beats, N_TEMPLATES), shape)
    out[at + 2], out[at + 3], out[at + 4] = best, average, second
    n = min(n_candidates, N_CANDIDATES)
    larger, biggest = np.float32(0.0), np.float32(EPSILON_MV)
    for j in range(n):
        biggest = max(biggest, lead.candidate_sizes[j])
        larger += np.float32(1.0) if lead.candidate_sizes[j] > size else np.float32(0.0)
    out[at + 5] = larger / np.float32(N_CANDIDATES)
    out[at + 6] = np.log(size / biggest)
    out[at + 7] = np.log((lead.residue + np.float32(EPSILON_MV)) / size)
    out[at + 8] = np.log((lead.floor + np.float32(EPSILON_MV)) / size)
    out[at + 9] = np.log((lead.slow + np.float32(EPSILON_MV)) / size)
    out[at + 10] = np.log(largest / size)
    smallest_size, largest_size = np.float32(1e9), np.float32(EPSILON_MV)
    m = min(n_beats, N_TEMPLATES)
    for j in range(m):
        smallest_size = min(smallest_size, lead.sizes[j])
        largest_size = max(largest_size, lead.sizes[j])
    out[at + 11] = np.log(size / largest_size) if m > 0 else np.float32(0.0)
    out[at + 12] = np.log(size / (smallest_size + np.float32(EPSILON_MV))) if m > 0 else np.float32(0.0)
    out[at + 13] = np.log(size / np.float32(0.3))
    for i in range(at, at + N_LEAD_SCALARS):
        out[i] = max(min(out[i], np.float32(5.0)), np.float32(-5.0))
