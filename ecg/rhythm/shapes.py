"""The patient's usual beat, learned as it comes, and how likely each new beat is ventricular by its shape.

Owns the template's life: start, slow change, replacement. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.rhythm.morphology import AFTER, BEFORE, blend, compare_beat

FloatArray = npt.NDArray[np.float32]

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
_BLEND_SHARE = 0.08


def cut_beat(signal_mv: FloatArray, at: int) -> FloatArray:
    """float32 (n_leads, N_TEMPLATE): the signal around column `at`, at 125 Hz, without its level before the QRS."""
    wide = signal_mv[:, at - BEFORE : at + AFTER]
    cut = 0.5 * (wide[:, ::2] + wide[:, 1::2])
    level = cut[:, :8].mean(axis=1, keepdims=True)
    return np.ascontiguousarray(cut - level, np.float32)


class BeatShapes:
    """State of one stream's beat shapes: the usual one, and the one seen most often beside it."""

    __slots__ = ("_learning", "_other", "_other_seen", "_strange", "peak_slope_mv", "template")

    def __init__(self) -> None:
        self.template: FloatArray | None = None  # (n_leads, N_TEMPLATE)
        self.peak_slope_mv: FloatArray | None = None  # (n_leads,) steepest 16 ms of the template
        self._learning: list[FloatArray] = []
        self._strange = 0
        self._other: FloatArray | None = None
        self._other_seen = 0

    def compare(self, cut: FloatArray, rr_s: float, *, adapt: bool) -> FloatArray | None:
        """Features of a beat beside the usual one, and the usual one moved by it.

        Args:
            cut: float32 (n_leads, N_TEMPLATE) from `cut_beat`.
            rr_s: Interval from the beat before, s.
            adapt: False while a ventricular rhythm is on: it must not become the usual one.

        Returns:
            float32 (n_leads, N_BEAT_FEATURES), None while still learning.
        """
        if self.template is None:
            self._learn(cut)
            return None
        found: FloatArray = compare_beat(cut, self.template)
        if adapt:
            self._adapt(cut, found, rr_s)
        return found

    def _adapt(self, cut: FloatArray, found: FloatArray, rr_s: float) -> None:
        if float(found[:, 0].mean()) >= MATCHING:
            blend(cut, self.template, _BLEND_SHARE)
            self._strange = 0
            self._note_slope()
            return
        self._strange = self._strange + 1 if rr_s >= REPLACE_RR_S else 0
        other = self._other
        if other is None or float(compare_beat(cut, other)[:, 0].mean()) < MATCHING:
            self._other_seen -= 1
            if self._other_seen <= 0:
                self._other, self._other_seen = cut.copy(), 1
        else:
            blend(cut, other, _BLEND_SHARE)
            self._other_seen = min(self._other_seen + 1, 4 * NARROWER_BEATS)
        narrower = float(found[:, 4].mean()) < NARROWER_LOG_WIDTH and self._other_seen >= NARROWER_BEATS
        if (narrower or self._strange >= REPLACE_BEATS) and self._other is not None:
            self.template, self._other = self._other, self.template
            self._strange = 0
            self._note_slope()

    def _note_slope(self) -> None:
        if self.template is not None:
            self.peak_slope_mv = np.abs(self.template[:, 2:] - self.template[:, :-2]).max(axis=1)

    def _learn(self, cut: FloatArray) -> None:
        """Takes the beat most like the others of the first LEARN_BEATS, the narrower of equals."""
        self._learning.append(cut)
        if len(self._learning) < LEARN_BEATS:
            return
        likeness = [
            np.mean([compare_beat(one, other)[:, 0].mean() for other in self._learning]) for one in self._learning
        ]
        width = [float(compare_beat(one, one)[:, 3].mean()) for one in self._learning]
        score = np.array(likeness) - 2.0 * np.array(width)  # 10 ms of width weigh as 0.02 of correlation
        self.template = self._learning[int(np.argmax(score))].copy()
        self._learning = []
        self._note_slope()


def inside(n_columns: int, at: int) -> bool:
    """True where the window around column `at` lies inside the signal."""
    return at >= BEFORE and at + AFTER <= n_columns
