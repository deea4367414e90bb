"""Vitals, screenings and dead letters on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ecg.beats.beat import Beat, BeatClass
from ecg.dead_letters import MAX_PAYLOAD_BYTES, DeadLetter
from ecg.screening import LabelScore, Screening, ScreeningStatus
from ecg.vitals import LeadReport, Vitals
from ecg.wire.parse import member, parse
from vigil.v1 import screening_pb2

_STATUS = {status: i + 1 for i, status in enumerate(ScreeningStatus)}


def encode_vitals(agent_id: str, vitals: Iterable[Vitals]) -> bytes:
    """All beds of one agent and tick as bytes."""
    batch = screening_pb2.VitalsBatch(agent_id=agent_id)
    for v in vitals:
        m = batch.vitals.add(
            stream_id=v.stream_id,
            epoch=v.epoch,
            seq=v.seq,
            first_sample=v.first_sample,
            end_sample=v.end_sample,
            fs_hz=v.fs_hz,
            time_ns=v.time_ns,
            rhythm=v.rhythm,
        )
        if v.heart_rate_bpm is not None:
            m.heart_rate_bpm = v.heart_rate_bpm
        for report in v.quality:
            m.quality.add(lead=report.lead, index=report.index, problems=report.problems)
        for beat in v.beats:
            m.beats.add(sample=beat.sample, symbol=beat.label.value)
    return batch.SerializeToString()


def decode_vitals(payload: bytes) -> tuple[str, tuple[Vitals, ...]]:
    """(agent_id, vitals) in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    batch = parse(screening_pb2.VitalsBatch, payload)
    return batch.agent_id, tuple(
        Vitals(
            m.stream_id,
            m.epoch,
            m.seq,
            m.first_sample,
            m.end_sample,
            m.fs_hz,
            m.time_ns,
            m.heart_rate_bpm if m.HasField("heart_rate_bpm") else None,
            m.rhythm,
            tuple(LeadReport(q.lead, q.index, tuple(q.problems)) for q in m.quality),
            tuple(Beat(b.sample, BeatClass(b.symbol)) for b in m.beats),
        )
        for m in batch.vitals
    )


def encode_screenings(agent_id: str, screenings: Iterable[Screening]) -> bytes:
    """All windows of one encoder batch that belong to one agent, as bytes."""
    batch = screening_pb2.ScreeningBatch(agent_id=agent_id)
    for s in screenings:
        batch.screenings.add(
            stream_id=s.stream_id,
            epoch=s.epoch,
            first_sample=s.first_sample,
            end_sample=s.end_sample,
            fs_hz=s.fs_hz,
            start_time_ns=s.start_time_ns,
            status=_STATUS[s.status],
            detail=s.detail,
            model_id=s.model_id,
            provider=s.provider,
            scores=[screening_pb2.LabelScore(label=x.label, score=x.score) for x in s.scores],
            flagged=s.flagged,
            flags=s.flags,
        )
    return batch.SerializeToString()


def decode_screenings(payload: bytes) -> tuple[str, tuple[Screening, ...]]:
    """(agent_id, screenings) in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    batch = parse(screening_pb2.ScreeningBatch, payload)
    return batch.agent_id, tuple(
        Screening(
            m.stream_id,
            m.epoch,
            m.first_sample,
            m.end_sample,
            m.fs_hz,
            m.start_time_ns,
            member(_STATUS, m.status, "screening status"),
            m.model_id,
            m.provider,
            tuple(LabelScore(x.label, x.score) for x in m.scores),
            tuple(m.flags),
            m.detail,
        )
        for m in batch.screenings
    )


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """A dead letter as bytes."""
    return screening_pb2.DeadLetter(
        source_topic=letter.source_topic,
        partition=letter.partition,
        offset=letter.offset,
        error=letter.error,
        reason=letter.reason,
        agent_id=letter.agent_id,
        stream_id=letter.stream_id,
        epoch=letter.epoch,
        seq=letter.seq,
        payload=letter.payload[:MAX_PAYLOAD_BYTES],
        payload_size=letter.payload_size,
        time_ns=letter.time_ns,
    ).SerializeToString()


def decode_dead_letter(payload: bytes) -> DeadLetter:
    """The dead letter in a message.

    Raises:
        InvalidSignal: Where it cannot be read.
    """
    m = parse(screening_pb2.DeadLetter, payload)

    def known(field: str) -> Any:
        return getattr(m, field) if m.HasField(field) else None

    return DeadLetter(
        m.source_topic,
        m.partition,
        m.offset,
        m.error,
        m.reason,
        m.payload,
        m.payload_size,
        m.time_ns,
        m.agent_id,
        known("stream_id"),
        known("epoch"),
        known("seq"),
    )
