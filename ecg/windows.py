"""Windows: the analysis unit, half-open sample ranges cut from a stream of segments.

Owns the Window type and the windower. Must not import anything above ecg.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.segments import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """[first_sample, end_sample) of one stream, in mV.

    Attributes:
        lead_names: One per row.
        signal_mv: float32 (n_leads, n_samples), read-only, NaN where nothing was received (a gap, a lead off).
        start_time_ns: UTC ns of first_sample.
    """

    stream_id: str
    epoch: int
    first_sample: int
    fs_hz: float
    start_time_ns: int
    lead_names: tuple[str, ...]
    signal_mv: FloatArray

    @property
    def end_sample(self) -> int:
        """Index after the last sample."""
        return self.first_sample + int(self.signal_mv.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.signal_mv.shape[1] / self.fs_hz)
