"""Vitals: the numbers on a bed's tile, one set per segment."""

from __future__ import annotations

from dataclasses import dataclass

from ecg.beats.beat import Beat


@dataclass(frozen=True, slots=True)
class LeadReport:
    """Quality of one lead as it travels: index 0 unusable to 1 clean, problems by name."""

    lead: str
    index: float
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vitals:
    """One bed, one segment.

    Attributes:
        heart_rate_bpm: None when not measurable, never zero.
        rhythm: WFDB rhythm word without "(": N, AFIB, VT ...; "" when unknown.
        time_ns: UTC ns of end_sample.
    """

    stream_id: str
    epoch: int
    seq: int
    first_sample: int
    end_sample: int
    fs_hz: float
    time_ns: int
    heart_rate_bpm: float | None
    rhythm: str
    quality: tuple[LeadReport, ...]
    beats: tuple[Beat, ...]
