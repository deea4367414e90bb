"""Segments, batches, gaps and device health on the wire. Samples go from the wire to NumPy with no copy."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ecg.dead_letters import MAX_PAYLOAD_BYTES
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceHealth, DeviceState, GapReason, GapRecord
from ecg.segments import Lead, LeadState, Segment, SegmentBatch
from ecg.wire.parse import member, parse
from vigil.v1 import signal_pb2

_LEAD_STATE = {LeadState.CONNECTED: 1, LeadState.OFF: 2}
_LEAD_STATE_BACK = {0: LeadState.CONNECTED, 1: LeadState.CONNECTED, 2: LeadState.OFF}
_GAP_REASON = {reason: i + 1 for i, reason in enumerate(GapReason)}
_DEVICE_STATE = {state: i + 1 for i, state in enumerate(DeviceState)}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A segment of a batch that could not be used, and why."""

    stream_id: str
    epoch: int
    seq: int
    reason: str
    payload: bytes


@dataclass(frozen=True, slots=True, eq=False)
class DecodedBatch:
    """A batch with its good segments, and the bad ones beside it."""

    batch: SegmentBatch
    rejected: tuple[Rejected, ...]


def segment_to_proto(segment: Segment) -> signal_pb2.Segment:
    """A segment as a message; samples lead after lead, int16 little-endian, with their CRC-32."""
    samples = segment.samples.astype("<i2", copy=False).tobytes()
    return signal_pb2.Segment(
        stream_id=segment.stream_id,
        epoch=segment.epoch,
        seq=segment.seq,
        first_sample=segment.first_sample,
        fs_hz=segment.fs_hz,
        start_time_ns=segment.start_time_ns,
        leads=[
            signal_pb2.Lead(
                name=lead.name,
                gain_adu_per_mv=lead.gain_adu_per_mv,
                baseline_adu=lead.baseline_adu,
                state=_LEAD_STATE[lead.state],  # type: ignore[arg-type]
            )
            for lead in segment.leads
        ],
        n_samples=segment.n_samples,
        samples=samples,
        samples_crc32=zlib.crc32(samples),
    )


@lru_cache(maxsize=4096)  # a device's leads come again with every segment
def _leads(leads: tuple[tuple[str, float, int, int], ...]) -> tuple[Lead, ...]:
    return tuple(
        Lead(name, gain, baseline, _LEAD_STATE_BACK.get(state, LeadState.OFF)) for name, gain, baseline, state in leads
    )


def segment_from_proto(message: signal_pb2.Segment) -> Segment:
    """The segment a message carries; its samples are a read-only view of the message's bytes.

    Raises:
        InvalidSignal: Truncated or corrupt samples, or a field outside its limits.
    """
    n_leads = len(message.leads)
    where = f"segment {message.stream_id!r} epoch {message.epoch} seq {message.seq}"
    wanted = n_leads * message.n_samples * 2
    if len(message.samples) != wanted:
        raise InvalidSignal(
            f"{where}: {len(message.samples)} bytes of samples, "
            f"{wanted} wanted for {n_leads} leads of {message.n_samples} samples"
        )
    if zlib.crc32(message.samples) != message.samples_crc32:
        raise InvalidSignal(f"{where}: samples do not match their CRC-32, they were changed on the way")
    if n_leads == 0:
        raise InvalidSignal(f"{where}: no leads")
    return Segment(
        message.stream_id,
        message.epoch,
        message.seq,
        message.first_sample,
        message.fs_hz,
        message.start_time_ns,
        _leads(
            tuple((lead.name, lead.gain_adu_per_mv, lead.baseline_adu, lead.state) for lead in message.leads),
        ),
        np.frombuffer(message.samples, "<i2").reshape(n_leads, message.n_samples),  # (n_leads, n_samples)
    )


def encode_segment_batch(batch: SegmentBatch) -> bytes:
    """A batch as bytes for Kafka."""
    return signal_pb2.SegmentBatch(
        agent_id=batch.agent_id,
        agent_version=batch.agent_version,
        sent_time_ns=batch.sent_time_ns,
        segments=[segment_to_proto(segment) for segment in batch.segments],
        backfill=batch.backfill,
    ).SerializeToString()


def decode_segment_batch(payload: bytes) -> DecodedBatch:
    """The batch in a message, its bad segments set apart.

    Raises:
        InvalidSignal: Where the envelope itself cannot be read.
    """
    message = parse(signal_pb2.SegmentBatch, payload)
    good: list[Segment] = []
    rejected: list[Rejected] = []
    for part in message.segments:
        try:
            good.append(segment_from_proto(part))
        except InvalidSignal as error:
            rejected.append(
                Rejected(part.stream_id, part.epoch, part.seq, str(error), part.SerializeToString()[:MAX_PAYLOAD_BYTES])
            )
    batch = SegmentBatch(message.agent_id, message.agent_version, message.sent_time_ns, tuple(good), message.backfill)
    return DecodedBatch(batch, tuple(rejected))


def encode_gap_record(gap: GapRecord) -> bytes:
    """A gap record as bytes."""
    return signal_pb2.GapRecord(
        stream_id=gap.stream_id,
        epoch=gap.epoch,
        first_seq=gap.first_seq,
        end_seq=gap.end_seq,
        reason=_GAP_REASON[gap.reason],  # type: ignore[arg-type]
        detail=gap.detail,
        time_ns=gap.time_ns,
    ).SerializeToString()


def decode_gap_record(payload: bytes) -> GapRecord:
    """The gap record in a message.

    Raises:
        InvalidSignal: Where it cannot be read or the range is empty.
    """
    m = parse(signal_pb2.GapRecord, payload)
    reason = member(_GAP_REASON, m.reason, "gap reason")
    try:
        return GapRecord(m.stream_id, m.epoch, m.first_seq, m.end_seq, reason, m.detail, m.time_ns)
    except ValueError as error:
        raise InvalidSignal(str(error)) from error


def encode_device_health(health: DeviceHealth, *others: DeviceHealth) -> bytes:
    """What an agent says of its devices in one tick, as bytes."""
    message = _health_to_proto(health)
    message.others.extend(_health_to_proto(other) for other in others)
    return message.SerializeToString()


def _health_to_proto(health: DeviceHealth) -> signal_pb2.DeviceHealth:
    return signal_pb2.DeviceHealth(
        agent_id=health.agent_id,
        stream_id=health.stream_id,
        epoch=health.epoch,
        state=_DEVICE_STATE[health.state],  # type: ignore[arg-type]
        detail=health.detail,
        next_seq=health.next_seq,
        spooled_segments=health.spooled_segments,
        time_ns=health.time_ns,
    )


def decode_device_health(payload: bytes) -> tuple[DeviceHealth, ...]:
    """The health of every device in a message, at least one.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    message = parse(signal_pb2.DeviceHealth, payload)
    return tuple(_health_from_proto(m) for m in (message, *message.others))


def _health_from_proto(m: signal_pb2.DeviceHealth) -> DeviceHealth:
    state = member(_DEVICE_STATE, m.state, "device state")
    return DeviceHealth(m.agent_id, m.stream_id, m.epoch, state, m.next_seq, m.time_ns, m.spooled_segments, m.detail)
