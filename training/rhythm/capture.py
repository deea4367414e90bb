"""What the kernel hands the rhythm rules on a recording: conditioned signal and beats, as the monitor makes them.

Owns running the stream group over a recording and cutting windows out of it. Must not import the evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.beat import Beat
from ecg.beats.detector_model import default_model
from ecg.conditioning import StreamBlock
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.waveform import N_WAVE, features
from ecg.segments import FloatArray
from ecg.stream_group import StreamGroup
from ecg.stream_state import StreamState, rule_beats
from edge.sources.wfdb_replay import Recording

_CHUNK_S = 5


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """Conditioned recording at the kernel's rate.

    Attributes:
        signal_mv: float32 (n_leads, n).
        valid: bool (n_leads, n).
        beats: int64 (m,), kernel samples.
    """

    signal_mv: FloatArray
    valid: npt.NDArray[np.bool_]
    beats: npt.NDArray[np.int64]


def capture(recording: Recording) -> Captured:
    """Runs conditioning and the detector over a recording."""
    n_leads, n = recording.samples.shape
    group = StreamGroup(recording.fs_hz, n_leads, default_model())
    slots = np.array([group.add(0)])
    off = np.zeros((1, n_leads), bool)
    mv_per_adu = 1.0 / np.array([[lead.gain_adu_per_mv for lead in recording.leads]])
    step = int(_CHUNK_S * recording.fs_hz)
    signal, valid, beats = [], [], []
    for first in range(0, n, step):
        samples = np.ascontiguousarray(recording.samples[None, :, first : first + step])
        block, found, _ = group.step(samples, off, mv_per_adu, slots)
        m = int(block.n_samples[0])
        signal.append(block.signal_mv[0, :, :m].copy())
        valid.append(block.valid[0, :, :m].copy())
        beats.append(found.kernel_sample[0, : int(found.count[0])].copy())
    return Captured(np.concatenate(signal, axis=1), np.concatenate(valid, axis=1), np.concatenate(beats))


def blocks(recording: Recording) -> Iterator[tuple[list[Beat], StreamBlock]]:
    """Newly final beats and conditioned block, second by second, just as the monitor hands them to the rules."""
    n_leads, n = recording.samples.shape
    names = tuple(lead.name for lead in recording.leads)
    gains = tuple(lead.gain_adu_per_mv for lead in recording.leads)
    group = StreamGroup(recording.fs_hz, n_leads, default_model())
    slot = group.add(0)
    state = StreamState.begin(0, recording.fs_hz, names, gains, slot)
    off, mv_per_adu = np.zeros((1, n_leads), bool), 1.0 / np.array([gains])
    step = round(recording.fs_hz)
    for first in range(0, n, step):
        samples = np.ascontiguousarray(recording.samples[None, :, first : first + step])
        block, found, seconds = group.step(samples, off, mv_per_adu, np.array([slot]))
        state.take_seconds(0, seconds)
        beats = rule_beats(0, found, group.classify(np.array([slot]), found)[0])
        m = int(block.n_samples[0])
        signal, valid = block.signal_mv[0, :, :m], block.valid[0, :, :m]
        yield (
            beats,
            StreamBlock(
                block.fs_hz,
                block.stream_fs_hz,
                int(block.first_sample[0]),
                signal,
                valid,
                names,
                state.quality,
                state.ladder.usable,
            ),
        )


def window_rows(
    signal_mv: FloatArray, valid: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], FloatArray, npt.NDArray[np.bool_]]:
    """Features of every window that ends on a whole second.

    Returns:
        End of each window, s (n,); features float32 (n, n_leads, N_FEATURES); whether the lead is valid there, (n, n_leads).
    """
    half = 0.5 * (signal_mv[:, : signal_mv.shape[1] // 2 * 2 : 2] + signal_mv[:, 1 : signal_mv.shape[1] // 2 * 2 : 2])
    ends = np.arange(2 * N_WAVE, signal_mv.shape[1] + 1, KERNEL_FS_HZ)
    if not ends.size:
        n_leads = signal_mv.shape[0]
        return np.zeros(0), features(np.zeros((0, n_leads, N_WAVE), np.float32)), np.zeros((0, n_leads), bool)
    wave = np.stack([half[:, end // 2 - N_WAVE : end // 2] for end in ends])  # (n, n_leads, N_WAVE)
    known = np.stack([valid[:, end - 2 * N_WAVE : end].mean(axis=1) > 0.9 for end in ends])
    return ends / KERNEL_FS_HZ, features(wave), known
