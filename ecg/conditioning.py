"""Conditioning: what every rule and detector works on, the stream at the kernel's rate and band.

Owns the block types that pass conditioned samples on, and the compiled pass over the samples that makes them: hold over
invalid samples, resample, band limit, baseline removal. Must not import the detector, the rules or the monitor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from ecg.filters import HIGHPASS_HZ, highpass_biquad
from ecg.quality.lead_quality import LeadQuality
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import INVALID_SAMPLE, FloatArray

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def kernel_to_stream(kernel_sample: int, fs_hz: float) -> int:
    """Nearest sample index of the stream's own rate for an index at the kernel rate."""
    return math.floor(kernel_sample * fs_hz / KERNEL_FS_HZ + 0.5)


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
        quality: One per lead, at the end of the block, the index that rules weigh a lead by (GroupSeconds.trust).
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


#: An invalid run this long at the input (s) is a dropout: what follows is a new level of the signal, not a step of it.
DROPOUT_S = 0.1
#: Bits of the per-sample flag.
VALID, STUCK = 1, 2
#: Equal consecutive samples for this long (s) are "stuck": a rail or a flat line, in no living ECG above its noise.
STUCK_S = 0.08

#: State of one lead between segments; arrays of it have shape (n_streams, n_leads).
CONDITION_STATE = np.dtype(
    [
        ("base_adu", "i8"),  # level that counts as 0: makes the result independent of a constant offset
        ("held_adu", "i8"),  # last valid value, relative to base
        ("same_run", "i4"),  # consecutive equal samples
        ("invalid_run", "i4"),
        ("started", "i4"),
        ("z1", "f8"),  # high-pass biquad, transposed direct form II
        ("z2", "f8"),
    ],
    align=True,
)

#: Samples of one phase that are worth being made together.
_TOGETHER = 3

_B0, _B1, _B2, _A1, _A2 = (float(c) for c in highpass_biquad(HIGHPASS_HZ, KERNEL_FS_HZ))


@numba.njit(cache=True, nogil=True)
def hold(
    samples: Any, off: bool, mv_per_adu: float, dropout: int, stuck: int, state: Any, level_mv: Any, flag: Any
) -> None:
    """Input samples to mV on a floating level, the last valid value held where there is none.

    Args:
        samples: int16 (n,).
        off: The device says the lead is off.
        mv_per_adu: 1 / gain.
        dropout, stuck: DROPOUT_S and STUCK_S in input samples.
        state: One CONDITION_STATE record, updated.
        level_mv: float32 (n,), filled.
        flag: uint8 (n,), filled with VALID | STUCK bits.
    """
    for i in range(samples.shape[0]):
        value = np.int64(samples[i])
        if off or value == INVALID_SAMPLE:
            state.invalid_run += 1
            state.same_run = 0
            flag[i] = 0
        else:
            if state.started == 0:
                state.started = 1
                state.base_adu = value
            elif state.invalid_run > dropout:
                state.base_adu = value - state.held_adu
            state.invalid_run = 0
            relative = value - state.base_adu
            state.same_run = state.same_run + 1 if relative == state.held_adu else 0
            state.held_adu = relative
            flag[i] = VALID | STUCK if state.same_run >= stuck else VALID
        level_mv[i] = np.float32(state.held_adu * mv_per_adu)


@numba.njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def _sums(rows: Any, first: int, taps: Any, out: Any) -> None:
    """Sets out[q] to the sum over i of taps[i] * x[first + i + q * n_rows], in the order of i, for every q at once.

    Args:
        rows: float32 (n_rows, n): x dealt out, rows[r, c] is x[r + c * n_rows]. So each tap reads a contiguous stretch.
    """
    n, n_rows = out.shape[0], rows.shape[0]
    out[:] = 0
    for i in range(0, taps.shape[0], 2):  # an even number of taps
        a, b = first + i, first + i + 1
        x, y = rows[a % n_rows, a // n_rows : a // n_rows + n], rows[b % n_rows, b // n_rows : b // n_rows + n]
        u, v = taps[i], taps[i + 1]
        for q in range(n):
            out[q] = out[q] + u * x[q] + v * y[q]


@numba.njit(cache=True, nogil=True, fastmath={"contract", "nsz"})
def _one_sum(x: Any, taps: Any) -> Any:
    """One of `_sums`, in the same order."""
    total = np.float32(0.0)
    for i in range(taps.shape[0]):
        total += taps[i] * x[i]
    return total


@numba.njit(cache=True, nogil=True)
def resample_lead(
    level_mv: Any, flag: Any, first_input: int, k_start: int, k_end: int, up: int, down: int, taps: Any, out: Any
) -> None:
    """Band-limited samples k_start..k_end at the kernel rate, the residue above the band, and validity.

    Samples `up` apart have the same taps and lie `down` apart at the input: they are made together.

    Args:
        level_mv, flag: (n_input,), input samples; element 0 is input sample `first_input`.
        up, down, taps: Of the ResamplePlan.
        out: Record of arrays low (m,), residue (m,), flag (m,), filled from 0.
    """
    low, residue, out_flag = out
    half, n_phases, m = taps.shape[1] // 2, taps.shape[0], k_end - k_start
    together = m >= _TOGETHER * up
    n = -(-level_mv.shape[0] // down) if together else 0
    rows = np.empty((down if together else 1, n), np.float32)
    if together:
        for r in range(down):
            row = rows[r]
            for c in range((level_mv.shape[0] - r + down - 1) // down):
                row[c] = level_mv[r + c * down]
    sums = np.empty(-(-m // up), np.float32)
    for j in range(min(up, m)):
        base, rest = (k_start + j) * down // up, (k_start + j) * down % up
        phase = rest if n_phases == up else rest * n_phases // up
        centre = base - first_input
        n = (m - j + up - 1) // up
        if together:
            _sums(rows, centre - half + 1, taps[phase], sums[:n])
        else:
            for q in range(n):
                at = centre - half + 1 + q * down
                sums[q] = _one_sum(level_mv[at : at + 2 * half], taps[phase])
        for q in range(n):
            low[j + q * up] = sums[q]
            residue[j + q * up] = level_mv[centre + q * down] - sums[q]
            out_flag[j + q * up] = flag[centre + q * down]


@numba.njit(cache=True, nogil=True)
def remove_baseline(low: Any, n: int, state: Any, out: Any, start: int) -> None:
    """0.5 Hz high-pass of low[:n] into out[start:start + n]."""
    z1, z2 = state.z1, state.z2
    for i in range(n):
        x = np.float64(low[i])
        y = _B0 * x + z1
        z1 = _B1 * x - _A1 * y + z2
        z2 = _B2 * x - _A2 * y
        out[start + i] = np.float32(y)
    state.z1, state.z2 = z1, z2
