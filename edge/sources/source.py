"""The source protocol: what a device gives, as raw integers, and how floats become such integers.

A source has no clock: it is asked for what is due by a time, so that tests and replays at any speed run the same code.
Must not import the agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ecg.segments import INVALID_SAMPLE, Int16Array, Lead

#: Rails of the int16 wire format; INVALID_SAMPLE lies below the lower one.
MIN_ADU, MAX_ADU = -32767, 32767


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """What a device delivered since it was last asked.

    Attributes:
        fs_hz: Sampling frequency.
        leads: One per row of samples, each with its gain, baseline and electrode state.
        samples: int16 (n_leads, n_samples), INVALID_SAMPLE where there is none.
    """

    fs_hz: float
    leads: tuple[Lead, ...]
    samples: Int16Array


class Source(Protocol):
    """One ECG device."""

    @property
    def ended(self) -> bool:
        """True when nothing will come any more: a record that is not looped has been played."""
        ...

    def read(self, until_s: float) -> Chunk | None:
        """Everything that is due and was not delivered before.

        Args:
            until_s: Seconds since the source was started; never less than in the call before.

        Returns:
            The samples, None when the device has nothing new to say.

        Raises:
            InvalidSignal: The device or its file cannot be used.
        """
        ...


def to_adu(mv: npt.ArrayLike, gain_adu_per_mv: float, baseline_adu: int = 0) -> Int16Array:
    """Millivolts as the wire's integers: rounded, held at the rails, NaN and infinities as INVALID_SAMPLE.

    Args:
        mv: Any shape.
        gain_adu_per_mv: adu/mV.
        baseline_adu: adu at 0 mV.

    Returns:
        int16 of the same shape.
    """
    adu = np.asarray(mv, dtype=np.float64) * gain_adu_per_mv + baseline_adu
    known = np.isfinite(adu)
    held = np.clip(np.rint(np.where(known, adu, 0.0)), MIN_ADU, MAX_ADU).astype(np.int16)
    return np.where(known, held, np.int16(INVALID_SAMPLE))
