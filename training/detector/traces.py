"""Traces of the detector on recordings: every candidate it judged, with its features and whether it was a beat.

Owns running the real kernel over arrays of recordings and labelling its candidates. Must not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.annotations import Annotations
from ecg.beats.detector_model import DetectorModel
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import INVALID_SAMPLE, FloatArray, Int16Array
from ecg.stream_group import StreamGroup, no_trace

#: A candidate this close to a reference beat is that beat, s (half of EC57's window: candidates are well placed).
LABEL_WINDOW_S = 0.1
#: Between that and EC57's window nobody can say.
UNSURE_WINDOW_S = 0.15
_CHUNK_S = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What the kernel found on one recording.

    Attributes:
        sample: int64 (n,), beats, at the recording's rate.
        logit: float32 (n,).
        trace_k: int64 (m,), candidates judged, kernel rate; trace_features: float32 (m, n_leads, N_FEATURES).
    """

    sample: npt.NDArray[np.int64]
    logit: FloatArray
    trace_k: npt.NDArray[np.int64]
    trace_features: FloatArray


def detect(adu: Int16Array, fs_hz: float, gain: npt.ArrayLike, model: DetectorModel, trace: bool = False) -> Detections:
    """Runs the causal kernel over one recording, in chunks of a few seconds.

    Args:
        adu: int16 (n_leads, n_samples).
        fs_hz: Sampling frequency, Hz.
        gain: (n_leads,) adu per mV.
        model: The detector's network.
        trace: Whether to keep every candidate.

    Returns:
        Beats and, if asked, the trace.
    """
    n_leads, n = adu.shape
    group = StreamGroup(fs_hz, n_leads, model)
    slots = np.array([group.add(0)])
    if trace:
        group.trace = no_trace(n_leads, int(n / fs_hz * 6) + 10)
    off = np.zeros((1, n_leads), bool)
    mv_per_adu = 1.0 / np.broadcast_to(np.asarray(gain, np.float64), (n_leads,))[None].copy()
    step = int(_CHUNK_S * fs_hz)
    after = np.full((n_leads, int(fs_hz)), INVALID_SAMPLE, np.int16)  # a second of nothing lets the last beat be judged
    adu = np.concatenate([adu, after], axis=1)
    found, logits = [], []
    for first in range(0, adu.shape[1], step):
        _, beats, _ = group.step(np.ascontiguousarray(adu[None, :, first : first + step]), off, mv_per_adu, slots)
        count = int(beats.count[0])
        found.append(beats.kernel_sample[0, :count].copy())
        logits.append(beats.logit[0, :count].copy())
    kernel = np.concatenate(found)
    sample = np.floor(kernel * fs_hz / KERNEL_FS_HZ + 0.5).astype(np.int64)  # as kernel_to_stream
    count, inside = int(group.trace[3][0]), sample < n
    return Detections(
        sample[inside], np.concatenate(logits)[inside], group.trace[0][:count].copy(), group.trace[2][:count].copy()
    )


def label_candidates(trace_k: npt.NDArray[np.int64], reference: Annotations) -> npt.NDArray[np.int8]:
    """Labels of candidates: 1 a beat, 0 none, -1 not to be learned from.

    Of several candidates near one beat the nearest is the beat. Flutter waves and everything between "[" and "]" are left
    out: nobody annotated QRS complexes there.
    """
    beats = reference.select(reference.is_beat & (reference.symbol != "!"))
    at = beats.sample * (KERNEL_FS_HZ / reference.fs)
    label = np.zeros(trace_k.size, np.int8)
    if at.size and trace_k.size:
        right = np.clip(np.searchsorted(at, trace_k), 1, at.size - 1) if at.size > 1 else np.zeros(trace_k.size, int)
        left = np.maximum(right - 1, 0)
        nearest = np.where(np.abs(at[left] - trace_k) <= np.abs(at[right] - trace_k), left, right)
        distance = np.abs(at[nearest] - trace_k)
        label[distance <= UNSURE_WINDOW_S * KERNEL_FS_HZ] = -1
        order = np.lexsort((distance, nearest))
        first = np.ones(order.size, bool)
        first[1:] = nearest[order][1:] != nearest[order][:-1]
        best = order[first]
        label[best[distance[best] <= LABEL_WINDOW_S * KERNEL_FS_HZ]] = 1
    inside = 0
    for sample, symbol in zip(reference.sample.tolist(), reference.symbol.tolist(), strict=True):
        if symbol == "[":
            inside = sample
        elif symbol == "]":
            scale = KERNEL_FS_HZ / reference.fs
            label[(trace_k >= inside * scale) & (trace_k <= sample * scale)] = -1
    return label
