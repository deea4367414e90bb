"""Problems of signal quality laid on clean recordings in known stretches: what the figures of each kind are counted on.

Owns where the stretches lie, how each problem is made, and which part of the noise stress test database serves for what.
Noise is mixed by the recipe of EC57 (ecg.ec57.noise); what has no recording (flat line, rail, lead off, missing samples) is
made here. Must not run the kernel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, resample_poly, sosfilt

from ecg.annotations import Annotations, Code
from ecg.conditioning import BoolArray
from ecg.ec57.noise import NoiseStep, mix, noise_gains, qrs_amplitude
from ecg.quality import QualityProblem
from ecg.segments import INVALID_SAMPLE, Int16Array
from edge.sources.wfdb_replay import Recording, read_recording

#: A recording's first seconds stay clean, then each stretch with the problem is followed by one without.
LEAD_IN_S, STRETCH_S, LENGTH_S = 60, 30, 480
#: The kernel judges four seconds at a time. A second counts as disturbed from the third of its stretch on; the first two, and
#: the five after the end, count as neither.
ONSET_S, AFTER_S = 2, 5
#: Steps of the noise stress test, dB (EC57).
SNR_DB = (24, 18, 12, 6, 0, -6)
#: Records of nstdb (Moody 1984) and what they hold.
NOISES = {
    "bw": QualityProblem.BASELINE_WANDER,
    "ma": QualityProblem.MUSCLE_NOISE,
    "em": QualityProblem.ELECTRODE_MOTION,
}
#: The made problems and the ways they come about.
MADE = {
    QualityProblem.LEAD_OFF: ("device", "no_samples", "rail", "hum"),
    QualityProblem.FLAT: ("constant", "quantised"),
    QualityProblem.RAIL: ("clipped", "standing"),
    QualityProblem.MISSING: ("scattered", "bursts"),
}
#: What comes along with a made problem: an open input hums, lies flat or stands at a rail; what is clipped drifts.
_ALSO = {
    **{way: int(QualityProblem.FLAT | QualityProblem.RAIL | QualityProblem.MUSCLE_NOISE) for way in ("rail", "hum")},
    **{way: int(QualityProblem.MISSING) for way in ("device", "no_samples")},
    "standing": int(QualityProblem.LEAD_OFF),
    "clipped": int(QualityProblem.BASELINE_WANDER),
}
#: The three noises of nstdb hold something of each other (em "with significant amounts of baseline wander and muscle noise
#: as well", physionet.org/content/nstdb). A noise that by itself has, within the judged four seconds, so large a part of the
#: QRS's peak-to-peak amplitude as drift (range of second means), above 20 Hz or between 1 and 10 Hz (root mean square) holds
#: that kind too; limits chosen before any figure was looked at.
_HOLDS = (
    (QualityProblem.BASELINE_WANDER, 0.2),
    (QualityProblem.MUSCLE_NOISE, 0.02),
    (QualityProblem.ELECTRODE_MOTION, 0.1),
)
_JUDGED_S = 4
#: Amplifiers of mitdb saturate at +-5 mV (11 bits, 200 adu/mV).
RAIL_MV = 5.0


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A recording with one problem laid on.

    Attributes:
        kind: The problem; NONE where nothing was done.
        variant: "6" for noise at 6 dB, else the way it was made.
        adu: int16 (n_leads, n_samples).
        off: bool (n_leads, n_seconds), what the device says of each second.
        present: bool (n_leads, n_seconds): the problem is there.
        unsure: bool (n_leads, n_seconds): neither there nor not.
        also: int32 (n_leads, n_seconds), QualityProblem bits of what came along with it: neither right nor wrong to name.
    """

    kind: QualityProblem
    variant: str
    adu: Int16Array
    off: BoolArray
    present: BoolArray
    unsure: BoolArray
    also: npt.NDArray[np.int32]


def noise_of(folder: Path, name: str, fs_hz: float, part: str) -> Int16Array | None:
    """Noise of nstdb, (n_samples, n_leads) at fs_hz; None where the record is missing.

    Args:
        folder: Of nstdb.
        name: "bw", "ma" or "em".
        fs_hz: Sampling frequency wanted, Hz.
        part: "fit" for the first two thirds, which thresholds were fitted on, "score" for the last.
    """
    if not (folder / f"{name}.hea").exists():
        return None
    recording = read_recording(str(folder / name), ("noise1", "noise2"))
    adu = recording.samples.T
    cut = len(adu) * 2 // 3
    adu = adu[:cut] if part == "fit" else adu[cut:]
    if recording.fs_hz != fs_hz:
        ratio = Fraction(fs_hz / recording.fs_hz).limit_denominator(1000)
        adu = np.rint(resample_poly(adu.astype(float), ratio.numerator, ratio.denominator)).astype(np.int16)
    return adu


def clean(recording: Recording) -> Laid:
    """The beginning of a recording as it is."""
    adu = _beginning(recording)
    nowhere = np.zeros((len(adu), int(adu.shape[1] / recording.fs_hz)), bool)
    return Laid(QualityProblem.NONE, "", adu, nowhere, nowhere, nowhere, np.zeros(nowhere.shape, np.int32))


def with_noise(
    recording: Recording,
    name: str,
    noise: Int16Array,
    reference: Annotations,
    snr_db: float,
    kind: QualityProblem,
    instead: bool = False,
) -> Laid:
    """A recording with noise on every lead in every second stretch, the gain that of `nst` at snr_db.

    Args:
        recording: ECG.
        name: Of the record: it decides where in the noise the mix begins.
        noise: (n, n_noise_leads) adu at the recording's rate.
        reference: Beats of the recording: the size of their QRS is what the noise is measured by.
        snr_db: Signal-to-noise ratio of EC57.
        kind: What the noise is.
        instead: Whether the ECG is gone while the noise is there, as of electrodes that hang free.

    Raises:
        InvalidSignal: There is no beat to measure by.
    """
    base, fs = clean(recording), recording.fs_hz
    loud = noise_gains(recording.samples.T, noise, reference, snr_db)
    quiet = (0.0,) * len(loud)
    ecg = base.adu.T.copy()
    steps = [NoiseStep(0, quiet)]
    for begin, end in stretches(base.present.shape[1]):
        first, last = round(begin * fs), round(end * fs)
        steps += [NoiseStep(first, loud), NoiseStep(last, quiet)]
        if instead:
            ecg[first:last] = np.median(ecg[first:last], axis=0)
    steps.append(NoiseStep(base.adu.shape[1], quiet))
    rolled = np.roll(noise, -(_number(name) % len(noise)), axis=0)
    mixed = mix(ecg, rolled, tuple(steps))
    adu = np.where(mixed == INVALID_SAMPLE, INVALID_SAMPLE, np.clip(mixed, -32767, 32767)).astype(np.int16).T
    laid = _laid(base, kind, f"{snr_db:g}", np.ascontiguousarray(adu), every_lead=True)
    rows = np.arange(len(base.adu)) % noise.shape[1]
    alone = np.resize(rolled, (base.adu.shape[1], noise.shape[1]))[:, rows].T * np.array(loud)[:, None]
    size = np.array(qrs_amplitude(recording.samples.T, reference))[:, None]
    laid.also[:] = np.where(laid.present | laid.unsure, held_kinds(alone / size, fs) & ~int(kind), 0)
    return laid


def held_kinds(noise: npt.NDArray[np.float64], fs_hz: float) -> npt.NDArray[np.int32]:
    """Which kinds a noise holds by itself, over each second and the three before.

    Args:
        noise: (n_leads, n_samples), as a part of the QRS's peak-to-peak amplitude.
        fs_hz: Sampling frequency, Hz.

    Returns:
        int32 (n_leads, n_seconds), QualityProblem bits.
    """
    second, n_seconds = int(fs_hz), int(noise.shape[1] / fs_hz)
    shape = (len(noise), n_seconds, second)
    parts = []
    for low_hz, high_hz in ((0.0, 0.0), (20.0, 0.0), (1.0, 10.0)):
        part = noise
        if low_hz:
            band = [low_hz, high_hz] if high_hz else low_hz
            part = sosfilt(butter(2, band, "bandpass" if high_hz else "highpass", fs=fs_hz, output="sos"), noise)
        parts.append(part[:, : n_seconds * second].reshape(shape))
    before = np.arange(n_seconds)[:, None] - np.arange(_JUDGED_S)[None]  # (n_seconds, judged)
    before = np.maximum(before, 0)
    means = parts[0].mean(axis=2)[:, before]
    amounts = [np.ptp(means, axis=2)] + [np.sqrt((p**2).mean(axis=2)[:, before].mean(axis=2)) for p in parts[1:]]
    held = [np.where(amount > limit, int(kind), 0) for amount, (kind, limit) in zip(amounts, _HOLDS, strict=True)]
    return np.asarray(held[0] | held[1] | held[2], np.int32)


def made_problem(recording: Recording, name: str, kind: QualityProblem, variant: str) -> Laid:
    """A recording with a made problem on one lead at a time, the leads in turn.

    Args:
        recording, name: As in `with_noise`.
        kind, variant: Of MADE.
    """
    base, fs = clean(recording), recording.fs_hz
    rng = np.random.default_rng([_number(name), int(kind), MADE[kind].index(variant)])
    adu, off = base.adu.copy(), base.off.copy()
    for i, (begin, end) in enumerate(stretches(off.shape[1])):
        row = i % len(adu)
        part = adu[row, round(begin * fs) : round(end * fs)]
        lead = recording.leads[row]
        if variant == "device":
            off[row, begin:end] = True
        else:
            part[:] = _disturbed(variant, part, lead.gain_adu_per_mv, lead.baseline_adu, fs, rng)
    laid = _laid(replace(base, off=off), kind, variant, adu, every_lead=False)
    laid.also[:] = np.where(laid.present | laid.unsure, _ALSO.get(variant, 0), 0)
    return laid


def _disturbed(
    variant: str, adu: Int16Array, gain: float, baseline: int, fs: float, rng: np.random.Generator
) -> Int16Array:
    """One stretch (n,) of one lead, as the device would send it."""
    n = adu.size
    t = np.arange(n) / fs
    sign = rng.choice([-1, 1])
    rail = baseline + sign * RAIL_MV * gain
    made = adu.astype(float)
    if variant in ("rail", "standing"):
        made[:] = rail
    elif variant == "hum":  # an open input: mains, its third harmonic, no ECG
        mains, peak = rng.choice([50.0, 60.0]), gain * rng.uniform(0.1, 1.0)
        phase = rng.uniform(0, 2 * np.pi)
        made = made[0] + peak * (np.sin(2 * np.pi * mains * t + phase) + 0.2 * np.sin(6 * np.pi * mains * t))
    elif variant == "constant":
        made[:] = made[0]
    elif variant == "quantised":  # the last bit flickers
        made = made[0] + rng.integers(-1, 2, n)
    elif variant == "clipped":  # slow excursions beyond the rails on both sides, the ECG between them
        swing = RAIL_MV * rng.uniform(1.3, 3.0) * np.sin(2 * np.pi * rng.uniform(0.15, 0.4) * t)
        low, high = baseline - RAIL_MV * gain, baseline + RAIL_MV * gain
        made = np.clip(made + swing * gain, low, high)
    elif variant == "scattered":
        made[rng.random(n) < rng.uniform(0.15, 0.5)] = INVALID_SAMPLE
    elif variant == "bursts":  # packets of 0.2 s, a third of them lost
        lost = rng.random(n // max(1, round(0.2 * fs)) + 1) < 1 / 3
        made[np.repeat(lost, max(1, round(0.2 * fs)))[:n]] = INVALID_SAMPLE
    elif variant == "no_samples":
        made[:] = INVALID_SAMPLE
    return np.asarray(np.clip(np.rint(made), INVALID_SAMPLE, 32767), np.int16)


def _laid(base: Laid, kind: QualityProblem, variant: str, adu: Int16Array, every_lead: bool) -> Laid:
    n_leads, n_seconds = base.present.shape
    present, unsure = np.zeros((n_leads, n_seconds), bool), np.zeros((n_leads, n_seconds), bool)
    for i, (begin, end) in enumerate(stretches(n_seconds)):
        rows = slice(None) if every_lead else slice(i % n_leads, i % n_leads + 1)
        present[rows, begin + ONSET_S : end] = True
        unsure[rows, begin : begin + ONSET_S] = unsure[rows, end : end + AFTER_S] = True
    return Laid(kind, variant, adu, base.off, present, unsure, np.zeros(present.shape, np.int32))


def stretches(n_seconds: int) -> Iterator[tuple[int, int]]:
    """Seconds [begin, end) of the stretches with the problem."""
    for begin in range(LEAD_IN_S, n_seconds - STRETCH_S + 1, 2 * STRETCH_S):
        yield begin, begin + STRETCH_S


def marked_noisy(reference: Annotations, n_leads: int, n_seconds: int) -> BoolArray:
    """bool (n_leads, n_seconds): the reference's own marks "~" say that the lead is noisy or cannot be read."""
    marks = np.flatnonzero(reference.code == Code.NOISE)
    noisy: npt.NDArray[np.bool_] = np.zeros((n_leads, n_seconds), bool)
    at = reference.sample[marks] / reference.fs
    for begin, end, bits in zip(at, np.append(at, n_seconds)[1:], reference.subtype[marks].tolist(), strict=True):
        for row in range(n_leads):
            if bits & (0x11 << row):
                noisy[row, int(begin) : int(np.ceil(end)) + 4] = True
    return noisy


def _beginning(recording: Recording) -> Int16Array:
    n_seconds = min(LENGTH_S, int(recording.samples.shape[1] / recording.fs_hz))
    return np.ascontiguousarray(recording.samples[:, : int(n_seconds * recording.fs_hz)])


def _number(name: str) -> int:
    """A number that is always the same for a name."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:12], 16)
