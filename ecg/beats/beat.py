"""The beat: one ventricular activation, where it is and what class it has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class BeatClass(Enum):
    """AAMI EC57 classes, by WFDB mnemonic; PACED is EC57's Q drawn as the device saw it."""

    NORMAL = "N"
    SUPRAVENTRICULAR = "S"
    VENTRICULAR = "V"
    FUSION = "F"
    UNKNOWN = "Q"
    PACED = "/"


@dataclass(frozen=True, slots=True)
class Beat:
    """One QRS.

    Attributes:
        sample: Index of the fiducial (R peak or main deflection) in the stream's own sampling frequency.
        label: Class; UNKNOWN until classified.
        confidence: 0 to 1, of the class.
    """

    sample: int
    label: BeatClass = BeatClass.UNKNOWN
    confidence: float = 0.0

    @property
    def shown(self) -> BeatClass:
        """The class that is written down and shown."""
        return self.label


@dataclass(frozen=True, slots=True)
class JudgedBeat(Beat):
    """A beat as the rhythm rules take it: `label` is the class on which the lethal rules' thresholds were fitted.

    Attributes:
        shown: The class that is written down and shown, which knows minutes of the patient (ecg.beats.classifier_final).
    """

    shown: BeatClass = BeatClass.UNKNOWN
