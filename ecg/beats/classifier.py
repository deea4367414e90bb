"""The class of a beat, when it becomes final: its features against the patient's own context, judged by the shipped model.

Owns the seam the monitor calls and the context of one stream. A class is given once, with the beat, and uses nothing
after the 0.28 s of waveform behind the fiducial: rhythm rules need ventricular beats at once. Must not import the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from ecg.beats.beat import BeatClass
from ecg.beats.classifier_features import N_FEATURES, features_into
from ecg.beats.classifier_learning import learn, new_context
from ecg.beats.classifier_model import decide, default_model, score_into
from ecg.beats.classifier_state import FIDUCIAL, WAVE_LEN
from ecg.segments import FloatArray

_CLASSES = (BeatClass.NORMAL, BeatClass.SUPRAVENTRICULAR, BeatClass.VENTRICULAR, BeatClass.FUSION)
_N_SCORES = 3


@numba.njit(cache=True, nogil=True)
def _judge(stream: Any, leads: Any, k: int, wave: Any, model: Any, features: Any, score: Any) -> int:
    features_into(stream[0], leads, k, wave, features)
    score_into(model, features, score)
    learn(stream[0], leads, wave, features)
    return int(decide(model, score))


@dataclass(slots=True)
class BeatClassifier:
    """State of one stream; beats are given in time order."""

    stream: npt.NDArray[Any] | None = None
    leads: npt.NDArray[Any] | None = None

    def restart(self) -> None:
        """After a gap: the next beat has no predecessor; what the patient's beats look like is kept."""
        if self.stream is not None:
            self.stream["last_k"] = -1

    def classify(self, kernel_sample: int, wave_mv: FloatArray, fiducial: int) -> tuple[BeatClass, float]:
        """Class of one beat.

        Args:
            kernel_sample: Index of the fiducial at the kernel rate.
            wave_mv: float32 (n_leads, WAVE_LEN), conditioned signal around it.
            fiducial: Column of the fiducial.

        Returns:
            Class and its confidence, 0 to 1.

        Raises:
            ValueError: The waveform is cut otherwise than the classifier looks at it.
        """
        if fiducial != FIDUCIAL or wave_mv.shape[1] != WAVE_LEN:
            raise ValueError(
                f"waveform of {wave_mv.shape[1]} samples around {fiducial}, not {WAVE_LEN} around {FIDUCIAL}"
            )
        if self.stream is None or self.leads is None:
            self.stream, self.leads = new_context(wave_mv.shape[0])
        features, score = np.empty(N_FEATURES, np.float32), np.empty(_N_SCORES, np.float32)
        wave = np.ascontiguousarray(wave_mv, np.float32)
        found = _judge(self.stream, self.leads, kernel_sample, wave, default_model(), features, score)
        return _CLASSES[found], confidence_of(found, score)


def confidence_of(found: int, score: FloatArray) -> float:
    """Confidence of class `found` (0-3) from the log odds (3,) of V, S and F."""
    p = 1.0 / (1.0 + np.exp(-score.astype(np.float64)))
    others = (1 - p[0]) * (1 - p[2])
    return float((others * (1 - p[1]), others * p[1], p[0], p[2])[found])
