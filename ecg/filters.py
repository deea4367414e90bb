"""Filter designs of the kernel: pure numbers, no state.

Owns the impulse responses and biquads that conditioning and the detector run. Must not import anything of ecg but segments.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ecg.segments import FloatArray

DoubleArray = npt.NDArray[np.float64]

#: Half length of the resampling low-pass, s: short enough for the detector's delay, long enough to stop 50 Hz mains.
LOWPASS_HALF_S = 0.048
#: -6 dB point, Hz. With the half length above the response is flat to 20 Hz and more than 40 dB down from 60 Hz on.
LOWPASS_HZ = 37.0
#: Kaiser beta: about 50 dB of stop band.
LOWPASS_BETA = 4.0
#: Baseline removal, Hz (monitoring band of IEC 60601-2-27 begins at 0.67 Hz, diagnostic at 0.05 Hz).
HIGHPASS_HZ = 0.5


def lowpass_at(offset_s: DoubleArray, cutoff_hz: float) -> DoubleArray:
    """The resampling prototype: a Kaiser-windowed sinc, sampled at times `offset_s` from its centre (any shape)."""
    inside = np.abs(offset_s) <= LOWPASS_HALF_S
    taper = np.i0(LOWPASS_BETA * np.sqrt(np.clip(1 - (offset_s / LOWPASS_HALF_S) ** 2, 0, None))) / np.i0(LOWPASS_BETA)
    return np.asarray(np.where(inside, np.sinc(2 * cutoff_hz * offset_s) * taper, 0.0))


def highpass_biquad(cutoff_hz: float, fs_hz: float) -> DoubleArray:
    """Second-order Butterworth high-pass as (b0, b1, b2, a1, a2), a0 = 1, by the bilinear transform."""
    k = np.tan(np.pi * cutoff_hz / fs_hz)
    norm = 1 / (1 + np.sqrt(2) * k + k * k)
    return np.array([norm, -2 * norm, norm, 2 * (k * k - 1) * norm, (1 - np.sqrt(2) * k + k * k) * norm])


def quadrature_pair(centre_hz: float, sigma_s: float, half_samples: int, fs_hz: float) -> FloatArray:
    """Even and odd band-pass kernels whose root sum of squares is the envelope of a band.

    A QRS of any polarity and shape gives one hump of the envelope, which a rectified slope does not.

    Returns:
        float32 (2, 2 * half_samples + 1): Gabor kernels, both of zero mean and unit gain at `centre_hz`.
    """
    t = np.arange(-half_samples, half_samples + 1) / fs_hz
    bell = np.exp(-0.5 * (t / sigma_s) ** 2)
    even = bell * np.cos(2 * np.pi * centre_hz * t)
    even -= bell * even.sum() / bell.sum()  # no response to a constant
    odd = bell * np.sin(2 * np.pi * centre_hz * t)
    even /= np.abs(np.sum(even * np.exp(2j * np.pi * centre_hz * t)))
    odd /= np.abs(np.sum(odd * np.exp(2j * np.pi * centre_hz * t)))
    return np.stack([even, odd]).astype(np.float32)
