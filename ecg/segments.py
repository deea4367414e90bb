"""Segments: the transport unit of a stream, valid from birth, with samples as the device gave them.

Owns the limits of what a segment may be. Must not import proto (see ecg.wire) nor anything above ecg.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from ecg.errors import InvalidSignal

#: int16 value that says "no sample here" (WFDB format 16, DATA.md).
INVALID_SAMPLE = -32768
#: Sampling frequencies any ECG device has used; outside them a header is wrong.
MIN_FS_HZ, MAX_FS_HZ = 50.0, 4000.0
MAX_LEADS = 16
#: A segment is about 1 s; more than this is a batch upload, not monitoring.
MAX_SEGMENT_S = 10.0
MAX_GAIN_ADU_PER_MV = 1e6

Int16Array = npt.NDArray[np.int16]
FloatArray = npt.NDArray[np.float32]


class LeadState(Enum):
    """What the device says of one lead."""

    CONNECTED = "connected"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Lead:
    """One lead of a segment: mV = (adu - baseline_adu) / gain_adu_per_mv."""

    name: str
    gain_adu_per_mv: float = 200.0
    baseline_adu: int = 0
    state: LeadState = LeadState.CONNECTED

    def __post_init__(self) -> None:
        if not self.name or len(self.name) > 32:
            raise InvalidSignal(f"lead name {self.name!r}: 1 to 32 characters wanted")
        if not (math.isfinite(self.gain_adu_per_mv) and 0 < self.gain_adu_per_mv <= MAX_GAIN_ADU_PER_MV):
            raise InvalidSignal(
                f"lead {self.name}: gain {self.gain_adu_per_mv} adu/mV is not in (0, {MAX_GAIN_ADU_PER_MV:g}]"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Every lead of one device for about 1 s.

    Attributes:
        stream_id: Pseudonymous id of the bed's stream; never a name or record number.
        epoch: Counts restarts of the stream's sample clock (new agent, new device).
        seq: Counts segments within the epoch from 0.
        first_sample: Index of the first sample since the epoch began.
        fs_hz: Sampling frequency, Hz.
        start_time_ns: UTC, ns since 1970, of first_sample.
        leads: One entry per row of samples.
        samples: int16, shape (n_leads, n_samples), read-only, INVALID_SAMPLE where there is none.

    Raises:
        InvalidSignal: Where a field is outside what an ECG can be; the text names it.
    """

    stream_id: str
    epoch: int
    seq: int
    first_sample: int
    fs_hz: float
    start_time_ns: int
    leads: tuple[Lead, ...]
    samples: Int16Array

    def __post_init__(self) -> None:
        where = f"segment {self.stream_id!r} epoch {self.epoch} seq {self.seq}"
        if not self.stream_id or len(self.stream_id) > 64:
            raise InvalidSignal(f"{where}: stream_id must have 1 to 64 characters")
        if not all(
            isinstance(k, int | np.integer) for k in (self.epoch, self.seq, self.first_sample, self.start_time_ns)
        ):
            raise InvalidSignal(f"{where}: epoch, seq, first_sample and start_time_ns are whole numbers")
        if self.epoch < 0 or self.seq < 0 or self.first_sample < 0:
            raise InvalidSignal(f"{where}: negative epoch, seq or first_sample {self.first_sample}")
        real = isinstance(self.fs_hz, int | float | np.number)
        if not (real and math.isfinite(self.fs_hz) and MIN_FS_HZ <= self.fs_hz <= MAX_FS_HZ):
            raise InvalidSignal(f"{where}: fs {self.fs_hz} Hz is not in [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}]")
        if not 1 <= len(self.leads) <= MAX_LEADS:
            raise InvalidSignal(f"{where}: {len(self.leads)} leads, 1 to {MAX_LEADS} wanted")
        if not isinstance(self.samples, np.ndarray):
            raise InvalidSignal(f"{where}: samples must be an int16 array, not a {type(self.samples).__name__}")
        if self.samples.dtype != np.int16 or self.samples.ndim != 2:
            raise InvalidSignal(
                f"{where}: samples must be int16 (n_leads, n_samples), not {self.samples.dtype} {self.samples.shape}"
            )
        if self.samples.shape[0] != len(self.leads):
            raise InvalidSignal(f"{where}: {self.samples.shape[0]} rows of samples for {len(self.leads)} leads")
        if not 1 <= self.samples.shape[1] <= MAX_SEGMENT_S * self.fs_hz:
            raise InvalidSignal(f"{where}: {self.samples.shape[1]} samples, 1 to {MAX_SEGMENT_S * self.fs_hz:g} wanted")
        if len({lead.name for lead in self.leads}) != len(self.leads):
            raise InvalidSignal(f"{where}: a lead name stands twice in {[lead.name for lead in self.leads]}")
        self.samples.flags.writeable = False

    @property
    def n_samples(self) -> int:
        """Samples per lead."""
        n: int = self.samples.shape[1]
        return n

    @property
    def end_sample(self) -> int:
        """Index after the last sample: the segment is [first_sample, end_sample)."""
        end: int = self.first_sample + self.samples.shape[1]
        return end

    def time_ns_at(self, sample: int) -> int:
        """UTC ns of a sample index of this epoch, on this segment's clock."""
        return self.start_time_ns + round((sample - self.first_sample) * 1e9 / self.fs_hz)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentBatch:
    """What one edge agent gathered in one tick; the Kafka message. Only an envelope: everything else is per segment."""

    agent_id: str
    agent_version: str
    sent_time_ns: int
    segments: tuple[Segment, ...]
    backfill: bool = False

    def __post_init__(self) -> None:
        if not self.agent_id or len(self.agent_id) > 64:
            raise InvalidSignal(f"agent_id {self.agent_id!r}: 1 to 64 characters wanted")


def to_millivolts(adu: Int16Array, leads: tuple[Lead, ...]) -> FloatArray:
    """Device units in mV, float32 (n_leads, n_samples), NaN where there is no sample or the lead is off.

    Args:
        adu: int16 (n_leads, n_samples).
        leads: One per row.
    """
    gain = np.array([lead.gain_adu_per_mv for lead in leads], np.float32)[:, None]
    baseline = np.array([lead.baseline_adu for lead in leads], np.float32)[:, None]
    mv = adu.astype(np.float32)
    mv -= baseline
    mv /= gain
    mv[adu == INVALID_SAMPLE] = np.nan
    for row, lead in enumerate(leads):
        if lead.state is LeadState.OFF:
            mv[row] = np.nan
    return mv


def millivolts(segment: Segment) -> FloatArray:
    """Samples in mV, float32 (n_leads, n_samples), NaN where there is no sample or the lead is off."""
    return to_millivolts(segment.samples, segment.leads)
