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
from ecg.segments import FloatArray

_CLASSES = (BeatClass.NORMAL, BeatClass.SUPRAVENTRICULAR, BeatClass.VENTRICULAR, BeatClass.FUSION)
_N_SCORES = 5


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


@dataclass(slots=True)
class BeatClassifier:
    """State of one stream, by view (see classifier_final); beats are given in time order."""

    stream: npt.NDArray[Any] | None = None
    leads: npt.NDArray[Any] | None = None
    past: npt.NDArray[Any] | None = None
    past_leads: npt.NDArray[Any] | None = None

    def restart(self) -> None:
        """After a gap: the next beat has no predecessor; what the patient's beats look like is kept."""
        if self.stream is not None:
            self.stream["last_k"] = -1

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
        if self.stream is None or self.leads is None:
            self.stream, self.leads, self.past, self.past_leads = new_views(wave_mv.shape[0])
        features, score = np.empty((self.stream.size, N_FINAL), np.float32), np.empty(_N_SCORES, np.float32)
        wave = np.ascontiguousarray(wave_mv, np.float32)
        models = (default_model(), final_model())
        found, for_rules = _judge(
            self.stream, self.leads, self.past, self.past_leads, kernel_sample, wave, models, features, score
        )
        of_final = score[[3, 4, 2]]
        return Verdict(
            _CLASSES[found], confidence_of(found, of_final), _CLASSES[for_rules], confidence_of(for_rules, score[:3])
        )


def confidence_of(found: int, score: FloatArray) -> float:
    """Confidence of class `found` (0-3) from the log odds (3,) of V, S and F."""
    p = 1.0 / (1.0 + np.exp(-score.astype(np.float64)))
    others = (1 - p[0]) * (1 - p[2])
    return float((others * (1 - p[1]), others * p[1], p[0], p[2])[found])
