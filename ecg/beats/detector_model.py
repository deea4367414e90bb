"""The detector's network: weights, and the compiled forward pass.

Owns how a feature vector becomes log odds. Training lives in training/detector. Must not import the detector.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numba
import numpy as np

from ecg.beats.detector_features import N_ENV, N_FEATURES, N_RHYTHM, N_SNIP
from ecg.errors import ModelMismatch
from ecg.model_file import read_shipped
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import FloatArray

_FAST = {"reassoc", "contract", "nsz"}


class DetectorModel(NamedTuple):
    """Two hidden layers; the inputs' mean and scale are folded into the first.

    Attributes:
        w1: float32 (N_FEATURES, n1); b1: (n1,).
        w2: float32 (n1, n2); b2: (n2,).
        w3: float32 (n2,); b3: (1,).
    """

    w1: FloatArray
    b1: FloatArray
    w2: FloatArray
    b2: FloatArray
    w3: FloatArray
    b3: FloatArray


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def score(features: Any, model: Any) -> Any:
    """Log odds that a candidate is a beat, of one lead's feature vector (N_FEATURES,)."""
    h1 = model.b1.copy()
    for f in range(model.w1.shape[0]):
        v = features[f]
        for n in range(h1.shape[0]):
            h1[n] += v * model.w1[f, n]
    h2 = model.b2.copy()
    for f in range(h1.shape[0]):
        v = max(h1[f], np.float32(0.0))
        for n in range(h2.shape[0]):
            h2[n] += v * model.w2[f, n]
    total = model.b3[0]
    for n in range(h2.shape[0]):
        total += max(h2[n], np.float32(0.0)) * model.w3[n]
    return total


def bootstrap_model() -> DetectorModel:
    """A rule of thumb in the network's form, to collect the first training traces: large, and not where a T wave is."""
    at, rhythm = N_SNIP + N_ENV, N_FEATURES - N_RHYTHM
    w1 = np.zeros((N_FEATURES, 2), np.float32)
    w1[at, 0], w1[at + 1, 0], w1[at + 6, 0], w1[rhythm + 5, 0] = 1.0, 1.0, 1.0, -1.0
    return DetectorModel(
        w1,
        np.array([8.0, 0.0], np.float32),
        np.array([[1.0], [0.0]], np.float32),
        np.zeros(1, np.float32),
        np.ones(1, np.float32),
        np.array([-8.0 + 1.7], np.float32),
    )


@cache
def default_model() -> DetectorModel:
    """The network the product ships, shared between callers.

    Raises:
        ModelMismatch: The shipped file does not fit its manifest or this kernel's features.
    """
    manifest, arrays = read_shipped(files("ecg.beats"), "detector")
    if manifest["n_features"] != N_FEATURES or manifest["fs_hz"] != KERNEL_FS_HZ:
        raise ModelMismatch(
            f"the detector's network was made for {manifest['n_features']} features at {manifest['fs_hz']} Hz"
        )
    return DetectorModel(*(np.ascontiguousarray(arrays[name], np.float32) for name in DetectorModel._fields))
