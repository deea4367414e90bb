"""The median beat: beats of the commonest shape, aligned, freed of baseline wander and averaged, in every lead.

Owns which beats belong together and what noise is left. Pure; must not import the measurement rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecg.beats.beat import BeatClass
from ecg.delineation.conditioning import FS_HZ as CONDITIONED_FS_HZ
from ecg.delineation.conditioning import Conditioned, at_rate, fill_gaps
from ecg.delineation.delineate import Marks
from ecg.measurements.leads import LeadSet

FloatArray = NDArray[np.float64]

#: Rate the beat is measured at: 2 ms steps.
FS_HZ = 500.0
_MS = 1000.0 / FS_HZ
BEFORE_MS, LONGEST_AFTER_MS = 420.0, 760.0
#: Beats are compared over this stretch about the fiducial, ms, and may be shifted by this much.
_SHAPE_MS, _SHIFT_MS = (-70.0, 110.0), 36.0
#: Correlation at which two beats have one shape.
_ALIKE = 0.85
#: A group this frequent beside the largest is measured in its place where its QRS is this much narrower.
_FREQUENT, _NARROWER_MS = 0.3, 20.0
#: Level before the QRS onset, ms: short enough to stay behind P, long enough to average.
_LEVEL_MS = (-16.0, -2.0)


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """The median beat.

    Attributes:
        leads: Rows of course_mv.
        course_mv: (n_leads, n) at FS_HZ; 0 is the level just before the QRS.
        zero: Sample of the fiducial in course_mv.
        noise_mv: (n_leads,) standard error left in course_mv.
        usable: bool (n_leads,).
        fiducials_ms: (n_beats,) aligned, from the start of the window.
        dominant: bool (n_beats,), beats of the commonest shape.
        likeness: (n_beats,) correlation with the median beat's QRS.
        used: Beats averaged.
        levelled_mv: (n_leads, n_window) the whole window at FS_HZ, straight lines through the levels before QRS taken off.
    """

    leads: LeadSet
    course_mv: FloatArray
    zero: int
    noise_mv: FloatArray
    usable: NDArray[np.bool_]
    fiducials_ms: FloatArray
    dominant: NDArray[np.bool_]
    likeness: FloatArray
    used: int
    levelled_mv: FloatArray

    def sample(self, ms: float) -> int:
        """Index in course_mv of a time from the fiducial, held to its ends."""
        return int(min(max(self.zero + round(ms / _MS), 0), self.course_mv.shape[1] - 1))


def ensemble(
    signal_mv: NDArray[np.floating],
    fs_hz: float,
    marks: Marks,
    leads: LeadSet,
    labels: tuple[BeatClass, ...] | None = None,
) -> Ensemble:
    """Averages the beats of the commonest shape.

    Args:
        signal_mv: (n_recorded, n_samples) mV, NaN where missing.
        fs_hz: Sampling frequency.
        marks: Its delineation, with at least one beat.
        leads: Recorded and derived leads.
        labels: Classes of the beats, where known; ventricular and paced beats are left out if others are there.
    """
    filled, valid = fill_gaps(np.asarray(signal_mv, dtype=np.float64))
    x = at_rate(filled, fs_hz, FS_HZ)
    whole = valid.all()
    ready = marks.conditioned
    at_ms, likeness, dominant = _aligned(ready, marks.beats_ms * CONDITIONED_FS_HZ / 1000.0, _qrs_ms(marks), labels)
    onset = _onset_offset(marks, at_ms, dominant)
    at = at_ms / _MS
    usable = np.array([bool((~ready.usable[np.abs(row) > 1e-9]).sum() == 0) for row in leads.mixing])
    level_at = at + (onset / _MS)
    x = leads.mixing @ x
    x = x - _baseline(x, level_at[dominant])
    rr_ms = np.diff(at_ms)
    after_ms = float(np.clip(np.median(rr_ms) - 120.0, 340.0, LONGEST_AFTER_MS)) if len(rr_ms) else LONGEST_AFTER_MS
    before, after = int(BEFORE_MS / _MS), int(after_ms / _MS)
    beats = _cut(x, at[dominant], before, after)  # (n_leads, n, n_used)
    if not whole:
        beats = _without_gaps(beats, leads.mixing, valid, fs_hz, at[dominant], before, after)
    course = _median(beats)
    course -= course[:, _level_slice(before, onset)].mean(axis=1, keepdims=True)
    noise = _noise(beats, course)
    return Ensemble(leads, course, before, noise, usable, at_ms, dominant, likeness, beats.shape[2], x)


def single(beat: Ensemble, k: int) -> Ensemble:
    """One beat of the window in place of the median beat; what lies beyond the window is held."""
    position = round(beat.fiducials_ms[k] / _MS) - beat.zero + np.arange(beat.course_mv.shape[1])
    course = beat.levelled_mv[:, np.clip(position, 0, beat.levelled_mv.shape[1] - 1)]
    only = np.zeros(len(beat.fiducials_ms), bool)
    only[k] = True
    noise = beat.noise_mv * np.sqrt(beat.used)
    return replace(beat, course_mv=course, noise_mv=noise, dominant=only, used=1)


def _level_slice(zero: int, onset_ms: float) -> slice:
    first, last = (zero + int((onset_ms + ms) / _MS) for ms in _LEVEL_MS)
    return slice(max(0, first), max(1, last))


def _cut(x: FloatArray, at: FloatArray, before: int, after: int) -> FloatArray:
    """(n_leads, before + after, n_beats) stretches; complete beats alone where there are any, the ends held otherwise."""
    first = np.round(at).astype(np.int64) - before
    complete = (first >= 0) & (first + before + after <= x.shape[1])
    if complete.any():
        first = first[complete]
    position = np.clip(np.arange(before + after)[:, None] + first, 0, x.shape[1] - 1)
    cut: FloatArray = x[:, position]
    return cut


def _without_gaps(
    beats: FloatArray,
    mixing: FloatArray,
    valid: NDArray[np.bool_],
    fs_hz: float,
    at: FloatArray,
    before: int,
    after: int,
) -> FloatArray:
    """Puts NaN where any lead a row is made of had no samples."""
    position = np.minimum(
        (np.arange(round(valid.shape[1] * FS_HZ / fs_hz)) * fs_hz / FS_HZ).astype(int), valid.shape[1] - 1
    )
    gone = (np.abs(mixing) > 1e-9).astype(float) @ (~valid[:, position]).astype(float) > 0
    return np.where(_cut(gone.astype(float), at, before, after) > 0, np.nan, beats)


def _median(beats: FloatArray) -> FloatArray:
    """(n_leads, n) median over the last axis; 0 where there is nothing."""
    middle = nan_quantile(np.moveaxis(beats, 2, 0), 0.5)
    return np.where(np.isfinite(middle), middle, 0.0)


def nan_quantile(x: FloatArray, q: float) -> FloatArray:
    """Quantile over the first axis of what is not NaN (linear between neighbours); NaN where nothing is."""
    ordered = np.sort(np.moveaxis(x, 0, -1), axis=-1)  # NaN last
    count = np.isfinite(ordered).sum(axis=-1)
    place = np.maximum(count - 1, 0) * q
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    a, b = (np.take_along_axis(ordered, k[..., None], axis=-1)[..., 0] for k in (low, high))
    value: FloatArray = np.where(count > 0, a + (place - low) * (b - a), np.nan)
    return value


def _noise(beats: FloatArray, course: FloatArray) -> FloatArray:
    """Standard error of the median beat from the spread of beats about it; from its own roughness for a single beat."""
    n = beats.shape[2]
    if n < 2:
        rough = np.diff(course, n=2, axis=1)
        single: FloatArray = 1.4826 * np.median(np.abs(rough), axis=1) / np.sqrt(6.0)
        return single
    spread = np.abs(beats - course[:, :, None])[:, ::4].reshape(len(beats), -1)
    error: FloatArray = 1.4826 * nan_quantile(spread.T, 0.5) * np.sqrt(np.pi / 2 / n)
    return error


def _baseline(x: FloatArray, level_at: FloatArray) -> FloatArray:
    """(n_leads, n) straight lines through the level before each beat's QRS."""
    first, last = (int(ms / _MS) for ms in _LEVEL_MS)
    window = np.clip(np.round(level_at).astype(int)[:, None] + np.arange(first, last + 1), 0, x.shape[1] - 1)
    levels = x[:, window].mean(axis=2)
    position = np.arange(x.shape[1])
    return np.stack([np.interp(position, level_at, row) for row in levels])


def _onset_offset(marks: Marks, at_ms: FloatArray, dominant: NDArray[np.bool_]) -> float:
    """Early QRS onset from the fiducial over leads and dominant beats, ms; -40 where none was marked."""
    onset = marks.marks_ms[:, dominant, 3] - at_ms[dominant]
    onset = onset[np.isfinite(onset)]
    return float(np.quantile(onset, 0.2)) if onset.size else -40.0


def _aligned(
    ready: Conditioned, at: FloatArray, qrs_ms: FloatArray, labels: tuple[BeatClass, ...] | None
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Shifts every beat onto the commonest shape.

    Args:
        ready: The window as the network saw it (250 Hz, no wander, leads of one size).
        at: (n_beats,) fiducials in its samples.
        qrs_ms: (n_beats,) QRS durations.
        labels: Classes, where known.

    Returns:
        Fiducials in ms, likeness to the commonest shape, and which beats have it.
    """
    step_ms = 1000.0 / CONDITIONED_FS_HZ
    shift = int(_SHIFT_MS / step_ms)
    span = np.arange(int(_SHAPE_MS[0] / step_ms), int(_SHAPE_MS[1] / step_ms))
    x = ready.leads[ready.usable]
    position = np.round(at).astype(int)[:, None, None] + np.arange(-shift, shift + 1)[:, None] + span
    shapes = np.moveaxis(x[:, np.clip(position, 0, x.shape[1] - 1)], 0, 2)  # (n_beats, n_shifts, n_leads, n_span)
    shapes = shapes - shapes.mean(axis=3, keepdims=True)
    shapes = shapes.reshape(*shapes.shape[:2], -1)
    shapes = shapes / np.maximum(np.sqrt((shapes**2).sum(axis=2, keepdims=True)), 1e-9)
    template = shapes[_most_typical(shapes[:, shift]), shift]
    every = np.arange(len(at))
    for _ in range(2):
        match = shapes @ template  # (n_beats, n_shifts)
        best = match.argmax(axis=1)
        here = shapes[every, best]
        alike = here @ here.T > _ALIKE
        dominant = _commonest(alike, qrs_ms, _eligible(labels, len(at)))
        template = here[dominant].mean(axis=0)
        template = template / max(float(np.sqrt((template**2).sum())), 1e-9)
    inner = np.clip(best, 1, 2 * shift - 1)
    low, top, high = match[every, inner - 1], match[every, inner], match[every, inner + 1]
    bend = low - 2 * top + high
    finer = np.where((inner == best) & (bend < 0), 0.5 * (low - high) / np.where(bend < 0, bend, 1.0), 0.0)
    return (np.round(at) + best - shift + finer) * step_ms, match.max(axis=1).astype(np.float64), dominant


def _most_typical(shapes: FloatArray) -> int:
    return int(np.argmax((shapes @ shapes.T > _ALIKE).sum(axis=1)))


def _eligible(labels: tuple[BeatClass, ...] | None, n: int) -> NDArray[np.bool_]:
    if labels is None:
        return np.ones(n, bool)
    other = {BeatClass.VENTRICULAR, BeatClass.FUSION, BeatClass.PACED}
    ok = np.array([label not in other for label in labels])
    return ok if ok.any() else np.ones(n, bool)


def _commonest(alike: NDArray[np.bool_], qrs_ms: FloatArray, eligible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The group to measure: the largest, unless a narrower one is frequent (in bigeminy the ectopic beats may be more)."""
    votes = alike[:, eligible].sum(axis=1) * eligible
    largest = int(np.argmax(votes))
    widths = nan_quantile(np.where(alike & eligible, qrs_ms, np.nan).T, 0.5)
    best = largest
    for k in np.flatnonzero(votes >= max(2, _FREQUENT * votes[largest])):
        if widths[k] < widths[best] - _NARROWER_MS:
            best = int(k)
    group: NDArray[np.bool_] = alike[best] & eligible
    return group


def _qrs_ms(marks: Marks) -> FloatArray:
    """(n_beats,) median QRS duration over leads."""
    return nan_quantile(marks.marks_ms[:, :, 5] - marks.marks_ms[:, :, 3], 0.5)
