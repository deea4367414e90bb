"""What the kernel says of each lead and second of a recording: index, problems, the artefact ladder, beats.

Owns the run of many variants of one recording side by side. Must not know what was laid on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.detector_model import default_model
from ecg.conditioning import BoolArray
from ecg.conditions import ConditionCode
from ecg.quality.ladder import ArtefactLadder
from ecg.quality.noise import N_FEATURES
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import INVALID_SAMPLE, FloatArray, Int16Array
from ecg.stream_group import StreamGroup


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """The kernel's word on one recording, second by second.

    Attributes:
        index: float32 (n_leads, n_seconds).
        problems: int32 (n_leads, n_seconds), QualityProblem bits.
        artefact, suspended: bool (n_seconds,), levels 1 and 2 of the ladder.
        beats_s: float64 (n_beats,), s.
        features: float32 (n_leads, n_seconds, N_FEATURES) of ecg.quality.noise; 0 where nothing could be judged.
    """

    index: FloatArray
    problems: npt.NDArray[np.int32]
    artefact: BoolArray
    suspended: BoolArray
    beats_s: npt.NDArray[np.float64]
    features: FloatArray


def listen(signals: Sequence[Int16Array], off: Sequence[BoolArray], fs_hz: float, gain: Sequence[float]) -> list[Said]:
    """Runs the causal kernel over recordings of one length, as streams of one group, in segments of a second.

    Args:
        signals: int16 (n_leads, n_samples) each, whole seconds.
        off: bool (n_leads, n_seconds) each: leads the device says are off.
        fs_hz: Sampling frequency, Hz, a whole number.
        gain: Of each lead, adu per mV.
    """
    n_leads, n = signals[0].shape
    group = StreamGroup(fs_hz, n_leads, default_model())
    slots = np.array([group.add(0) for _ in signals])
    mv_per_adu = np.tile(1.0 / np.asarray(gain, np.float64), (len(signals), 1))
    second, n_seconds = int(fs_hz), int(n / fs_hz)
    index = np.zeros((len(signals), n_leads, n_seconds), np.float32)
    problems, features = np.zeros(index.shape, np.int32), np.zeros((*index.shape, N_FEATURES), np.float32)
    beats: list[list[npt.NDArray[np.int64]]] = [[] for _ in signals]
    stacked, states = np.stack(signals), np.stack(off)
    for s in range(n_seconds + 1):  # a second of nothing lets the last one be judged
        if s < n_seconds:
            part, is_off = np.ascontiguousarray(stacked[:, :, s * second : (s + 1) * second]), states[:, :, s]
        else:
            part, is_off = np.full((len(signals), n_leads, second), INVALID_SAMPLE, np.int16), states[:, :, -1]
        _, found, seconds = group.step(part, np.ascontiguousarray(is_off), mv_per_adu, slots)
        looked = group.noise_features(slots)
        for row in range(len(signals)):
            first = int(seconds.end_k[row]) // KERNEL_FS_HZ - 1
            for q in range(int(seconds.count[row])):
                if first + q < n_seconds:
                    index[row, :, first + q], problems[row, :, first + q] = (
                        seconds.index[row, q],
                        seconds.problems[row, q],
                    )
                    features[row, :, first + q] = looked[row]
            beats[row].append(found.kernel_sample[row, : int(found.count[row])].copy())
    return [_said(index[row], problems[row], np.concatenate(beats[row]), features[row]) for row in range(len(signals))]


def _said(
    index: FloatArray, problems: npt.NDArray[np.int32], beats_k: npt.NDArray[np.int64], features: FloatArray
) -> Said:
    """With the ladder's levels after each second."""
    ladder = ArtefactLadder()
    names = [str(row) for row in range(len(index))]
    levels = np.zeros((2, index.shape[1]), bool)
    codes = (ConditionCode.ARTEFACT, ConditionCode.SUSPENDED)
    for s in range(index.shape[1]):
        ladder.second(s, s + 1, names, index[:, s].tolist(), problems[:, s].tolist())
        held = {condition.code for condition in ladder.open_conditions.values()}
        levels[:, s] = [code in held for code in codes]
    return Said(index, problems, levels[0], levels[1], beats_k / KERNEL_FS_HZ, features)
