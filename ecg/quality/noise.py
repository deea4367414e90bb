"""Muscle noise and electrode motion: what tells them in four seconds of one lead, and the small network that does.

A QRS fills little of the time, a T wave is slow, fibrillation is all in one band: so the order statistics of blocks of 0.1 s,
above the band (residue), in the QRS band (envelope) and of the level, tell noise from all of them. Owns the blocks, the
features and the network's file; training/quality makes it. Must not import the detector or the monitor.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numba
import numpy as np

from ecg.errors import ModelMismatch
from ecg.model_file import read_shipped
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.tiny_net import TinyNet, forward, net_from
from ecg.segments import FloatArray

#: Kernel samples in a block, and blocks that are judged together: four seconds.
BLOCK, N_BLOCKS = KERNEL_FS_HZ // 10, 40
#: A block counts with this many valid samples; so many blocks must count, else nothing is said.
_LEAST_VALID, _LEAST_BLOCKS = BLOCK // 2, N_BLOCKS // 2
#: Columns of a block under way, and of one that is over.
BLOCK_VALID, BLOCK_LEVEL, BLOCK_RESIDUE, BLOCK_ENVELOPE = range(4)
LEVEL, RESIDUE, ENVELOPE = range(3)
FEATURES = (
    "residue_25", "residue_50", "residue_rms", "envelope_25", "envelope_50", "envelope_mean", "envelope_most",
    "level_step_90", "level_step_50", "level_step_most", "drift", "clarity",
    "residue_50_mv", "envelope_50_mv", "level_step_50_mv",
)  # fmt: skip
N_FEATURES = len(FEATURES)
ENVELOPE_MEAN = FEATURES.index("envelope_mean")
#: Noise alone is called only where the QRS band is full: a mean envelope (log, as a part of the usual QRS) above this. In
#: standstill the band is empty, whatever the electrodes pick up: 91 % of vfdb's lead-seconds of asystole lie below, 10 to 20 %
#: of nstdb's `em` and `ma` without an ECG. Chosen among -1.3 to -1.7 by cross-validation (docs/experiments.md).
FULL_BAND = -1.65
#: What is left of the index at the limit of noise alone: where the artefact ladder begins to count.
NOISY_SHARE = 0.25
#: Added to the QRS's size, mV, and to what is divided by it, so that nothing is divided by or the logarithm of nought.
_SIZE_FLOOR_MV, _FLOOR = 0.05, 1e-3


class NoiseModel(NamedTuple):
    """The network and where it begins to call.

    Attributes:
        named: N_FEATURES in; log odds of muscle noise and of electrode motion out.
        alone: N_FEATURES in; log odds of noise alone out, where no ECG can be read.
        limit: float32 (3,), log odds from which each is called.
    """

    named: TinyNet
    alone: TinyNet
    limit: FloatArray


@numba.njit(cache=True, nogil=True)
def close_block(now: Any, blocks: Any, n_blocks: int) -> None:
    """Puts the block under way into the ring and empties it.

    Args:
        now: float64 (4,), sums of the block under way.
        blocks: float32 (N_BLOCKS, 3), the ring; a residue below 0 marks a block that does not count.
        n_blocks: Blocks closed before.
    """
    row, n = blocks[n_blocks % N_BLOCKS], now[BLOCK_VALID]
    if n < _LEAST_VALID:
        row[RESIDUE] = -1.0
    else:
        row[LEVEL] = now[BLOCK_LEVEL] / n
        row[RESIDUE] = np.sqrt(now[BLOCK_RESIDUE] / n)
        row[ENVELOPE] = now[BLOCK_ENVELOPE] / n
    now[:] = 0


@numba.njit(cache=True, nogil=True)
def noise_features(blocks: Any, n_blocks: int, summary: Any, out: Any) -> bool:
    """Writes the features of the blocks remembered to out (N_FEATURES,); False where too few of them count.

    Args:
        blocks, n_blocks: The ring and how many were ever put in.
        summary: (size_mv, residue_rms_mv, largest envelope_mv, drift_mv, clarity) of the same seconds.
    """
    residue, envelope = np.empty(N_BLOCKS, np.float32), np.empty(N_BLOCKS, np.float32)
    step = np.empty(N_BLOCKS, np.float32)
    n, m, total, before, joined = 0, 0, 0.0, np.float32(0.0), False
    for i in range(max(n_blocks - N_BLOCKS, 0), n_blocks):
        row = blocks[i % N_BLOCKS]
        if row[RESIDUE] < 0:
            joined = False
            continue
        residue[n], envelope[n] = row[RESIDUE], row[ENVELOPE]
        total += row[ENVELOPE]
        n += 1
        if joined:
            step[m] = abs(row[LEVEL] - before)
            m += 1
        before, joined = row[LEVEL], True
    if n < _LEAST_BLOCKS or m < _LEAST_BLOCKS // 2:
        return False
    residue[:n].sort()
    envelope[:n].sort()
    step[:m].sort()
    size_mv, rms_mv, most_mv, drift_mv, clarity = summary
    out[0], out[1], out[2] = residue[(n - 1) // 4], residue[(n - 1) // 2], rms_mv
    out[3], out[4], out[5], out[6] = envelope[(n - 1) // 4], envelope[(n - 1) // 2], total / n, most_mv
    out[7], out[8], out[9], out[10] = step[(m - 1) * 9 // 10], step[(m - 1) // 2], step[m - 1], drift_mv
    for i in range(11):
        out[i] = np.log(out[i] / (size_mv + _SIZE_FLOOR_MV) + _FLOOR)
    out[11] = clarity
    out[12] = np.log(residue[(n - 1) // 2] + _FLOOR)
    out[13] = np.log(envelope[(n - 1) // 2] + _FLOOR)
    out[14] = np.log(step[(m - 1) // 2] + _FLOOR)
    return True


@numba.njit(cache=True, nogil=True)
def readable_share(features: Any, model: Any) -> Any:
    """What noise alone leaves of the index, 0 to 1: NOISY_SHARE at its limit, less with every more log odds.

    Args:
        features: float32 (1, N_FEATURES).
        model: NoiseModel.
    """
    if features[0, ENVELOPE_MEAN] < FULL_BAND:
        return 1.0
    beyond = min(forward(features, model.alone)[0, 0] - model.limit[2], np.float32(50.0))
    return 1.0 / (1.0 + (1.0 / NOISY_SHARE - 1.0) * np.exp(beyond))


@cache
def default_noise_model() -> NoiseModel:
    """The network the product ships.

    Raises:
        ModelMismatch: The file does not fit its manifest or this version's features.
    """
    manifest, arrays = read_shipped(files("ecg.quality"), "noise_model")
    if tuple(manifest["features"]) != FEATURES:
        raise ModelMismatch("noise_model.npz was made for other features: train it again")
    named, alone = (net_from(arrays, name) for name in ("named", "alone"))
    return NoiseModel(named, alone, np.ascontiguousarray(arrays["limit"], np.float32))
