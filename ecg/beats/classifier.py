"""The class of a beat, when it becomes final.

Owns the seam the monitor calls, and a plain causal rule behind it: wide, early and unlike the rest is ventricular, early
and narrow is supraventricular. Must not import the monitor or the rules.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from ecg.beats.beat import BeatClass
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import FloatArray

#: An RR shorter than this part of the typical one is premature (de Chazal 2004 and common practice, 10-20 %).
EARLY = 0.85
#: Correlation with the running QRS below which the shape is another one.
UNLIKE = 0.75
#: QRS longer than this is wide, s (0.12 s by every criterion; the smoothed estimate here reads a little longer).
WIDE_S = 0.13
#: Kernel samples around the fiducial that hold the QRS.
_HALF = 25
_TYPICAL_RR = 8


@dataclass(slots=True)
class BeatClassifier:
    """State of one stream; beats are given in time order."""

    shapes: FloatArray | None = None  # (n_leads, 2 _HALF) running mean of the dominant shape, mV
    width_s: float = 0.0
    last_sample: int | None = None
    rr: deque[int] = field(default_factory=lambda: deque(maxlen=_TYPICAL_RR))

    def restart(self) -> None:
        """After a gap: the next beat has no predecessor; shapes are kept."""
        self.last_sample = None

    def classify(self, kernel_sample: int, wave_mv: FloatArray, fiducial: int) -> tuple[BeatClass, float]:
        """Class of one beat.

        Args:
            kernel_sample: Index of the fiducial at the kernel rate.
            wave_mv: float32 (n_leads, n), conditioned signal around it.
            fiducial: Column of the fiducial.

        Returns:
            Class and its confidence, 0 to 1.
        """
        qrs = wave_mv[:, fiducial - _HALF : fiducial + _HALF]
        qrs = qrs - qrs.mean(axis=1, keepdims=True)
        width_s = _width_s(qrs)
        rr = None if self.last_sample is None else kernel_sample - self.last_sample
        self.last_sample = kernel_sample
        if self.shapes is None:
            self.shapes, self.width_s = qrs.copy(), width_s
            return BeatClass.NORMAL, 0.5
        likeness = float((qrs * self.shapes).sum() / (np.linalg.norm(qrs) * np.linalg.norm(self.shapes) + 1e-9))
        typical = float(np.median(self.rr)) if self.rr else None
        early = rr is not None and typical is not None and rr < EARLY * typical
        unlike = likeness < UNLIKE
        wide = width_s > max(WIDE_S, 1.2 * self.width_s) or (width_s > WIDE_S and likeness < 0.4)
        if rr is not None and rr < 3 * KERNEL_FS_HZ:
            self.rr.append(rr)
        if unlike and wide:
            return BeatClass.VENTRICULAR, 0.9 if early else 0.7
        if unlike and early and likeness < 0.5:
            return BeatClass.VENTRICULAR, 0.6
        self.shapes += 0.1 * (qrs - self.shapes)
        self.width_s += 0.1 * (width_s - self.width_s)
        if early and not unlike:
            return BeatClass.SUPRAVENTRICULAR, 0.6
        return BeatClass.NORMAL, 0.9 if not early else 0.6


def _width_s(qrs: FloatArray) -> float:
    """Time over which the slope, all leads together, stays above a sixth of its largest, s."""
    slope = np.abs(np.diff(qrs, axis=1)).sum(axis=0)
    above = np.flatnonzero(slope > slope.max() / 6) if slope.size and slope.max() > 0 else np.zeros(0, np.int64)
    return float((above[-1] - above[0] + 1) / KERNEL_FS_HZ) if above.size else 0.0
