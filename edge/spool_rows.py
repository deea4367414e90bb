"""What the spool takes and gives: rows by kind, and gap records made of lost sequence numbers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from ecg.errors import VigilError
from ecg.gaps import GapReason, GapRecord


class Kind(Enum):
    """What a row of the spool is; with its id, its name."""

    BATCH = "batch"
    GAP = "gap"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Encoded:
    """A SegmentBatch as bytes, with what the spool must know of it."""

    payload: bytes
    n_segments: int
    time_ns: int


@dataclass(frozen=True, slots=True)
class Note:
    """A small message that must arrive (a condition event), with its topic."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Acked:
    """A row the broker has: end_seq guards a gap that grew while it was under way."""

    kind: Kind
    row: int
    end_seq: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """Row ids of what one commit stored, in the order given."""

    batches: tuple[int, ...]
    notes: tuple[int, ...]


class SpoolFull(VigilError):
    """The disk took nothing, even after old batches were dropped; the caller publishes live and declares what is lost."""


def gaps_of(seqs: Mapping[tuple[str, int], list[int]], reason: GapReason, detail: str, time_ns: int) -> list[GapRecord]:
    """Gap records of lost sequence numbers, one per unbroken range.

    Args:
        seqs: Lost numbers by (stream_id, epoch), in any order.
        reason: Why.
        detail: In words.
        time_ns: UTC ns.
    """
    records = []
    for (stream_id, epoch), numbers in seqs.items():
        ordered = sorted(set(numbers))
        first = 0
        for i in range(1, len(ordered) + 1):
            if i == len(ordered) or ordered[i] != ordered[i - 1] + 1:
                start, end = ordered[first], ordered[i - 1] + 1
                records.append(GapRecord(stream_id, epoch, start, end, reason, detail, time_ns))
                first = i
    return records


def merge_gaps(gaps: Iterable[GapRecord]) -> list[GapRecord]:
    """The same gaps, ranges that continue one another (same stream, epoch and reason) made one; order is kept."""
    merged: list[GapRecord] = []
    ends: dict[tuple[str, int, GapReason, int], int] = {}  # (stream, epoch, reason, end_seq): index in merged
    for gap in gaps:
        index = ends.pop((gap.stream_id, gap.epoch, gap.reason, gap.first_seq), None)
        if index is None:
            index = len(merged)
            merged.append(gap)
        else:
            merged[index] = replace(merged[index], end_seq=gap.end_seq, time_ns=gap.time_ns)
        ends[(gap.stream_id, gap.epoch, gap.reason, gap.end_seq)] = index
    return merged
