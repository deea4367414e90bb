"""A beat as the rhythm rules see it: when, of what class, how ventricular, how like the others.

Pure; must not import the timeline or the rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ecg.beats.beat import Beat, BeatClass
from ecg.resample import KERNEL_FS_HZ

#: Log odds of a beat's shape and confidence of its label count up to this.
_SHAPE_LIMIT, _SUREST = 2.5, 0.95
#: A beat this like the usual one, and no faster than USUAL_RR_S, is the patient's own rhythm.
USUAL_LIKENESS, USUAL_RR_S = 0.9, 0.5


@dataclass(frozen=True, slots=True)
class SeenBeat:
    """A beat as the rules see it.

    Attributes:
        sample: Fiducial, kernel rate.
        rr_s: From the beat before; 0 after a break or at the start.
        label: The classifier's.
        ventricular: 0 to 1: how sure it is that the beat is ventricular.
        likeness: Correlation with the usual beat, mean of leads; 1 while that is not known.
        width_s: QRS width, mean of leads; 0 while not known.
        p_wave: Log of how far P waves stand out of their scatter, of the best lead; NaN where not measured.
        still: Whether nothing like a QRS lies in the interval before it; True for intervals that were not looked into.
        paced: Whether the classifier says so, or its shape.
        p_steady: Share of the power of the last six P windows or so that is alike, of the best lead; NaN where not measured.
        swing_mv: Peak to peak in the interval before it, of the lead that swings least; 0 where not looked into.
        alike: Correlation with the most similar shape seen before, of the best lead; 1 while that is not known.
        shown: The class that is written down and shown: what the rules of ectopy count.
        blocked_s: From the P wave of the beat before to one without a QRS, s; 0 where none was found, and for intervals
            below LONG_RR_S.
    """

    sample: int
    rr_s: float
    label: BeatClass
    ventricular: float
    likeness: float
    width_s: float
    p_wave: float = math.nan
    still: bool = True
    paced: bool = False
    swing_mv: float = 0.0
    alike: float = 1.0
    shown: BeatClass = BeatClass.UNKNOWN
    blocked_s: float = 0.0
    p_steady: float = math.nan

    @property
    def ectopic(self) -> bool:
        """Whether a nurse sees it drawn as ventricular; by `ventricular` where it has no class."""
        if self.shown is BeatClass.UNKNOWN:
            return self.ventricular >= 0.5
        return self.shown is BeatClass.VENTRICULAR

    @property
    def sample_before(self) -> int:
        """Fiducial of the beat before, kernel rate."""
        return self.sample - round(self.rr_s * KERNEL_FS_HZ)

    @property
    def usual(self) -> bool:
        """Whether it is a beat of the patient's own rhythm at a rate of its own."""
        return self.likeness >= USUAL_LIKENESS and self.ventricular < 0.5 and self.rr_s > USUAL_RR_S


def ventricular_share(beat: Beat, shape_logit: float | None) -> float:
    """How sure it is that a beat is ventricular: the log odds of its label and of its shape, added.

    The classifier knows the beat's timing too; the shape is compared with this patient's usual beat alone. Where one of
    them errs, in a rhythm it never saw, the other is heard.
    """
    if beat.label is BeatClass.PACED:
        return 0.0
    odds = 0.0 if shape_logit is None else min(max(shape_logit, -_SHAPE_LIMIT), _SHAPE_LIMIT)
    if beat.label is not BeatClass.UNKNOWN and beat.label is not BeatClass.FUSION:
        sure = min(max(beat.confidence, 0.5), _SUREST)
        by_label = math.log(sure / (1.0 - sure))
        odds += by_label if beat.label is BeatClass.VENTRICULAR else -by_label
    return 1.0 / (1.0 + math.exp(-odds))
