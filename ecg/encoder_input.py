"""What the screening encoder is fed: windows of any rate and leads in one form, the same for training and serving.

Owns the resampling, the band and the missing-sample policy of the encoder's input, and nothing of the encoder itself.
Resampling and band are one product in the frequency domain, so that a batch costs two FFTs per lead. Must not import
onnxruntime or torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np
import numpy.typing as npt
from scipy import fft

from ecg.checked import checked_rate
from ecg.errors import InvalidSignal
from ecg.leads import lead_index
from ecg.segments import FloatArray

#: The form every encoder of ours takes (manifest fields fs_hz, window_s must say the same).
ENCODER_FS_HZ = 250
ENCODER_WINDOW_S = 10.0
ENCODER_SAMPLES = round(ENCODER_FS_HZ * ENCODER_WINDOW_S)
#: Band of an ECG monitor. Source: AHA/ACC/HRS 2007 recommendations, part I (0.5-40 Hz monitoring).
LOW_HZ, HIGH_HZ = 0.5, 40.0
#: Nothing cardiac is larger; what is, is a defibrillation or a rail and would swamp the batch.
CLIP_MV = 5.0
#: A lead with less than this share of its samples is masked out.
MIN_VALID = 0.5
#: Mirrored on both sides before the transform, so that the window's two ends do not meet as a step.
_PAD_S = 1.0
#: Rows that go through the steps together: few enough to stay in the processor's cache.
_CHUNK_ROWS = 8


@dataclass(frozen=True, slots=True, eq=False)
class EncoderInput:
    """A batch as the encoder takes it; the names are those of the ONNX inputs.

    Attributes:
        signal: float32 (B, n_leads, 2500), mV at 250 Hz, 0.5-40 Hz, finite, within ±CLIP_MV; 0 where masked.
        lead_index: int64 (B, n_leads), 0-11 in the order of STANDARD_LEADS, 12 unknown.
        lead_mask: float32 (B, n_leads), 1 where the lead is there, 0 where it is not.
    """

    signal: FloatArray
    lead_index: npt.NDArray[np.int64]
    lead_mask: FloatArray


def prepare(signal_mv: FloatArray, fs_hz: float, lead_names: Sequence[Sequence[str]]) -> EncoderInput:
    """Windows of one shape as encoder input.

    Args:
        signal_mv: float32 (B, n_leads, n_samples), mV, NaN where nothing was received; 10 s, or less: then the rest of
            the 10 s counts as not received.
        fs_hz: Sampling frequency of the windows, Hz.
        lead_names: B tuples of n_leads names.

    Returns:
        The batch, in the order given.

    Raises:
        InvalidSignal: The windows are longer than 10 s, empty, at an impossible rate, or not named lead by lead.
    """
    if signal_mv.ndim != 3 or 0 in signal_mv.shape:
        raise InvalidSignal(f"encoder input must be (B, n_leads, n_samples), not {signal_mv.shape}")
    if signal_mv.dtype.kind not in "fiu":
        raise InvalidSignal(f"encoder input is made of real numbers, not of {signal_mv.dtype}")
    checked_rate(fs_hz)
    n_windows, n_leads, n_given = signal_mv.shape
    n_samples = round(fs_hz * ENCODER_WINDOW_S)
    if n_given > n_samples:
        raise InvalidSignal(f"a window of {n_given} samples at {fs_hz:g} Hz is longer than {ENCODER_WINDOW_S:g} s")
    if len(lead_names) != n_windows or any(len(names) != n_leads for names in lead_names):
        raise InvalidSignal(f"{n_windows} windows of {n_leads} leads need as many tuples of as many lead names")
    index = np.array([[lead_index(name) for name in names] for names in lead_names], np.int64)  # (B, n_leads)

    rows = np.ascontiguousarray(signal_mv, np.float32).reshape(n_windows * n_leads, n_given)
    pad = min(round(_PAD_S * fs_hz), n_samples - 1)
    n_out = round((n_samples + 2 * pad) * ENCODER_FS_HZ / fs_hz)
    first = round(pad * ENCODER_FS_HZ / fs_hz)
    gain = _gain(n_samples + 2 * pad, n_out, fs_hz)
    out = np.empty((rows.shape[0], ENCODER_SAMPLES), np.float32)
    mask = np.empty(rows.shape[0], np.float32)
    for begin in range(0, rows.shape[0], _CHUNK_ROWS):
        chunk = slice(begin, begin + _CHUNK_ROWS)
        mirrored = _mirrored(rows[chunk], n_samples, pad, MIN_VALID, mask[chunk])
        spectrum = fft.rfft(mirrored, axis=1)[:, : gain.size]
        spectrum *= gain
        _clipped(fft.irfft(spectrum, n=n_out, axis=1, overwrite_x=True), first, CLIP_MV, mask[chunk], out[chunk])
    shape = (n_windows, n_leads)
    return EncoderInput(out.reshape(*shape, ENCODER_SAMPLES), index, mask.reshape(shape))


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _sum_of_finite(row):  # type: ignore[no-untyped-def]
    """Sum of the finite values of a row (n,), in any order, and how many they are."""
    total, count = 0.0, 0
    for i in range(row.shape[0]):
        is_finite = abs(row[i]) < np.inf
        total += np.float64(row[i]) if is_finite else 0.0
        count += is_finite
    return total, count


@numba.njit(cache=True, nogil=True)
def _mirrored(rows, n_samples, pad, min_valid, mask):  # type: ignore[no-untyped-def]
    """(R, n_given) mV to (R, n_samples + 2 pad): mean removed, what is missing on it, both ends mirrored; fills mask."""
    n_rows, n_given = rows.shape
    out = np.zeros((n_rows, n_samples + 2 * pad), np.float32)
    for r in range(n_rows):
        total, count = _sum_of_finite(rows[r])
        mask[r] = 1.0 if count >= min_valid * n_samples else 0.0
        if mask[r] == 0.0:
            continue
        mean = np.float32(total / count)
        row, given = out[r], rows[r]
        middle = row[pad : pad + n_given]
        for i in range(n_given):
            middle[i] = given[i] - mean if abs(given[i]) < np.inf else np.float32(0.0)
        for i in range(pad):
            row[i] = row[2 * pad - i]
            row[pad + n_samples + i] = row[pad + n_samples - 2 - i]
    return out


@numba.njit(cache=True, nogil=True)
def _clipped(rows, first, limit, mask, out):  # type: ignore[no-untyped-def]
    """Cuts the window out of the mirrored rows, within the limit, 0 where masked."""
    for r in range(out.shape[0]):
        row, cut, scale = out[r], rows[r, first:], mask[r]
        for i in range(row.shape[0]):
            row[i] = min(max(cut[i] * scale, -limit), limit)


@lru_cache(maxsize=64)
def _gain(n_in: int, n_out: int, fs_hz: float) -> FloatArray:
    """Gain per FFT bin: Butterworth magnitudes run forward and backward (order 2 high-pass, order 4 low-pass)."""
    n_bins = min(n_in, n_out) // 2 + 1
    hz = np.arange(n_bins) * fs_hz / n_in
    low = np.zeros(n_bins)
    low[1:] = 1 / (1 + (LOW_HZ / hz[1:]) ** 4)
    gain: FloatArray = (low / (1 + (hz / HIGH_HZ) ** 8) * n_out / n_in).astype(np.float32)
    gain.flags.writeable = False
    return gain
