"""The rhythm of a whole recording in one word: normal, atrial fibrillation, another rhythm, or too noisy to tell.

Owns what is gathered of a recording block by block, the features of the whole, and the judgement. The classes are those of
the PhysioNet/CinC Challenge 2017 (Clifford GD et al., Comput Cardiol 2017;44). Pure; must not import the monitor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt

from ecg.beats.beat import BeatClass
from ecg.conditioning import StreamBlock
from ecg.errors import InvalidSignal, ModelMismatch
from ecg.quality.lead_quality import LeadQuality, QualityProblem
from ecg.rhythm.record_intervals import INTERVAL_FEATURES, interval_features
from ecg.rhythm.record_model import RecordMember, class_probabilities, default_model
from ecg.rhythm.record_wave import WAVE_FEATURES, wave_features
from ecg.rhythm.seen_beat import SeenBeat
from ecg.segments import FloatArray

Features = dict[str, float]

_PROBLEMS = {
    "missing": QualityProblem.MISSING,
    "flat": QualityProblem.FLAT,
    "rail": QualityProblem.RAIL,
    "wander": QualityProblem.BASELINE_WANDER,
    "muscle": QualityProblem.MUSCLE_NOISE,
    "motion": QualityProblem.ELECTRODE_MOTION,
}
_LABELS = (BeatClass.SUPRAVENTRICULAR, BeatClass.VENTRICULAR, BeatClass.FUSION)
_BEAT_FEATURES = (
    *("ventricular_share", "ventricular_mean", "ventricular_most", "usual_likeness", "usual_likeness_10"),
    *(f"label_{label.value}" for label in _LABELS),
    *("beat_width_50_s", "beat_width_90_s", "p_wave", "p_wave_last", "p_wave_least", "p_wave_most"),
)
_QUALITY_FEATURES = (
    *("quality", "quality_least", "quality_10", "quality_50", "quality_below_half", "quality_below_third", "usable"),
    *(f"problem_{name}" for name in _PROBLEMS),
)
RECORD_FEATURES = INTERVAL_FEATURES + WAVE_FEATURES + _BEAT_FEATURES + _QUALITY_FEATURES
#: In the place of a feature that could not be measured: below every value they take.
MISSING = -9.0
#: Intervals longer than this are not the rhythm's, s: beats were lost.
_LONGEST_S = 6.0


class RecordClass(Enum):
    """Classes of CinC 2017, in the models' order."""

    NORMAL = "N"
    ATRIAL_FIBRILLATION = "A"
    OTHER = "O"
    NOISE = "~"


@dataclass(slots=True)
class RecordLook:
    """A recording as it is gathered.

    Attributes:
        signal: Conditioned blocks (n_leads, n), mV, kernel rate.
        beats: As the rules see them, in order, kernel samples.
        quality: Of each lead, after each block; usable: the artefact ladder's word then.
        first_sample: Kernel sample of column 0.
    """

    signal: list[FloatArray] = field(default_factory=list)
    beats: list[SeenBeat] = field(default_factory=list)
    quality: list[tuple[LeadQuality, ...]] = field(default_factory=list)
    usable: list[bool] = field(default_factory=list)
    first_sample: int = 0

    def take(self, beats: Sequence[SeenBeat], block: StreamBlock) -> None:
        """Takes in a block and all beats known after it; those seen before are not taken twice."""
        if not block.signal_mv.shape[1]:
            return
        if not self.signal:
            self.first_sample = block.first_sample
        last = self.beats[-1].sample if self.beats else -1
        self.beats.extend(beat for beat in beats if beat.sample > last)
        self.signal.append(block.signal_mv)
        self.quality.append(block.quality)
        self.usable.append(block.usable)

    def lead(self) -> int:
        """The lead to judge: of the best mean quality."""
        return int(np.mean([[lead.index for lead in leads] for leads in self.quality], axis=0).argmax())

    def features(self, lead: int) -> FloatArray:
        """float32 (len(RECORD_FEATURES),) of one lead, MISSING where not measured."""
        found = _beat_features(self.beats) | _quality_features([leads[lead] for leads in self.quality])
        found["usable"] = float(np.mean(self.usable))
        at = np.array([beat.sample - self.first_sample for beat in self.beats], np.int64)
        found |= wave_features(self.signal_of(lead).astype(np.float64), at)
        values = np.array([found.get(name, np.nan) for name in RECORD_FEATURES], np.float32)
        return np.where(np.isfinite(values), values, np.float32(MISSING))

    def signal_of(self, lead: int) -> FloatArray:
        """float32 (n,), one lead of all blocks."""
        return np.concatenate([block[lead] for block in self.signal])


def judge(
    look: RecordLook, members: Sequence[RecordMember] | None = None
) -> tuple[RecordClass, npt.NDArray[np.float64]]:
    """Class of a recording, and the probabilities (4,) of all.

    Args:
        look: What was gathered.
        members: Who judges; None for all members of the shipped model.

    Raises:
        InvalidSignal: Nothing was gathered.
        ModelMismatch: The shipped model knows other features.
    """
    if not look.signal:
        raise InvalidSignal("no signal: the rhythm of nothing has no class")
    model = default_model()
    if model.features != RECORD_FEATURES:
        raise ModelMismatch("the record class's model was made for other features: train it again")
    lead = look.lead()
    probability = class_probabilities(members or model.members, look.features(lead), look.signal_of(lead))
    return tuple(RecordClass)[int(probability.argmax())], probability


def _beat_features(beats: Sequence[SeenBeat]) -> Features:
    if not beats:
        return {}
    rr_s, sure = np.array([beat.rr_s for beat in beats]), np.array([beat.ventricular for beat in beats])
    known = (rr_s > 0) & (rr_s < _LONGEST_S)
    own = (sure < 0.5) & (np.concatenate((sure[:1], sure[:-1])) < 0.5)
    likeness, width_s = np.array([beat.likeness for beat in beats]), np.array([beat.width_s for beat in beats])
    found = interval_features(rr_s[known], own[known]) | {
        "ventricular_share": float((sure >= 0.5).mean()),
        "ventricular_mean": float(sure.mean()),
        "ventricular_most": float(sure.max()),
        "usual_likeness": float(likeness.mean()),
        "usual_likeness_10": float(np.percentile(likeness, 10)),
        "beat_width_50_s": float(np.median(width_s)),
        "beat_width_90_s": float(np.percentile(width_s, 90)),
    }
    for label in _LABELS:
        found[f"label_{label.value}"] = float(np.mean([beat.label is label for beat in beats]))
    p_wave = np.array([beat.p_wave for beat in beats])
    p_wave = p_wave[~np.isnan(p_wave)]
    if p_wave.size:
        found |= {"p_wave": float(p_wave.mean()), "p_wave_last": float(p_wave[-1])}
        found |= {"p_wave_least": float(p_wave[p_wave.size // 3 :].min()), "p_wave_most": float(p_wave.max())}
    return found


def _quality_features(seconds: Sequence[LeadQuality]) -> Features:
    index = np.array([second.index for second in seconds])
    found = {f"problem_{name}": float(np.mean([p in s.problems for s in seconds])) for name, p in _PROBLEMS.items()}
    return found | {
        "quality": float(index.mean()),
        "quality_least": float(index.min()),
        "quality_10": float(np.percentile(index, 10)),
        "quality_50": float(np.median(index)),
        "quality_below_half": float((index < 0.5).mean()),
        "quality_below_third": float((index < 0.3).mean()),
    }
