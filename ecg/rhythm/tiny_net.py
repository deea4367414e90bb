"""One hidden layer: the form of both networks of the rhythm rules, and its compiled forward pass.

Pure; must not import anything of ecg.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

FloatArray = npt.NDArray[np.float32]
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


def net_from(arrays: Mapping[str, npt.NDArray[Any]], name: str) -> TinyNet:
    """The network whose arrays are named `name`_mean and so on.

    Raises:
        KeyError: One is lacking.
    """
    return TinyNet(*(np.ascontiguousarray(arrays[f"{name}_{part}"], np.float32) for part in TinyNet._fields))


@njit(cache=True, fastmath=True)
def forward(features: Any, net: TinyNet) -> Any:
    """Outputs float32 (n, n_out) of the network for features (n, n_in)."""
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
