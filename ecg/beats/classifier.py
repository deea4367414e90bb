"""The class of a beat, when it becomes final: its features against the patient's own context, judged by the shipped model.

Owns the seam the monitor calls and the context of one stream. Classes are given once, with the beat, and use nothing
after the 0.28 s of waveform behind the fiducial. There are two: one the rhythm rules were fitted on, and one that
remembers minutes and is written down and shown. Must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from ecg.beats.beat import BeatClass
from ecg.beats.classifier_features import N_FEATURES
from ecg.beats.classifier_final import N_FINAL, decide_final, final_model, new_views, observe_views
from ecg.beats.classifier_model import decide, default_model, score_into
from ecg.beats.classifier_state import FIDUCIAL, WAVE_LEN
from ecg.errors import InvalidSignal
from ecg.segments import FloatArray

IntArray = npt.NDArray[np.int64]

_CLASSES = (BeatClass.NORMAL, BeatClass.SUPRAVENTRICULAR, BeatClass.VENTRICULAR, BeatClass.FUSION)
_N_SCORES = 5
#: Names of the arrays of a context in snapshots.
_KEPT = ("beats_stream", "beats_leads", "beats_past", "beats_past_leads")


class Verdict(NamedTuple):
    """Of one beat: the class that is written down and shown, and the class for the rhythm rules; confidences 0 to 1."""

    label: BeatClass
    confidence: float
    rule_label: BeatClass
    rule_confidence: float


@numba.njit(cache=True, nogil=True)
def _judge(
    stream: Any, leads: Any, past: Any, past_leads: Any, k: int, wave: Any, models: Any, features: Any, score: Any
) -> tuple[int, int]:
    """Final class and class for the rules; score (5,): log odds of V, S, F for the rules, then of the final V, S."""
    observe_views(stream, leads, past, past_leads, k, wave, features)
    score_into(models[0], features[0, :N_FEATURES], score[:3])
    for_rules = int(decide(models[0], score[:3]))
    return int(decide_final(models[1], features, score[0], for_rules == 3, score[3:])), for_rules


@numba.njit(cache=True, nogil=True)
def _judge_all(slots: Any, count: Any, ks: Any, waves: Any, context: Any, models: Any, score: Any, found: Any) -> None:
    """Every beat of S streams, stream after stream, in the order of time; rows of score (n, 5) and found (n, 2) are filled."""
    streams, leads, pasts, past_leads = context
    features = np.empty((streams.shape[1], N_FINAL), np.float32)
    n = 0
    for s in range(slots.shape[0]):
        stream, past = streams[slots[s]], pasts[slots[s]]
        for b in range(count[s]):
            wave, k = waves[s, b], ks[s, b]
            found[n] = _judge(stream, leads[slots[s]], past, past_leads[slots[s]], k, wave, models, features, score[n])
            n += 1


class ClassifierGroup:
    """Contexts of many streams of one lead count, in rows, each by view (see classifier_final); all beats in one call."""

    def __init__(self, n_leads: int, capacity: int = 1) -> None:
        self._blank = new_views(n_leads)
        self._context = tuple(np.stack([array] * capacity) for array in self._blank)

    def begin(self, slot: int) -> None:
        """Row `slot` is of a stream of which nothing is known; rows are added as needed."""
        lacking = slot + 1 - len(self._context[0])
        if lacking > 0:
            more = max(lacking, len(self._context[0]))
            self._context = tuple(
                np.concatenate([array, np.stack([blank] * more)])
                for array, blank in zip(self._context, self._blank, strict=True)
            )
        for array, blank in zip(self._context, self._blank, strict=True):
            array[slot] = blank

    def restart(self, slot: int) -> None:
        """After a gap: the next beat has no predecessor; what the patient's beats look like is kept."""
        self._context[0]["last_k"][slot] = -1

    def past(self, slot: int) -> npt.NDArray[Any]:
        """Long memory of a stream, PAST (n_views,), a view."""
        past: npt.NDArray[Any] = self._context[2][slot]
        return past

    def judge(self, slots: IntArray, count: IntArray, kernel_sample: IntArray, wave_mv: FloatArray) -> list[Verdict]:
        """Classes of beats.

        Args:
            slots: int64 (S,), rows of their streams; count: int64 (S,), how many of each.
            kernel_sample: int64 (S, B), indices of the fiducials at the kernel rate, in the order of time.
            wave_mv: float32 (S, B, n_leads, WAVE_LEN), conditioned signal, the fiducial in column FIDUCIAL.

        Returns:
            One verdict a beat, stream after stream.
        """
        n = int(count.sum())
        if n == 0:
            return []
        score, found = np.empty((n, _N_SCORES), np.float32), np.empty((n, 2), np.int64)
        _judge_all(slots, count, kernel_sample, wave_mv, self._context, (default_model(), final_model()), score, found)
        sure = confidences_of(found[:, 0], score[:, [3, 4, 2]]).tolist()
        rule_sure = confidences_of(found[:, 1], score[:, :3]).tolist()
        return [
            Verdict(_CLASSES[final], of_final, _CLASSES[rule], of_rule)
            for (final, rule), of_final, of_rule in zip(found.tolist(), sure, rule_sure, strict=True)
        ]

    def snapshot(self, slot: int) -> dict[str, bytes]:
        """Everything remembered of a stream."""
        return {name: array[slot].tobytes() for name, array in zip(_KEPT, self._context, strict=True)}

    def restore(self, slot: int, kept: dict[str, bytes]) -> None:
        """Puts a snapshot back.

        Raises:
            InvalidSignal: It is not a snapshot of this classifier's state.
        """
        self.begin(slot)
        for name, array in zip(_KEPT, self._context, strict=True):
            if len(kept.get(name, b"")) != array[slot].nbytes:
                raise InvalidSignal(
                    f"snapshot of {name} has {len(kept.get(name, b''))} bytes, not {array[slot].nbytes}"
                )
            array[slot] = np.frombuffer(kept[name], array.dtype).reshape(array[slot].shape)


@dataclass(slots=True)
class BeatClassifier:
    """One stream alone; beats are given in time order."""

    group: ClassifierGroup | None = None

    @property
    def past(self) -> npt.NDArray[Any] | None:
        """Its long memory, PAST (n_views,), a view; None before the first beat."""
        return None if self.group is None else self.group.past(0)

    def restart(self) -> None:
        """After a gap: the next beat has no predecessor; what the patient's beats look like is kept."""
        if self.group is not None:
            self.group.restart(0)

    def classify(self, kernel_sample: int, wave_mv: FloatArray, fiducial: int) -> Verdict:
        """Classes of one beat.

        Args:
            kernel_sample: Index of the fiducial at the kernel rate.
            wave_mv: float32 (n_leads, WAVE_LEN), conditioned signal around it.
            fiducial: Column of the fiducial.

        Returns:
            Its classes and their confidence, 0 to 1.

        Raises:
            ValueError: The waveform is cut otherwise than the classifier looks at it.
        """
        if fiducial != FIDUCIAL or wave_mv.shape[1] != WAVE_LEN:
            raise ValueError(
                f"waveform of {wave_mv.shape[1]} samples around {fiducial}, not {WAVE_LEN} around {FIDUCIAL}"
            )
        if self.group is None:
            self.group = ClassifierGroup(wave_mv.shape[0])
        wave = np.ascontiguousarray(wave_mv, np.float32)[None, None]
        one, at = np.ones(1, np.int64), np.array([[kernel_sample]])
        return self.group.judge(np.zeros(1, np.int64), one, at, wave)[0]


def confidences_of(found: IntArray, score: FloatArray) -> npt.NDArray[np.float64]:
    """Confidence of classes `found` (n,), 0-3, from the log odds (n, 3) of V, S and F."""
    p = 1.0 / (1.0 + np.exp(-score.astype(np.float64)))
    others = (1 - p[:, 0]) * (1 - p[:, 2])
    return np.choose(found, (others * (1 - p[:, 1]), others * p[:, 1], p[:, 0], p[:, 2]))
