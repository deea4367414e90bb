"""What the beat classifier learns of a patient from each beat: shapes, atrial region, RR of the normal rhythm.

Owns the update and the plain opinion that steers it. The opinion is a fixed rule, not the model's own answer: a model
that learns from itself can lock in a wrong beginning (docs/experiments.md). Must not import the classifier.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from ecg.beats.classifier_features import N_RHYTHM, N_SHAPE, features_into
from ecg.beats.classifier_shapes import align, correlation, detrend, energy, log_ratio, norm, residual
from ecg.beats.classifier_state import (
    ATRIAL_FROM,
    ATRIAL_LEN,
    FIDUCIAL,
    LEAD_CONTEXT,
    N_CLASSES,
    N_EARLIER,
    N_RR,
    N_SHAPES,
    QRS_FROM,
    QRS_LEN,
    STREAM_CONTEXT,
    WAVE_LEN,
)

_RR_NORMAL, _WIDTH = 4, N_RHYTHM + N_SHAPE + 3
_f4 = np.float32
#: Weight kept by what is known of shapes, per beat: half after six minutes.
_FADE = _f4(0.998)


@numba.njit(cache=True, nogil=True)
def opinion_into(features: Any, out: Any) -> None:
    """Plain opinion (N, S, V, F) by likeness to the normal beat, width and prematurity, into out (N_CLASSES,)."""
    like, log_rr, log_width = features[N_RHYTHM], features[_RR_NORMAL], features[_WIDTH]
    out[3] = 0
    if like < _f4(0.6) and (log_rr < _f4(-0.12) or log_width > _f4(0.2)):
        out[0], out[1], out[2] = 0.1, 0, 0.9
    elif log_rr < _f4(-0.16) and like > _f4(0.8):
        out[0], out[1], out[2] = 0.3, 0.7, 0
    else:
        out[0], out[1], out[2] = 0.9, 0.05, 0.05


@numba.njit(cache=True, nogil=True)
def _learn_shape(stream: Any, leads: Any, wave: Any, opinion: Any) -> None:
    own = stream.own
    for c in range(N_SHAPES):
        stream.count[c] *= _FADE
        for j in range(N_CLASSES):
            stream.mass[c, j] *= _FADE
    stream.count[own] += _f4(1)
    for j in range(N_CLASSES):
        stream.mass[own, j] += opinion[j]
    if stream.rr_now > 0:
        usual = stream.normal_rr if stream.normal_n > 0 else stream.rr_now
        step = log_ratio(stream.rr_now, usual, 1.5) - stream.prematurity[own]
        stream.prematurity[own] += step / min(stream.count[own], _f4(20))
    rate, shift = _f4(1), 0
    if stream.is_new == 0:
        rate = _f4(1) / min(stream.count[own], _f4(16))
        _, shift = align(leads, wave, own)
    for row in range(wave.shape[0]):
        for i in range(max(0, -shift), min(WAVE_LEN, WAVE_LEN - shift)):
            leads[row].shape[own, i] += rate * (wave[row, i + shift] - leads[row].shape[own, i])


@numba.njit(cache=True, nogil=True)
def _learn_normal(lead: Any, wave: Any, reference: int, shift: int) -> None:
    """Atrial region, size and quality of one lead from a normal beat; energies are capped, so that noise does not stick."""
    q, p = FIDUCIAL + QRS_FROM, FIDUCIAL + ATRIAL_FROM
    x = wave[q + shift : q + shift + QRS_LEN]
    like = max(correlation(x, lead.shape[reference, q : q + QRS_LEN]), _f4(0))
    lead.quality += _f4(0.05) * (like - lead.quality)
    lead.scale += _f4(0.05) * (norm(x) - lead.scale)
    atrial = np.empty(ATRIAL_LEN, np.float32)
    detrend(wave[p + shift : p + shift + ATRIAL_LEN], atrial)
    lead.atrial_n += _f4(1)
    rate = _f4(1) / min(lead.atrial_n, _f4(24))
    apart, own = residual(atrial, lead.atrial) ** 2, energy(atrial)
    if lead.atrial_n > 8:
        apart, own = min(apart, _f4(9) * lead.atrial_residual), min(own, _f4(9) * lead.atrial_energy)
    for i in range(ATRIAL_LEN):
        lead.atrial[i] += rate * (atrial[i] - lead.atrial[i])
    lead.atrial_residual += rate * (apart - lead.atrial_residual)
    lead.atrial_energy += rate * (own - lead.atrial_energy)


@numba.njit(cache=True, nogil=True)
def _learn_rhythm(stream: Any, is_normal: bool) -> None:
    rr = stream.rr_now
    stream.rr[stream.n_rr % N_RR] = rr
    stream.n_rr += 1
    stream.slow_n += _f4(1)
    stream.slow_rr += (rr - stream.slow_rr) / min(stream.slow_n, _f4(300))
    # The interval after an ectopic beat is a pause, not the sinus interval.
    if is_normal and (stream.earlier[(stream.n - 1) % N_EARLIER, 0] > _f4(0.5) or stream.normal_n < 4):
        stream.normal_n += _f4(1)
        stream.normal_rr += (rr - stream.normal_rr) / min(stream.normal_n, _f4(16))


@numba.njit(cache=True, nogil=True)
def learn(stream: Any, leads: Any, wave: Any, features: Any) -> None:
    """Takes a beat, whose features were just made, into the context."""
    opinion = np.empty(N_CLASSES, np.float32)
    opinion_into(features, opinion)
    is_normal = opinion[0] > _f4(0.5)
    _learn_shape(stream, leads, wave, opinion)
    for row in range(wave.shape[0]):
        if is_normal:
            _learn_normal(leads[row], wave[row], stream.reference, stream.shift)
        for i in range(WAVE_LEN):
            leads[row].previous[i] = wave[row, min(max(i + stream.shift, 0), WAVE_LEN - 1)]
    if stream.rr_now > 0:
        _learn_rhythm(stream, is_normal)
    for j in range(N_CLASSES):
        stream.earlier[stream.n % N_EARLIER, j] = opinion[j]
    stream.n += 1


@numba.njit(cache=True, nogil=True)
def observe_all(stream: Any, leads: Any, ks: Any, waves: Any, out: Any) -> None:
    """Feature vectors of many beats of one stream in order, with no verdict: what training learns from.

    Args:
        stream: (1,) STREAM_CONTEXT; leads: (n_leads,) LEAD_CONTEXT.
        ks: int64 (n,); waves: float32 (n, n_leads, WAVE_LEN); out: float32 (n, N_FEATURES), filled.
    """
    for i in range(ks.shape[0]):
        features_into(stream[0], leads, ks[i], waves[i], out[i])
        learn(stream[0], leads, waves[i], out[i])


def new_context(n_leads: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Context of a stream of which nothing is known: STREAM_CONTEXT (1,) and LEAD_CONTEXT (n_leads,)."""
    stream, leads = np.zeros(1, STREAM_CONTEXT), np.zeros(n_leads, LEAD_CONTEXT)
    stream["last_k"] = -1
    return stream, leads
