"""The delineation network: what each sample of each lead belongs to. Weights, and the compiled forward pass.

A small 1-D U-Net (35,000 weights, as trained by training/delineator) that sees a lead and the activity of all leads at
250 Hz. Owns how inputs become probabilities; where waves begin and end is ecg.delineation.decode's. Must not import it.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

#: Rows of the output: probability of no wave, P, QRS, T (they sum to 1), then of the peaks of P, QRS and T.
NONE, P, QRS, T, P_PEAK, QRS_PEAK, T_PEAK = range(7)
N_OUTPUTS = 7
_LEVELS = 4
_MULTIPLE = 2**_LEVELS
_BLOCKS = (
    *("stem0", "stem1"),
    *(f"{kind}{level}" for level in range(_LEVELS) for kind in ("down", "level")),
    *("bottom0", "bottom1"),
    *(f"{kind}{level}" for level in range(_LEVELS) for kind in ("merge", "up")),
    "head",
)
_STEM, _DOWN, _BOTTOM, _UP, _HEAD = 0, 2, 2 + 2 * _LEVELS, 4 + 2 * _LEVELS, 4 + 4 * _LEVELS
_FAST = {"reassoc", "contract", "nsz"}


class Weights(NamedTuple):
    """Convolutions in the order they run, batch norms folded in: w (n_out, n_in, width), b (n_out,)."""

    w: tuple[FloatArray, ...]
    b: tuple[FloatArray, ...]


@cache
def weights(name: str = "all") -> Weights:
    """Packaged weights.

    Args:
        name: "all" for those in use, trained on every record of LUDB; "half0" and "half1" for those trained on the even
            and the odd records alone, with which figures are honest on the other half.

    Returns:
        The weights, shared between callers.
    """
    path = files("ecg.delineation").joinpath(f"weights_{name}.npz")
    with path.open("rb") as stream, np.load(stream) as stored:
        w = tuple(np.ascontiguousarray(stored[f"{block}_w"], np.float32) for block in _BLOCKS)
        b = tuple(np.ascontiguousarray(stored[f"{block}_b"], np.float32) for block in _BLOCKS)
    return Weights(w, b)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _convolve(x: Any, w: Any, b: Any, stride: int, dilation: int, relu: bool) -> Any:
    """Same-size convolution of (n_in, n) to (n_out, n // stride), zeros beyond the ends."""
    n_out, n_in, width = w.shape
    n = x.shape[1]
    half = dilation * (width // 2)
    padded = np.zeros((n_in, n + 2 * half), np.float32)
    padded[:, half : half + n] = x
    m = n // stride
    if stride == 2:  # even and odd samples apart, so that the inner loop runs over neighbours
        split = np.zeros((n_in, 2, m + half + 1), np.float32)
        for i in range(n_in):
            for t in range(n + 2 * half):
                split[i, t & 1, t >> 1] = padded[i, t]
    out = np.empty((n_out, m), np.float32)
    for o in range(n_out):
        row = out[o]
        row[:] = b[o]
        for i in range(n_in):
            if stride == 2:
                for k in range(width):
                    gain, source, shift = w[o, i, k], split[i, k & 1], k >> 1
                    for t in range(m):
                        row[t] += gain * source[t + shift]
                continue
            source = padded[i]
            k = 0
            while k + 5 <= width:
                g0, g1, g2, g3, g4 = w[o, i, k], w[o, i, k + 1], w[o, i, k + 2], w[o, i, k + 3], w[o, i, k + 4]
                s0 = source[k * dilation :]
                s1 = source[(k + 1) * dilation :]
                s2 = source[(k + 2) * dilation :]
                s3 = source[(k + 3) * dilation :]
                s4 = source[(k + 4) * dilation :]
                for t in range(m):
                    row[t] += g0 * s0[t] + g1 * s1[t] + g2 * s2[t] + g3 * s3[t] + g4 * s4[t]
                k += 5
            while k < width:
                gain = w[o, i, k]
                s0 = source[k * dilation :]
                for t in range(m):
                    row[t] += gain * s0[t]
                k += 1
        if relu:
            for t in range(m):
                row[t] = max(row[t], np.float32(0.0))
    return out


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _forward(x: Any, w: Any, b: Any) -> Any:
    """(2, n) to logits (7, n); n a multiple of 16."""
    x = _convolve(x, w[0], b[0], 1, 1, True)
    x = _convolve(x, w[1], b[1], 1, 1, True)
    s0 = x
    x = _convolve(_convolve(x, w[2], b[2], 2, 1, True), w[3], b[3], 1, 1, True)
    s1 = x
    x = _convolve(_convolve(x, w[4], b[4], 2, 1, True), w[5], b[5], 1, 1, True)
    s2 = x
    x = _convolve(_convolve(x, w[6], b[6], 2, 1, True), w[7], b[7], 1, 1, True)
    s3 = x
    x = _convolve(_convolve(x, w[8], b[8], 2, 1, True), w[9], b[9], 1, 1, True)
    x = x + _convolve(x, w[10], b[10], 1, 2, True)
    x = x + _convolve(x, w[11], b[11], 1, 4, True)
    for level in range(4):
        skip = s3 if level == 0 else s2 if level == 1 else s1 if level == 2 else s0
        low = _convolve(x, w[12 + 2 * level], b[12 + 2 * level], 1, 1, True)
        merged = skip.copy()
        for c in range(merged.shape[0]):
            for t in range(low.shape[1]):
                merged[c, 2 * t] += low[c, t]
                merged[c, 2 * t + 1] += low[c, t]
        x = _convolve(merged, w[13 + 2 * level], b[13 + 2 * level], 1, 1, True)
    return _convolve(x, w[20], b[20], 1, 1, False)


@numba.njit(cache=True, nogil=True, fastmath=_FAST)
def _probabilities(leads: Any, activity: Any, usable: Any, w: Any, b: Any) -> Any:
    n_leads, n = leads.shape
    out = np.zeros((n_leads, 7, n), np.float32)
    x = np.empty((2, n), np.float32)
    x[1] = activity
    for lead in range(n_leads):
        if not usable[lead]:
            out[lead, 0] = 1.0
            continue
        x[0] = leads[lead]
        logits = _forward(x, w, b)
        for t in range(n):
            top = max(max(logits[0, t], logits[1, t]), max(logits[2, t], logits[3, t]))
            total = np.float32(0.0)
            for c in range(4):
                out[lead, c, t] = np.exp(logits[c, t] - top)
                total += out[lead, c, t]
            for c in range(4):
                out[lead, c, t] /= total
            for c in range(4, 7):
                out[lead, c, t] = np.float32(1.0) / (np.float32(1.0) + np.exp(-logits[c, t]))
    return out


def probabilities(
    leads: FloatArray, activity: FloatArray, usable: NDArray[np.bool_], model: Weights | None = None
) -> FloatArray:
    """What each sample belongs to.

    Args:
        leads: float32 (n_leads, n) at 250 Hz, as ecg.delineation.conditioning makes them.
        activity: float32 (n,), root mean square over the usable leads.
        usable: bool (n_leads,); other leads answer "no wave".
        model: Weights; those in use where None.

    Returns:
        float32 (n_leads, 7, n): NONE, P, QRS, T, P_PEAK, QRS_PEAK, T_PEAK.
    """
    w, b = model or weights()
    n = leads.shape[1]
    short = -n % _MULTIPLE
    padded = np.pad(leads, ((0, 0), (0, short))) if short else np.ascontiguousarray(leads)
    companion = np.pad(activity, (0, short)) if short else np.ascontiguousarray(activity)
    found: FloatArray = _probabilities(padded, companion, usable, w, b)[:, :, :n]
    return found


@cache
def trained_on(name: str = "all") -> frozenset[int]:
    """LUDB record numbers that packaged weights were trained on."""
    manifest = json.loads(files("ecg.delineation").joinpath("weights.json").read_text())
    return frozenset(manifest["weights"][name]["records"])
