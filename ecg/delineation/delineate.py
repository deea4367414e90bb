"""Delineation of a window: P, QRS and T onset, peak and end, per lead and beat.

Owns the public types; conditioning, network and decode do the work. Pure; must not import measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.checked import checked_beats
from ecg.delineation.conditioning import FS_HZ, Conditioned, activity, condition
from ecg.delineation.decode import assign, borne_out, find_beats, waves
from ecg.delineation.network import QRS, P, T, Weights, probabilities

Samples = NDArray[np.int64]
#: A mark that is not there.
ABSENT = -1


@dataclass(frozen=True, slots=True, eq=False)
class LeadDelineation:
    """The waves of one lead, beat by beat. Samples of the window's own sampling frequency; ABSENT (-1) where none is.

    Attributes:
        beats: (n_beats,) fiducials, the same in every lead.
        p_on, p_peak, p_off, qrs_on, r_peak, qrs_off, t_on, t_peak, t_off: (n_beats,) each.
        p_waves: (n, 3) onset, peak, end of every P wave seen, those that no QRS follows included.
    """

    beats: Samples
    p_on: Samples
    p_peak: Samples
    p_off: Samples
    qrs_on: Samples
    r_peak: Samples
    qrs_off: Samples
    t_on: Samples
    t_peak: Samples
    t_off: Samples
    p_waves: Samples


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Delineation at full precision, for measuring; times in ms from the first sample of the window.

    Attributes:
        conditioned: What the network saw.
        beats_ms: (n_beats,).
        marks_ms: (n_leads, n_beats, 9): P on, peak, off; QRS on, R, off; T on, peak, off; NaN where absent.
        p_waves_ms: Per lead (n, 4): onset, peak, end in ms and the greatest probability of every P seen.
        waves_ms: Per wave (P, QRS, T) and lead, as p_waves_ms.
    """

    conditioned: Conditioned
    beats_ms: NDArray[np.float64]
    marks_ms: NDArray[np.float64]
    waves_ms: tuple[list[NDArray[np.float64]], list[NDArray[np.float64]], list[NDArray[np.float64]]]


def mark(
    signal_mv: NDArray[np.floating],
    fs_hz: float,
    beats: NDArray[np.integer] | None = None,
    model: Weights | None = None,
) -> Marks:
    """Delineates at full precision. Arguments and errors as for `delineate`; model: other weights than those in use."""
    ready = condition(signal_mv, fs_hz)
    companion = activity(ready.leads, ready.usable)
    found = probabilities(ready.leads, companion, ready.usable, model)
    p = borne_out(waves(found, P), int(ready.usable.sum()))
    by_wave = (p, waves(found, QRS), waves(found, T))
    at = find_beats(found, ready.usable, companion) if beats is None else _known(beats, ready)
    marks = np.stack([assign(at, p, qrs, t) for p, qrs, t in zip(*by_wave, strict=True)])
    ms = 1000.0 / FS_HZ
    scaled = [[lead * np.array([ms, ms, ms, 1.0]) for lead in kind] for kind in by_wave]
    return Marks(ready, at * ms, marks * ms, (scaled[0], scaled[1], scaled[2]))


def _known(beats: NDArray[np.integer], ready: Conditioned) -> NDArray[np.float64]:
    """Known fiducials at the network's rate."""
    return checked_beats(beats, ready.n_input) * (FS_HZ / ready.fs_hz)


def delineate(
    signal_mv: NDArray[np.floating], fs_hz: float, beats: NDArray[np.integer] | None = None
) -> tuple[LeadDelineation, ...]:
    """Finds the waves of every lead.

    Args:
        signal_mv: (n_leads, n_samples) mV, any leads, NaN where missing.
        fs_hz: Sampling frequency, 50 to 4000 Hz.
        beats: (n_beats,) fiducials in samples of this array, where they are known; found here where None.

    Returns:
        One delineation per lead, in the order of the rows.

    Raises:
        InvalidSignal: The array is not an ECG: wrong shape, empty, infinite, too short, impossible rate; or a beat is
            outside it.
    """
    marks = mark(signal_mv, fs_hz, beats)
    n_samples = marks.conditioned.n_input
    at = _samples(marks.beats_ms, fs_hz, n_samples)
    out = []
    for lead, p in zip(marks.marks_ms, marks.waves_ms[0], strict=True):
        columns = [_samples(lead[:, column], fs_hz, n_samples) for column in range(9)]
        out.append(LeadDelineation(*[at, *columns, _samples(p[:, :3], fs_hz, n_samples)]))
    return tuple(out)


def _samples(ms: NDArray[np.float64], fs_hz: float, n_samples: int) -> Samples:
    sample = np.round(np.where(np.isfinite(ms), ms, 0.0) * (fs_hz / 1000.0)).astype(np.int64)
    return np.where(np.isfinite(ms), np.clip(sample, 0, n_samples - 1), ABSENT)
