"""The beat classifier's models: an ensemble of small networks and two boosted forests, and how they are read and run.

Owns the form of the weights and the compiled forward pass; training is in training/beats. Must not import the classifier.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from ecg.beats.classifier_features import NAMES
from ecg.beats.classifier_state import N_CLASSES
from ecg.beats.model_file import part_of, shipped_arrays
from ecg.segments import FloatArray

IntArray = npt.NDArray[np.int32]
_FAST = {"reassoc", "contract", "nsz"}


class Forest(NamedTuple):
    """Boosted trees, all nodes in one row; log odds are `base` plus one leaf of each tree.

    Attributes:
        feature: int32 (n,), column of the feature vector; -1 at a leaf.
        threshold: float32 (n,), left where the feature is not above it; at a leaf its value.
        left, right: int32 (n,), nodes; roots: int32 (n_trees,).
        base: float32 (1,).
    """

    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    roots: IntArray
    base: FloatArray


class Networks(NamedTuple):
    """E networks of two hidden layers, inputs clipped about their mean; classes N S V F.

    Attributes:
        mean, scale: float32 (N_FEATURES,); scale 0 leaves a feature out.
        w1: float32 (E, N_FEATURES, n1); b1: (E, n1); w2: (E, n1, n2); b2: (E, n2); w3: (E, n2, 4); b3: (E, 4).
    """

    mean: FloatArray
    scale: FloatArray
    w1: FloatArray
    b1: FloatArray
    w2: FloatArray
    b2: FloatArray
    w3: FloatArray
    b3: FloatArray


class ClassifierModel(NamedTuple):
    """All there is to judge a feature vector.

    Attributes:
        ventricular: Log odds of V against N and S; early: of S against N.
        mix: float32 (2,), weight of the forests in the log odds of V and S; the networks have the rest.
        limits: float32 (3,), log odds from which a beat is V, S, F.
    """

    networks: Networks
    ventricular: Forest
    early: Forest
    mix: FloatArray
    limits: FloatArray


@numba.njit(cache=True, nogil=True)
def forest_logit(forest: Any, features: Any) -> Any:
    """Log odds of one feature vector."""
    total = forest.base[0]
    for root in forest.roots:
        node = root
        at = forest.feature[node]
        while at >= 0:  # no branch on the comparison: it cannot be foretold
            left, right = forest.left[node], forest.right[node]
            node = left + (right - left) * (not features[at] <= forest.threshold[node])
            at = forest.feature[node]
        total += forest.threshold[node]
    return total


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def network_probabilities(networks: Any, features: Any, out: Any) -> None:
    """Mean class probabilities of the ensemble into out (4,)."""
    n_networks, n_features, n_hidden = networks.w1.shape
    out[:] = 0
    for e in range(n_networks):
        h1 = networks.b1[e].copy()
        for f in range(n_features):
            scale = networks.scale[f]
            if scale > 0:
                v = min(max((features[f] - networks.mean[f]) * scale, np.float32(-6)), np.float32(6))
                for j in range(n_hidden):
                    h1[j] += v * networks.w1[e, f, j]
        h2 = networks.b2[e].copy()
        for i in range(n_hidden):
            v = max(h1[i], np.float32(0))
            for j in range(h2.shape[0]):
                h2[j] += v * networks.w2[e, i, j]
        z = networks.b3[e].copy()
        for i in range(h2.shape[0]):
            v = max(h2[i], np.float32(0))
            for j in range(N_CLASSES):
                z[j] += v * networks.w3[e, i, j]
        z = np.exp(z - z.max())
        for j in range(N_CLASSES):
            out[j] += z[j] / (z.sum() * np.float32(n_networks))


@numba.njit(cache=True, nogil=True)
def _log_odds(p: Any, q: Any) -> Any:
    return np.log((p + np.float32(1e-4)) / (q + np.float32(1e-4)))


@numba.njit(cache=True, nogil=True)
def score_into(model: Any, features: Any, out: Any) -> None:
    """Log odds of V, of S among N and S, and of F, into out (3,)."""
    p = np.empty(N_CLASSES, np.float32)
    network_probabilities(model.networks, features, p)
    one = np.float32(1)
    of_v = _log_odds(p[2], one - p[2])
    of_s = _log_odds(p[1] / (p[0] + p[1] + np.float32(1e-6)), p[0] / (p[0] + p[1] + np.float32(1e-6)))
    out[0] = model.mix[0] * forest_logit(model.ventricular, features) + (one - model.mix[0]) * of_v
    out[1] = model.mix[1] * forest_logit(model.early, features) + (one - model.mix[1]) * of_s
    out[2] = _log_odds(p[3], one - p[3])


@numba.njit(cache=True, nogil=True)
def decide(model: Any, score: Any) -> int:
    """Class 0-3 (N S V F) of the scores (3,)."""
    if score[0] > model.limits[0]:
        return 2
    if score[2] > model.limits[2]:
        return 3
    return 1 if score[1] > model.limits[1] else 0


def from_arrays(arrays: Any) -> ClassifierModel:
    """The inverse of model_file.as_arrays; types are made right."""
    mix, limits = (np.ascontiguousarray(arrays[key], np.float32) for key in ("mix", "limits"))
    ventricular, early = (part_of(arrays, name, Forest) for name in ("ventricular", "early"))
    return ClassifierModel(part_of(arrays, "networks", Networks), ventricular, early, mix, limits)


@cache
def default_model() -> ClassifierModel:
    """The model the product ships, shared between callers.

    Raises:
        ModelMismatch: The shipped file does not fit its manifest or this kernel's features.
    """
    return from_arrays(shipped_arrays("classifier", NAMES))
