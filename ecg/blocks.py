"""Waveform blocks: how samples rest in the database. Per lead int16, first differences, byte planes apart, zstd.

Differences of an ECG are small, so their high bytes are almost all 0x00 or 0xFF; kept together they all but vanish.
"""

from __future__ import annotations

import numpy as np
import zstandard

from ecg.errors import InvalidSignal
from ecg.segments import Int16Array

#: Number of this layout, stored with every block.
CODEC = 1
#: zstd level: measured on ECG differences, higher levels cost more than they save.
_LEVEL = 3
_MAX_BLOCK_BYTES = 64 * 1024 * 1024


def encode_block(samples: Int16Array) -> bytes:
    """Packs samples int16 (n_leads, n_samples); differences wrap modulo 2^16, so that nothing is lost.

    Raises:
        InvalidSignal: Not int16 of two axes, or no samples.
    """
    if samples.dtype != np.int16 or samples.ndim != 2 or samples.size == 0:
        raise InvalidSignal(f"block of {samples.dtype} {samples.shape}: int16 (n_leads, n_samples) wanted")
    step = samples.astype("<u2")
    step[:, 1:] -= step[:, :-1].copy()
    planes = step.view(np.uint8).reshape(-1, 2).T  # (2, n_leads * n_samples): low bytes, then high bytes
    return zstandard.ZstdCompressor(level=_LEVEL).compress(np.ascontiguousarray(planes).tobytes())


def decode_block(packed: bytes, n_leads: int, n_samples: int) -> Int16Array:
    """Samples int16 (n_leads, n_samples) of a block.

    Raises:
        InvalidSignal: Damaged, or not of this size.
    """
    wanted = n_leads * n_samples * 2
    if not 0 < wanted <= _MAX_BLOCK_BYTES:
        raise InvalidSignal(f"block of {n_leads} leads and {n_samples} samples")
    try:
        raw = zstandard.ZstdDecompressor().decompress(packed, max_output_size=wanted)
    except zstandard.ZstdError as error:
        raise InvalidSignal(f"block of {len(packed)} bytes does not unpack: {error}") from error
    if len(raw) != wanted:
        raise InvalidSignal(f"block holds {len(raw)} bytes, {wanted} wanted for {n_leads} leads of {n_samples} samples")
    planes = np.frombuffer(raw, np.uint8).reshape(2, -1)
    step = np.ascontiguousarray(planes.T).view("<u2").reshape(n_leads, n_samples)
    return np.cumsum(step, axis=1, dtype=np.uint16).view(np.int16)
