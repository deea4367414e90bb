"""Batches: packs the segments of a tick into as few messages as fit, and back into the numbers they carried.

Owns the size limit of a message. Must not import the spool.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecg.segments import Segment, SegmentBatch
from ecg.topics import MAX_MESSAGE_BYTES
from ecg.wire import encode_segment_batch
from vigil.v1 import signal_pb2

# Serialised protobuf messages merge when joined, the last scalar winning: this turns a live batch into a backfill one
# without parsing its samples.
_BACKFILL_MARK = signal_pb2.SegmentBatch(backfill=True).SerializeToString()
# A segment's bytes beside its samples: ids, clock and about 24 bytes a lead; measured 130 for 2 leads.
_SEGMENT_OVERHEAD, _LEAD_OVERHEAD = 120, 64
_ENVELOPE = 512


def pack(
    agent_id: str, agent_version: str, sent_time_ns: int, segments: Sequence[Segment], limit: int = MAX_MESSAGE_BYTES
) -> Iterator[tuple[tuple[Segment, ...], bytes]]:
    """Batches of at most limit bytes, in the order given.

    Args:
        agent_id: The sender.
        agent_version: Its version.
        sent_time_ns: UTC ns now.
        segments: Of one tick.
        limit: Bytes; a segment larger than it travels alone.

    Yields:
        The segments of a message, and the message.
    """
    first, size = 0, _ENVELOPE
    for i, segment in enumerate(segments):
        more = segment.samples.nbytes + _SEGMENT_OVERHEAD + _LEAD_OVERHEAD * len(segment.leads)
        if size + more > limit and i > first:
            yield _encode(agent_id, agent_version, sent_time_ns, segments[first:i])
            first, size = i, _ENVELOPE
        size += more
    if first < len(segments):
        yield _encode(agent_id, agent_version, sent_time_ns, segments[first:])


def _encode(
    agent_id: str, agent_version: str, sent_time_ns: int, segments: Sequence[Segment]
) -> tuple[tuple[Segment, ...], bytes]:
    part = tuple(segments)
    return part, encode_segment_batch(SegmentBatch(agent_id, agent_version, sent_time_ns, part))


def as_backfill(payload: bytes) -> bytes:
    """The same batch, marked as late."""
    return payload + _BACKFILL_MARK
