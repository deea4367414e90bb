"""The patient's usual beat, learned as it comes, and how likely each new beat is ventricular by its shape.

Owns the template's life (start, slow change, replacement) and its state, in one compiled call for all beats of a moment.
Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from ecg.rhythm.morphology import AFTER, BEFORE, N_BEAT_FEATURES, N_TEMPLATE, blend, compare_beat, match
from ecg.rhythm.pacing import is_paced
from ecg.rhythm.tiny_net import TinyNet, forward

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

#: Beats seen before one of them is taken as the usual one.
LEARN_BEATS = 8
#: A beat this like the template (mean correlation over leads) moves it.
MATCHING = 0.90
#: So many beats in a row unlike the template, none faster than REPLACE_RR_S, and it is replaced: another posture, lead or
#: conduction. A tachycardia never replaces it.
REPLACE_BEATS = 40
REPLACE_RR_S = 0.6
#: Another shape seen this often, and narrower by this much (20 %), is the usual one: the first was ventricular.
NARROWER_BEATS = 8
NARROWER_LOG_WIDTH = -0.2
#: ... and it came slower than 120 bpm: a tachycardia is never the usual rhythm.
NARROWER_RR_S = 0.5
_BLEND_SHARE = 0.08
#: Milliseconds of width against likeness when the first usual beat is chosen: 10 ms weigh as 0.02 of correlation.
_WIDTH_WEIGHT = 2.0
#: Columns of `counts`.
_LEARNED, _STRANGE, _OTHER_SEEN = 0, 1, 2
#: What is said of a beat: log odds of being ventricular, likeness to the usual one, QRS width (s); NaN while unknown.
#: P_WAVE: log of how far the averaged P window stands out of its beat-to-beat scatter, of the best lead.
#: PACED: 1 for a beat shaped as paced. P_STEADY: share of the power of the last P windows that is alike, of the best lead.
#: ALIKE: likeness to any shape seen before, of the best lead.
LOGIT, LIKENESS, WIDTH, P_WAVE, PACED, P_STEADY, ALIKE = 0, 1, 2, 3, 4, 5, 6
#: The P window: from P_BEFORE kernel samples before the fiducial (272 ms), N_P samples at 125 Hz (to 80 ms before).
P_BEFORE, N_P = 68, 24
#: Share a beat takes in the averaged P window, and in the one of the last six beats or so.
_P_SHARE, _P_RECENT_SHARE = 0.1, 0.3
#: Power below which a P window is a flat line, mV^2.
_P_FLAT = 1e-5


class ShapeState(NamedTuple):
    """State of one stream's beat shapes.

    Attributes:
        usual: float32 (n_leads, N_TEMPLATE), the dominant beat, mV at 125 Hz.
        other: The shape seen most often beside it.
        learning: float32 (LEARN_BEATS, n_leads, N_TEMPLATE), the first beats.
        peak_slope_mv: float32 (n_leads,), steepest 16 ms of the usual QRS.
        p_mean: float32 (n_leads, N_P), running mean of the P window, mV about its own line.
        p_scatter: float32 (n_leads,), running mean square of what differs from it, mV^2.
        p_recent: float32 (n_leads, N_P), mean P window of the last beats, mV about its own line.
        p_power: float32 (n_leads,), mean square of their windows, mV^2.
        counts: int64 (3,): beats learned from (LEARN_BEATS when done), strange ones in a row, sightings of `other`.
    """

    usual: FloatArray
    other: FloatArray
    learning: FloatArray
    peak_slope_mv: FloatArray
    p_mean: FloatArray
    p_scatter: FloatArray
    p_recent: FloatArray
    p_power: FloatArray
    counts: IntArray

    @property
    def known(self) -> bool:
        """Whether the usual beat is known."""
        return bool(self.counts[_LEARNED] >= LEARN_BEATS)


def new_shapes(n_leads: int) -> ShapeState:
    """Nothing seen yet."""
    cut = (n_leads, N_TEMPLATE)
    return ShapeState(
        np.zeros(cut, np.float32),
        np.zeros(cut, np.float32),
        np.zeros((LEARN_BEATS, *cut), np.float32),
        np.zeros(n_leads, np.float32),
        np.zeros((n_leads, N_P), np.float32),
        np.zeros(n_leads, np.float32),
        np.zeros((n_leads, N_P), np.float32),
        np.zeros(n_leads, np.float32),
        np.zeros(3, np.int64),
    )


@njit(cache=True)
def cut_beat(signal_mv: Any, at: int) -> Any:
    """float32 (n_leads, N_TEMPLATE): the signal around column `at`, at 125 Hz, without its level before the QRS."""
    n_leads = signal_mv.shape[0]
    cut = np.empty((n_leads, N_TEMPLATE), np.float32)
    half = np.float32(0.5)
    for lead in range(n_leads):
        for i in range(N_TEMPLATE):
            column = at - BEFORE + 2 * i
            cut[lead, i] = half * (signal_mv[lead, column] + signal_mv[lead, column + 1])
        level = cut[lead, :8].mean()
        for i in range(N_TEMPLATE):
            cut[lead, i] -= level
    return cut


@njit(cache=True)
def _mean(found: Any, column: int) -> Any:
    total = 0.0
    for lead in range(found.shape[0]):
        total += found[lead, column]
    return total / found.shape[0]


@njit(cache=True)
def _note_slope(state: Any) -> None:
    for lead in range(state.usual.shape[0]):
        top = np.float32(0.0)
        for i in range(2, N_TEMPLATE):
            top = max(top, abs(state.usual[lead, i] - state.usual[lead, i - 2]))
        state.peak_slope_mv[lead] = top


@njit(cache=True)
def _learn(cut: Any, state: Any) -> None:
    """Takes the beat most like the others of the first LEARN_BEATS, the narrower of equals."""
    state.learning[state.counts[_LEARNED]] = cut
    state.counts[_LEARNED] += 1
    if state.counts[_LEARNED] < LEARN_BEATS:
        return
    best, chosen = -1e9, 0
    for i in range(LEARN_BEATS):
        score = 0.0
        for j in range(LEARN_BEATS):
            score += _mean(compare_beat(state.learning[i], state.learning[j]), 0) / LEARN_BEATS
        score -= _WIDTH_WEIGHT * _mean(compare_beat(state.learning[i], state.learning[i]), 3)
        if score > best:
            best, chosen = score, i
    state.usual[:] = state.learning[chosen]
    _note_slope(state)


@njit(cache=True)
def _adapt(cut: Any, found: Any, rr_s: float, state: Any) -> None:
    """Moves the usual beat, or counts how often another shape comes instead."""
    counts = state.counts
    if _mean(found, 0) >= MATCHING:
        blend(cut, state.usual, _BLEND_SHARE)
        counts[_STRANGE] = 0
        _note_slope(state)
        return
    counts[_STRANGE] = counts[_STRANGE] + 1 if rr_s >= REPLACE_RR_S else 0
    if 0 < rr_s < NARROWER_RR_S:
        return
    if counts[_OTHER_SEEN] > 0 and _mean(compare_beat(cut, state.other), 0) >= MATCHING:
        blend(cut, state.other, _BLEND_SHARE)
        counts[_OTHER_SEEN] = min(counts[_OTHER_SEEN] + 1, 4 * NARROWER_BEATS)
    else:
        counts[_OTHER_SEEN] -= 1
        if counts[_OTHER_SEEN] <= 0:
            state.other[:] = cut
            counts[_OTHER_SEEN] = 1
    narrower = _mean(found, 4) < NARROWER_LOG_WIDTH and counts[_OTHER_SEEN] >= NARROWER_BEATS
    if narrower or counts[_STRANGE] >= REPLACE_BEATS:
        before = state.usual.copy()
        state.usual[:] = state.other
        state.other[:] = before
        counts[_STRANGE] = 0
        _note_slope(state)


@njit(cache=True)
def _best_lead(cut: Any, template: Any) -> float:
    best = -1.0
    for lead in range(cut.shape[0]):
        best = max(best, match(cut[lead], template[lead])[0])
    return best


@njit(cache=True)
def alike_others(signal_mv: Any, at: int, state: Any) -> float:
    """Likeness of the beat at column `at` to shapes seen before, of the best lead: the second one, or those being learned.

    The usual shape is left to `see_beat`. NaN where the beat cannot be cut out.
    """
    if at < BEFORE or at + AFTER > signal_mv.shape[1]:
        return np.nan
    cut = cut_beat(signal_mv, at)
    best = -1.0
    if state.counts[_LEARNED] < LEARN_BEATS:
        for i in range(state.counts[_LEARNED]):
            best = max(best, _best_lead(cut, state.learning[i]))
    elif state.counts[_OTHER_SEEN] > 0:
        best = _best_lead(cut, state.other)
    return best


@njit(cache=True)
def take_p_wave(signal_mv: Any, at: int, state: Any) -> tuple[float, float]:
    """Takes the P window before a beat into the means; returns P_WAVE and P_STEADY."""
    best, steady = -9.0, 0.0
    window = np.empty(N_P, np.float32)
    for lead in range(signal_mv.shape[0]):
        for i in range(N_P):
            column = at - P_BEFORE + 2 * i
            window[i] = np.float32(0.5) * (signal_mv[lead, column] + signal_mv[lead, column + 1])
        middle = np.float32(0.5 * (N_P - 1))
        level = window.mean()
        slope = np.float32(0.0)
        for i in range(N_P):
            slope += (i - middle) * (window[i] - level)
        slope /= N_P * (N_P * N_P - 1) / np.float32(12.0)
        size = scatter = power = alike = 0.0
        mean, recent = state.p_mean[lead], state.p_recent[lead]
        for i in range(N_P):
            value = window[i] - level - slope * (i - middle)
            recent[i] += _P_RECENT_SHARE * (value - recent[i])
            alike += recent[i] * recent[i] / N_P
            power += value * value / N_P
            difference = value - mean[i]
            mean[i] += _P_SHARE * difference
            scatter += difference * difference / N_P
            size += mean[i] * mean[i] / N_P
        state.p_scatter[lead] += _P_SHARE * (scatter - state.p_scatter[lead])
        state.p_power[lead] += _P_RECENT_SHARE * (power - state.p_power[lead])
        best = max(best, 0.5 * np.log((size + 1e-6) / (state.p_scatter[lead] + 1e-6)))
        steady = max(steady, alike / (state.p_power[lead] + _P_FLAT))
    return best, steady


@njit(cache=True)
def see_beat(signal_mv: Any, at: int, rr_s: float, adapt: bool, state: Any) -> Any:
    """Features of the beat at column `at` beside the usual one, (n_leads, N_BEAT_FEATURES); empty while learning."""
    if at < BEFORE or at + AFTER > signal_mv.shape[1]:
        return np.empty((0, N_BEAT_FEATURES), np.float32)
    cut = cut_beat(signal_mv, at)
    if state.counts[_LEARNED] < LEARN_BEATS:
        _learn(cut, state)
        return np.empty((0, N_BEAT_FEATURES), np.float32)
    found = compare_beat(cut, state.usual)
    if adapt:
        _adapt(cut, found, rr_s, state)
    return found


@njit(cache=True)
def see_beats(signal_mv: Any, at: Any, rr_s: Any, adapt: bool, state: ShapeState, net: TinyNet) -> Any:
    """What is to be said of beats, in order; the usual beat is moved by them.

    Args:
        signal_mv: float32 (n_leads, n).
        at: int64 (m,), columns of the fiducials.
        rr_s: float64 (m,), intervals from the beats before; 0 unknown.
        adapt: False while a ventricular rhythm is on: it must not become the usual one.
        state: Changed in place.
        net: Beat network.

    Returns:
        float32 (m, 7): LOGIT, LIKENESS, WIDTH, P_WAVE, PACED, P_STEADY, ALIKE.
    """
    out = np.full((at.size, 7), np.nan, np.float32)
    for i in range(at.size):
        out[i, ALIKE] = alike_others(signal_mv, at[i], state)
        found = see_beat(signal_mv, at[i], rr_s[i], adapt, state)
        out[i, PACED] = 1.0 if is_paced(signal_mv, at[i]) else 0.0
        if found.shape[0]:
            scores = forward(found, net)
            out[i, LOGIT] = _mean(scores, 0)
            out[i, LIKENESS] = _mean(found, 0)
            out[i, WIDTH] = _mean(found, 3)
            for lead in range(found.shape[0]):
                out[i, ALIKE] = max(out[i, ALIKE], found[lead, 0])
        if at[i] >= P_BEFORE and at[i] + 2 <= signal_mv.shape[1]:
            ventricular = found.shape[0] > 0 and out[i, LOGIT] > 0
            if not ventricular:
                out[i, P_WAVE], out[i, P_STEADY] = take_p_wave(signal_mv, at[i], state)
    return out


__all__ = [
    "ALIKE",
    "LIKENESS",
    "LOGIT",
    "PACED",
    "P_STEADY",
    "P_WAVE",
    "WIDTH",
    "ShapeState",
    "new_shapes",
    "see_beat",
    "see_beats",
    "take_p_wave",
]
