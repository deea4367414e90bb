"""Conditioning: what every rule and detector works on, the stream at the kernel's rate and band.

Owns the block types that pass conditioned samples on. Must not import the detector, the rules or the monitor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.quality.lead_quality import LeadQuality
from ecg.segments import FloatArray

#: Rate of everything behind conditioning, Hz: enough for a 40 Hz band, common to monitors, whole ratio to most others.
KERNEL_FS_HZ = 250

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def kernel_to_stream(kernel_sample: int, fs_hz: float) -> int:
    """Nearest sample index of the stream's own rate for an index at the kernel rate."""
    return int(np.floor(kernel_sample * fs_hz / KERNEL_FS_HZ + 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class StreamBlock:
    """Conditioned samples of one stream that became available with one segment.

    Consecutive blocks of an epoch join without overlap: this block's first_sample is the last one's end_sample unless a
    gap lies between (then it jumps forward and everything that remembers must start over). Samples come about 0.05 s
    after the segment they stand for (the filters' look-ahead), so a block is not aligned with its segment, and its
    length varies with the chunking: anything that must not depend on chunking works per sample index, not per block.

    Attributes:
        fs_hz: KERNEL_FS_HZ (250).
        stream_fs_hz: Sampling frequency of the stream itself.
        first_sample: Index at the kernel rate of column 0; index 0 is the epoch's sample 0. Filter delay is
            compensated: a beat at kernel sample k is the QRS seen at signal_mv[:, k - first_sample] of its block.
        signal_mv: float32 (n_leads, n), 0.5-40 Hz, finite everywhere (held or 0 where not valid).
        valid: bool (n_leads, n), False where nothing was received or the lead is off.
        lead_names: One per row.
        quality: One per lead, at the end of the block.
        usable: False while the artefact ladder says the signal cannot be judged (level 1 or 2): only lethal rules go on.
    """

    fs_hz: int
    stream_fs_hz: float
    first_sample: int
    signal_mv: FloatArray
    valid: BoolArray
    lead_names: tuple[str, ...]
    quality: tuple[LeadQuality, ...]
    usable: bool = True

    @property
    def end_sample(self) -> int:
        """Index at the kernel rate after the last sample."""
        return self.first_sample + int(self.signal_mv.shape[1])

    def to_stream_sample(self, kernel_sample: int) -> int:
        """Nearest sample index of the stream's own rate."""
        return kernel_to_stream(kernel_sample, self.stream_fs_hz)


@dataclass(frozen=True, slots=True, eq=False)
class GroupBlock:
    """The same for S streams of one sampling frequency and lead count, for work that is vectorised across streams.

    Attributes:
        first_sample: int64 (S,), kernel-rate index of column 0 of each stream.
        n_samples: int64 (S,), columns that hold samples; they may differ by one between streams.
        signal_mv: float32 (S, n_leads, n_max), 0.5-40 Hz.
        valid: bool (S, n_leads, n_max).
    """

    fs_hz: int
    stream_fs_hz: float
    first_sample: IntArray
    n_samples: IntArray
    signal_mv: FloatArray
    valid: BoolArray
