"""Screening: the encoder's word on one window. It advises; rules protect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ScreeningStatus(Enum):
    """SCREENED, or UNSCREENED with the reason: an unscreened window leaves the flag raised."""

    SCREENED = "screened"
    UNSCREENED = "unscreened"


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A label of the encoder's manifest and its calibrated score, 0 to 1."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Screening:
    """Scores of one window; (stream_id, epoch, first_sample) is unique.

    Attributes:
        flags: Labels whose score passed the manifest's threshold, or "unscreened".
        provider: ONNX Runtime execution provider that really ran.
    """

    stream_id: str
    epoch: int
    first_sample: int
    end_sample: int
    fs_hz: float
    start_time_ns: int
    status: ScreeningStatus
    model_id: str
    provider: str
    scores: tuple[LabelScore, ...] = ()
    flags: tuple[str, ...] = ()
    detail: str = ""

    @property
    def flagged(self) -> bool:
        """True when the window goes to the cloud."""
        return bool(self.flags)
