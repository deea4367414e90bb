"""Resampling from any rate to the kernel's, causal and independent of chunking.

Owns the polyphase plan. The low-pass of the plan is also the band limit of the kernel, so that one pass over the samples
does both. Must not import anything above ecg.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from ecg.checked import checked_rate
from ecg.filters import LOWPASS_HALF_S, LOWPASS_HZ, lowpass_at
from ecg.segments import FloatArray

#: Rate of everything behind conditioning, Hz: enough for a 40 Hz band, common to monitors, whole ratio to most others.
KERNEL_FS_HZ = 250
#: Phases of the table for rates whose ratio to 250 Hz is not a small fraction: 1/512 of a sample at worst.
MAX_PHASES = 256


@dataclass(frozen=True, slots=True, eq=False)
class ResamplePlan:
    """How kernel sample k is made: a dot product of 2 * half input samples around position k * down / up.

    Attributes:
        up, down: Input position of kernel sample k is k * down / up.
        half: Input samples on either side; sample k can be computed once input floor(k * down / up) + half is there.
        taps: float32 (n_phases, 2 * half), one row per fractional position, rows sum to 1.
    """

    up: int
    down: int
    half: int
    taps: FloatArray

    def kernel_end(self, input_end: int) -> int:
        """Kernel samples [0, end) can be computed from input samples [0, input_end)."""
        return max(0, -((-(input_end - self.half) * self.up) // self.down))

    def kernel_start(self, first_sample: int) -> int:
        """First kernel sample at or after an input sample: where a stream starts or starts over."""
        return -((-first_sample * self.up) // self.down)


@cache
def plan(fs_hz: float) -> ResamplePlan:
    """The plan for one input rate.

    Args:
        fs_hz: Input sampling frequency, Hz.

    Returns:
        A plan, shared between callers.

    Raises:
        InvalidSignal: The rate is impossible.
    """
    ratio = Fraction(checked_rate(fs_hz)).limit_denominator(10_000) / KERNEL_FS_HZ
    up, down = ratio.denominator, ratio.numerator
    half = int(np.ceil(LOWPASS_HALF_S * fs_hz))
    n_phases = min(up, MAX_PHASES)
    fraction = np.arange(n_phases) / n_phases
    offset_s = (np.arange(-half + 1, half + 1)[None, :] - fraction[:, None]) / fs_hz
    taps = lowpass_at(offset_s, min(LOWPASS_HZ, 0.42 * fs_hz))
    taps /= taps.sum(axis=1, keepdims=True)
    return ResamplePlan(up, down, half, np.ascontiguousarray(taps, np.float32))
