"""The small network that reads a four-second window as fibrillation, ventricular tachycardia or neither.

Owns the weights' format and the compiled forward pass. Weights are in wave_model.npz, their provenance in
wave_model.json; training/rhythm makes both. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from ecg.errors import ModelMismatch
from ecg.rhythm.morphology import N_BEAT_FEATURES
from ecg.rhythm.waveform import N_FEATURES

FloatArray = npt.NDArray[np.float32]
OTHER, VT, VF = 0, 1, 2
_CLIP = np.float32(5.0)


class TinyNet(NamedTuple):
    """One hidden tanh layer on standardised inputs.

    Attributes:
        mean, scale: float32 (n_in,).
        w1: float32 (n_in, n_hidden); b1: (n_hidden,).
        w2: float32 (n_hidden, n_out); b2: (n_out,).
    """

    mean: FloatArray
    scale: FloatArray
    w1: FloatArray
    b1: FloatArray
    w2: FloatArray
    b2: FloatArray


class RhythmModel(NamedTuple):
    """Both networks of the rhythm rules: `wave` on windows (three outputs), `beat` on beat shapes (one)."""

    wave: TinyNet
    beat: TinyNet


@njit(cache=True, fastmath=True)
def forward(features: FloatArray, net: TinyNet) -> FloatArray:
    """Outputs (n, n_out) of the network for features (n, n_in)."""
    n, n_in = features.shape
    n_hidden, n_out = net.w2.shape
    out = np.empty((n, n_out), np.float32)
    hidden = np.empty(n_hidden, np.float32)
    for row in range(n):
        hidden[:] = net.b1
        for i in range(n_in):
            v = (features[row, i] - net.mean[i]) / net.scale[i]
            v = min(max(v, -_CLIP), _CLIP)
            for h in range(n_hidden):
                hidden[h] += v * net.w1[i, h]
        out[row] = net.b2
        for h in range(n_hidden):
            t = np.tanh(hidden[h])
            for o in range(n_out):
                out[row, o] += t * net.w2[h, o]
    return out


def read_model(path: Path, prefix: str = "") -> RhythmModel:
    """Weights from an npz file, keys `{prefix}wave_w1` and so on.

    Raises:
        ModelMismatch: The file does not hold networks of this version's features.
    """
    with np.load(path) as kept:
        try:
            nets = [
                TinyNet(*(np.ascontiguousarray(kept[f"{prefix}{name}_{part}"], np.float32) for part in TinyNet._fields))
                for name in RhythmModel._fields
            ]
        except KeyError as missing:
            raise ModelMismatch(f"rhythm model {path.name} lacks {missing}") from missing
    if nets[0].w1.shape[0] != N_FEATURES or nets[1].w1.shape[0] != N_BEAT_FEATURES:
        raise ModelMismatch(f"rhythm model {path.name} was trained on other features: train it again")
    return RhythmModel(*nets)


@cache
def default_model() -> RhythmModel:
    """The model the rules run."""
    with as_file(files("ecg.rhythm") / "wave_model.npz") as path:
        return read_model(path)
