"""Segments and messages for the stream's tests, made by hand."""

from __future__ import annotations

import numpy as np

from ecg import topics
from ecg.segments import Lead, LeadState, Segment, SegmentBatch
from ecg.wire import encode_segment_batch
from stream.outputs import Position

S = 1_000_000_000
T0 = 1_700_000_000 * S
FS = 250
AT = Position(topics.SEGMENTS.name, 3, 41)


def beats_adu(first_sample: int, n_samples: int = FS, bpm: float = 60, fs_hz: float = FS) -> np.ndarray:
    """int16 (n_samples,) of P, QRS and T at a steady rate with a little noise, a function of the sample index alone."""
    index = first_sample + np.arange(n_samples)
    t = index / fs_hz
    phase = (t % (60 / bpm)) - 0.3
    waves = ((1.2, 0.0, 0.012), (-0.25, 0.03, 0.012), (0.3, 0.28, 0.06), (0.12, -0.16, 0.03))
    mv = sum(height * np.exp(-(((phase - at) / width) ** 2)) for height, at, width in waves)
    noise = ((index * 2_654_435_761) % 2**32) / 2**32 - 0.5  # white enough, and the same on every call
    return np.round(200 * (mv + 0.05 * np.sin(2 * np.pi * 0.25 * t) + 0.03 * noise)).astype(np.int16)


def segment(seq: int, stream_id: str = "bed-1", n_leads: int = 2, **changes: object) -> Segment:
    """Second `seq` of a bed with 60 beats a minute."""
    first_sample = int(changes.pop("first_sample", seq * FS))  # type: ignore[call-overload]
    off = bool(changes.pop("off", False))
    names = ("II", "V1", "V5", "I")[:n_leads]
    state = LeadState.OFF if off else LeadState.CONNECTED
    fields: dict[str, object] = {
        "stream_id": stream_id,
        "epoch": 0,
        "seq": seq,
        "first_sample": first_sample,
        "fs_hz": float(FS),
        "start_time_ns": T0 + first_sample * S // FS,
        "leads": tuple(Lead(name, state=state) for name in names),
        "samples": np.tile(beats_adu(first_sample), (n_leads, 1)),
    }
    return Segment(**(fields | changes))  # type: ignore[arg-type]


def message(*segments: Segment, agent_id: str = "agent-1") -> bytes:
    """A batch as it stands on Kafka."""
    return encode_segment_batch(SegmentBatch(agent_id, "test", T0, tuple(segments)))
