"""Gaps: ranges of a stream that will never come, with the reason. Nothing is lost in silence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class GapReason(Enum):
    """Why a range is missing."""

    SPOOL_DROPPED = "spool_dropped"
    SOURCE_SILENT = "source_silent"
    AGENT_DOWN = "agent_down"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class GapRecord:
    """Sequence numbers [first_seq, end_seq) of one stream and epoch that will never come."""

    stream_id: str
    epoch: int
    first_seq: int
    end_seq: int
    reason: GapReason
    detail: str
    time_ns: int

    def __post_init__(self) -> None:
        if not 0 <= self.first_seq < self.end_seq:
            raise ValueError(f"gap [{self.first_seq}, {self.end_seq}) of {self.stream_id} is empty or negative")


class DeviceState(Enum):
    """What an agent says of one device."""

    STREAMING = "streaming"
    SILENT = "silent"
    FAULT = "fault"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class DeviceHealth:
    """State of one device; next_seq is the upper edge of what the ledger must account for."""

    agent_id: str
    stream_id: str
    epoch: int
    state: DeviceState
    next_seq: int
    time_ns: int
    spooled_segments: int = 0
    detail: str = ""
