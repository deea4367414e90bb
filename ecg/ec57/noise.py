"""Noise stress (`nst`): adds recorded noise to an ECG at a chosen signal-to-noise ratio, by the EC57 recipe.

Owns the amplitude measurements (`sigamp`), the on-off protocol and the mixing, all in integer ADC units, so that
record 118 with `em` at 6 dB comes out as `nstdb/118e06`, bit for bit. Pure; must not read files.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from ecg.annotations import Annotations, Code
from ecg.ec57.times import format_time, parse_time, samples_of
from ecg.errors import InvalidSignal

MAX_MEASUREMENTS = 300  # sigamp measures at most this many beats, or seconds
CLEAN_S = 300.0  # the first 5 minutes stay clean, for the learning period
STEP_S = 120.0  # then 2 minutes with noise, 2 without, and so on
HALF_QRS_S = 0.05  # the peak-to-peak amplitude is that of 50 ms either side of the mark

# Codes whose beats count as normal when the amplitude of the ECG is measured (`map1`): all that are not PVC, fusion
# or learning; supraventricular, paced and unknown beats are among them.
_NORMAL_CODES = np.array([1, 2, 3, 4, 7, 8, 9, 11, 12, 13, 25, 34, 35, 38], dtype=np.int8)

Adu = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class NoiseStep:
    """From `sample` on, noise is multiplied by `gains` (one a signal) before it is added."""

    sample: int
    gains: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NoisyRecord:
    """What `nst` makes.

    Attributes:
        adu: (n_samples, n_leads) int32 ADC units, the ECG's ADC zero taken off.
        protocol: When the noise is switched, and how loud it is.
    """

    adu: NDArray[np.int32]
    protocol: tuple[NoiseStep, ...]


def add_noise(
    ecg_adu: Adu, noise_adu: Adu, annotations: Annotations, snr_db: float, *, adc_zero: int | Adu = 0
) -> NoisyRecord:
    """Adds noise to an ECG, as `nst -i ECG NOISE -s SNR`.

    Args:
        ecg_adu: (n_samples, n_leads) ADC units, offset included.
        noise_adu: (n_noise, n_noise_leads) ADC units at the same sampling frequency; used again from its start when
            it ends; lead i gets noise lead i modulo n_noise_leads.
        annotations: Of the ECG; normal beats measure its amplitude.
        snr_db: Signal-to-noise ratio in dB: 10 log10 of the power of the QRS (peak to peak squared over 8) over
            that of the noise.
        adc_zero: Of the ECG, one or one a lead; taken off the output.

    Raises:
        InvalidSignal: There is no beat or no second of noise to measure, or an amplitude is zero.
    """
    loud = noise_gains(ecg_adu, noise_adu, annotations, snr_db)
    protocol = on_off_protocol(loud, len(ecg_adu), annotations.fs)
    return NoisyRecord(mix(ecg_adu, noise_adu, protocol, adc_zero=adc_zero), protocol)


def noise_gains(ecg_adu: Adu, noise_adu: Adu, annotations: Annotations, snr_db: float) -> tuple[float, ...]:
    """Factor for each lead's noise that makes `snr_db`, as `nst` computes it."""
    signal = qrs_amplitude(ecg_adu, annotations)
    noise = rms_amplitude(noise_adu, annotations.fs)
    ratio = 10.0 ** (snr_db / -20.0) * sqrt(2.0) / 4.0  # RMS noise over peak-to-peak signal
    return tuple(ratio * amplitude / noise[i % len(noise)] for i, amplitude in enumerate(signal))


def qrs_amplitude(adu: Adu, annotations: Annotations) -> list[float]:
    """Peak-to-peak QRS amplitude of each lead: the trimmed mean over the first 300 normal beats (`sigamp -a`).

    Args:
        adu: (n_samples, n_leads) ADC units.
        annotations: Of the same record.
    """
    half = samples_of(HALF_QRS_S, annotations.fs)
    # A window that begins before the record is read as many samples after its start: `isigsettime` drops the sign.
    first = np.abs(annotations.sample[np.isin(annotations.code, _NORMAL_CODES)][:MAX_MEASUREMENTS] - half)
    width = 2 * half + 1
    late = np.flatnonzero(first + width > len(adu))
    first = first[: late[0]] if late.size else first  # sigamp stops at the first window that leaves the record
    if not first.size:
        raise InvalidSignal("no normal beats to measure the amplitude of the ECG by")
    windows = adu[first[:, None] + np.arange(width)]  # (n_beats, width, n_leads)
    return _trimmed_mean(np.ptp(windows, axis=1).astype(np.float64), "ECG")


def rms_amplitude(adu: Adu, fs: float) -> list[float]:
    """RMS amplitude of each lead: the trimmed mean over the first 300 seconds, each less its own mean (`sigamp`).

    Args:
        adu: (n_samples, n_leads) ADC units.
        fs: Sampling frequency in Hz.
    """
    width = samples_of(1.0, fs)
    n = min(MAX_MEASUREMENTS, len(adu) // width)
    if n < 1:
        raise InvalidSignal("less than a second of noise to measure")
    seconds = adu[: n * width].reshape(n, width, -1).astype(np.int64)  # (n, width, n_leads)
    mean = seconds.sum(axis=1) / width
    deviation = np.trunc(seconds - mean[:, None, :])  # sigamp keeps the difference in an int
    return _trimmed_mean(np.sqrt((deviation * deviation).sum(axis=1) / width), "noise")


def _trimmed_mean(amplitudes: NDArray[np.float64], what: str) -> list[float]:
    """Mean of each column without its lowest and highest twentieth, to six digits: nst reads sigamp's printed text."""
    cut = len(amplitudes) // 20
    kept = np.sort(amplitudes, axis=0)[cut : len(amplitudes) - cut]
    means = [_six_digits(sum(column) / len(kept)) for column in kept.T.tolist()]
    if not all(means):
        raise InvalidSignal(f"{what} lead {means.index(0.0)} has no amplitude: the noise cannot be scaled")
    return means


def _six_digits(value: float) -> float:
    return float(f"{value:g}")


def on_off_protocol(gains: tuple[float, ...], n_samples: int, fs: float) -> tuple[NoiseStep, ...]:
    """The protocol of EC57: 5 minutes clean, then 2 minutes with noise and 2 without, to the end.

    Args:
        gains: Factor of each lead's noise when it is on; kept to the six digits that nst writes.
        n_samples: Length of the ECG.
        fs: Sampling frequency in Hz.
    """
    loud, quiet = tuple(_six_digits(gain) for gain in gains), (0.0,) * len(gains)
    end = parse_time(format_time(n_samples, fs), fs)  # through text and back, as nst does: to the nearest ms
    starts = range(samples_of(CLEAN_S, fs), end, samples_of(STEP_S, fs))
    steps = [NoiseStep(at, quiet if i % 2 else loud) for i, at in enumerate(starts)]
    return (*steps, NoiseStep(end, quiet))


def protocol_of(annotations: Annotations, n_leads: int) -> tuple[NoiseStep, ...]:
    """A protocol from its annotation file (`nst -p`): notes of one gain a lead.

    A note with fewer numbers leaves the other leads as they were.
    """
    steps: list[NoiseStep] = []
    gains = [0.0] * n_leads
    for i in np.flatnonzero(annotations.code == Code.NOTE).tolist():
        fields = annotations.aux_note[i].split()
        if not fields:
            continue
        try:
            gains[: len(fields[:n_leads])] = [float(field) for field in fields[:n_leads]]
        except ValueError as error:
            raise InvalidSignal(f"protocol note {annotations.aux_note[i]!r} is not a list of gains") from error
        steps.append(NoiseStep(int(annotations.sample[i]), tuple(gains)))
    if not steps:
        raise InvalidSignal("the protocol has no notes with gains")
    return tuple(steps)


def mix(ecg_adu: Adu, noise_adu: Adu, protocol: tuple[NoiseStep, ...], *, adc_zero: int | Adu = 0) -> NDArray[np.int32]:
    """Adds noise by a protocol; offsets are shifted at every switch so that the signal does not jump.

    The output ends at the last step of the protocol (or with the ECG). Samples of the ECG that are missing
    (-32768) stay missing; in `nst` every sample after the first missing one is missing too, which is not kept.

    Args:
        ecg_adu: (n_samples, n_leads) ADC units.
        noise_adu: (n_noise, n_noise_leads) ADC units.
        protocol: Steps in time order.
        adc_zero: Of the ECG, one or one a lead.

    Returns:
        (n, n_leads) int32 ADC units.
    """
    n, n_leads = min(len(ecg_adu), protocol[-1].sample), ecg_adu.shape[1]
    lead_of = np.arange(n_leads) % noise_adu.shape[1]
    zero = np.broadcast_to(np.asarray(adc_zero), (n_leads,)).astype(np.float64)
    made = np.zeros((n, n_leads), dtype=np.float64)
    gains, shift = np.zeros(n_leads), np.zeros(n_leads)
    wraps = set(range(len(noise_adu) - 1, n, len(noise_adu)))
    switches = {step.sample: step for step in protocol if step.sample < n}
    edges = sorted({0, n, *wraps, *switches})
    noise_from = 0
    for first, last in pairwise(edges):
        before = made[first - 1] if first else np.zeros(n_leads)
        if first in switches and first:
            # nst looks at the last sample, after its ADC zero has been taken off.
            gains = np.array(switches[first].gains)
            old_noise = noise_adu[(first - 1 - noise_from)][lead_of]
            shift = np.trunc(ecg_adu[first - 1] - zero + gains * old_noise - before)
        elif first in switches:
            gains = np.array(switches[first].gains)
        if first in wraps:
            # nst starts the noise again one sample early, and looks at this sample before its ADC zero is taken off,
            # so that the signal drops by that zero when the noise ends. Kept: nstdb was made so.
            noise_from = first
            shift = np.trunc(ecg_adu[first] + gains * noise_adu[0][lead_of] - before)
        noise = noise_adu[first - noise_from : last - noise_from][:, lead_of]
        made[first:last] = np.trunc(ecg_adu[first:last] - zero + gains * noise - shift)
    missing = ecg_adu[:n] == -32768
    made[missing] = -32768
    return made.astype(np.int32)
