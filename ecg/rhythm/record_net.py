"""A small residual convolutional network on one lead of a whole recording, in NumPy alone.

Owns the form of its weights, its input and its forward pass; training/rhythm/record_network.py fits it. Pure; must not import
the rules or the monitor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecg.resample import KERNEL_FS_HZ

FloatArray = npt.NDArray[np.float32]

#: The input: means of so many kernel samples (83 Hz).
DECIMATION = 3
NET_FS_HZ = KERNEL_FS_HZ // DECIMATION
#: Width, kernel, stride and dilation of each layer: the stem, then residual blocks of two convolutions.
STEM = (12, 11, 2, 1)
BLOCKS = ((16, 7, 2, 1), (24, 7, 2, 1), (32, 5, 2, 1), (48, 5, 2, 1), (64, 5, 1, 2), (64, 5, 1, 4))
_LIMIT = 3.0


class Convolution(NamedTuple):
    """Weights float32 (n_out, n_in, k) with the batch normalisation folded in, and bias (n_out,)."""

    weight: FloatArray
    bias: FloatArray


class RecordNet(NamedTuple):
    """All weights.

    Attributes:
        stem: First layer.
        first, second: Of each block; `skip` is None where the block keeps width and rate.
        attention: float32 (width,): which moments speak.
        out_weight: float32 (4, 3 * width), on mean, largest and attended; out_bias: (4,).
    """

    stem: Convolution
    first: tuple[Convolution, ...]
    second: tuple[Convolution, ...]
    skip: tuple[Convolution | None, ...]
    attention: FloatArray
    out_weight: FloatArray
    out_bias: FloatArray


def net_input(signal_mv: npt.NDArray[Any]) -> FloatArray:
    """One lead as the network sees it.

    Args:
        signal_mv: (n,), conditioned, kernel rate.

    Returns:
        float32 (n // DECIMATION,), in parts of the usual peak to peak of a second.
    """
    n = signal_mv.size // DECIMATION
    x = signal_mv[: n * DECIMATION].astype(np.float32).reshape(n, DECIMATION).mean(axis=1)
    seconds = n // NET_FS_HZ
    size = np.median(np.ptp(x[: seconds * NET_FS_HZ].reshape(seconds, NET_FS_HZ), axis=1)) if seconds else np.ptp(x)
    return np.asarray(np.clip(x / (size + np.float32(0.02)), -_LIMIT, _LIMIT), np.float32)


def log_probabilities(net: RecordNet, signal_mv: npt.NDArray[Any]) -> FloatArray:
    """Log probabilities (4,) of the record classes of one lead, float (n,) in mV at the kernel rate."""
    x = np.maximum(_convolve(net_input(signal_mv)[None], net.stem, *STEM[2:]), 0)  # (width, n)
    for (_, _, stride, dilation), first, second, skip in zip(BLOCKS, net.first, net.second, net.skip, strict=True):
        inner = np.maximum(_convolve(x, first, stride, dilation), 0)
        beside = x if skip is None else _convolve(x, skip, stride, 1)
        x = np.maximum(_convolve(inner, second, 1, dilation) + beside, 0)
    share = _softmax(net.attention @ x)
    pooled = np.concatenate((x.mean(axis=1), x.max(axis=1), x @ share))
    return np.asarray(np.log(_softmax(net.out_weight @ pooled + net.out_bias) + np.float32(1e-9)))


def _softmax(x: FloatArray) -> FloatArray:
    raised = np.exp(x - x.max())
    return np.asarray(raised / raised.sum(), np.float32)


def _convolve(x: FloatArray, layer: Convolution, stride: int, dilation: int) -> FloatArray:
    """x (n_in, n) -> (n_out, ceil(n / stride)), zeros beyond both ends."""
    n_out, n_in, k = layer.weight.shape
    margin = dilation * (k // 2)
    wide = np.pad(x, ((0, 0), (margin, margin)))
    seen = np.lib.stride_tricks.sliding_window_view(wide, dilation * (k - 1) + 1, axis=1)[:, ::stride, ::dilation]
    flat = seen.transpose(1, 0, 2).reshape(-1, n_in * k)  # (n, n_in * k)
    return np.asarray((flat @ layer.weight.reshape(n_out, -1).T + layer.bias).T)


def to_arrays(net: RecordNet) -> dict[str, npt.NDArray[Any]]:
    """The network as named float16 arrays, for an .npz file."""
    layers = {"stem": net.stem}
    for i, (first, second, skip) in enumerate(zip(net.first, net.second, net.skip, strict=True)):
        layers |= {f"first{i}": first, f"second{i}": second} | ({} if skip is None else {f"skip{i}": skip})
    arrays = {f"{name}_{part}": array for name, layer in layers.items() for part, array in layer._asdict().items()}
    arrays |= {"attention": net.attention, "out_weight": net.out_weight, "out_bias": net.out_bias}
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def from_arrays(arrays: Mapping[str, npt.NDArray[Any]], prefix: str = "") -> RecordNet:
    """The inverse of to_arrays.

    Raises:
        KeyError: An array is not there.
    """

    def array(name: str) -> FloatArray:
        return np.ascontiguousarray(arrays[f"{prefix}{name}"], np.float32)

    def layer(name: str) -> Convolution:
        return Convolution(array(f"{name}_weight"), array(f"{name}_bias"))

    n = range(len(BLOCKS))
    skip = tuple(layer(f"skip{i}") if f"{prefix}skip{i}_weight" in arrays else None for i in n)
    first, second = tuple(layer(f"first{i}") for i in n), tuple(layer(f"second{i}") for i in n)
    return RecordNet(layer("stem"), first, second, skip, array("attention"), array("out_weight"), array("out_bias"))
