"""Every kind of bad input against the real worker on a real broker: each is named, told, and the stream goes on.

One bed per kind: good seconds 0 to 8, then what is wrong, then good seconds up to 16. The other kinds (an empty message,
garbage, 50 MB) belong to no bed: tests/integration/test_stream_worker.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from deploy.broker import EmbeddedBroker
from deploy.kafka_topics import create_topics
from ecg import topics
from ecg.alarms import AlertEvent, AlertKind
from ecg.conditions import ConditionCode, Priority
from ecg.segments import INVALID_SAMPLE, Segment
from ecg.wire import segment_to_proto
from tests.integration.stream_harness import Edge, StreamWorker, until
from tests.unit.stream.segments import FS, S, message, segment
from vigil.v1 import signal_pb2

pytestmark = pytest.mark.slow
BAD, END = 8, 16
#: A signal that is none lasts this long: the kernel calls it after two seconds.
SPOILT_S = 4
Make = Callable[..., Segment]


def _spoilt(make: Make, **fields: object) -> bytes:
    batch = signal_pb2.SegmentBatch.FromString(message(make(BAD)))
    for name, value in fields.items():
        setattr(batch.segments[0], name, value)
    return batch.SerializeToString()


#: What stands in place of second BAD, by kind, and what the dead letter must say.
REFUSED: dict[str, tuple[Callable[[Make], bytes], str]] = {
    "truncated": (lambda m: _spoilt(m, samples=segment_to_proto(m(BAD)).samples[:-7]), "993 bytes of samples"),
    "corrupt": (lambda m: _spoilt(m, samples=bytes(1000)), "CRC-32"),
    "leads": (lambda m: message(m(BAD, n_leads=3)), "3 leads"),
    "absurd-fs": (lambda m: _spoilt(m, fs_hz=1e9), "1000000000.0 Hz"),
    "nan-fs": (lambda m: _spoilt(m, fs_hz=float("nan")), "nan Hz"),
    "rate": (lambda m: message(m(BAD, fs_hz=500.0)), "500 Hz"),
    "backwards": (lambda m: message(m(BAD, first_sample=100)), "100 on, but 2000 is next"),
}
MISSING = np.full((2, FS), INVALID_SAMPLE, np.int16)
RAIL = np.full((2, FS), 32767, np.int16)
#: Messages in place of second BAD that are no fault of the format: the stream takes them and says what it must.
TAKEN: dict[str, Callable[[Make], list[bytes]]] = {
    "no-samples": lambda m: [message(m(BAD, samples=MISSING))],
    "rails": lambda m: [message(m(BAD, samples=RAIL))],
    "lead-off": lambda m: [message(m(BAD, off=True))],
    "twice": lambda m: [message(m(BAD)), message(m(BAD)), message(m(BAD - 3))],
    "reordered": lambda m: [message(m(BAD + 1)), message(m(BAD))],
    "unknown-field": lambda m: [message(m(BAD)) + b"\xfa\x01\x05hello"],
    "clock": lambda m: [message(m(BAD, start_time_ns=m(BAD).start_time_ns + 3600 * S))],
}


#: Beds whose signal stays spoilt, with what, and what must be called of them.
SPOILT: dict[str, tuple[dict[str, object], ConditionCode]] = {
    "no-samples": ({"samples": MISSING}, ConditionCode.LEADS_OFF),
    "rails": ({"samples": RAIL}, ConditionCode.ARTEFACT),
    "lead-off": ({"off": True}, ConditionCode.LEADS_OFF),
}


BY_THE_KERNEL = {ConditionCode.LEADS_OFF, ConditionCode.ARTEFACT}


def called(alarms: Sequence[AlertEvent], codes: set[ConditionCode]) -> dict[str, tuple[ConditionCode, str]]:
    """(code, reason) of the technical alarms of these codes that were raised, by bed."""
    return {
        a.condition.stream_id: (a.condition.condition.code, a.condition.condition.reason)
        for a in alarms
        if a.kind is AlertKind.RAISED and a.priority is Priority.TECHNICAL and a.condition.condition.code in codes
    }


def test_bad_input_is_named_and_told_and_every_stream_goes_on(tmp_path: Path) -> None:
    begun_ns = time.time_ns() - 20 * S

    def maker(bed: str) -> Make:
        def make(second: int, **changes: object) -> Segment:
            at_ns = {"start_time_ns": begun_ns + second * S}
            return segment(second, bed, **(at_ns | changes))

        return make

    with EmbeddedBroker() as broker:
        create_topics(broker.brokers)
        makers = {bed: maker(bed) for bed in (*REFUSED, *TAKEN)}
        with (
            StreamWorker(broker.brokers, tmp_path / "worker.log", "--reasoner=") as worker,
            closing(Edge(broker.brokers)) as edge,
        ):
            for second in range(BAD):
                edge.segments(*(make(second) for make in makers.values()))
            for bed, (bad, _) in REFUSED.items():
                edge.raw(topics.SEGMENTS, bad(makers[bed]))
            for bed, several in TAKEN.items():
                for payload in several(makers[bed]):
                    edge.raw(topics.SEGMENTS, payload)
            for second in range(BAD + 1, END):
                spoilt = {bed: fields for bed, (fields, _) in SPOILT.items() if second < BAD + SPOILT_S}
                edge.segments(*(make(second, **spoilt.get(bed, {})) for bed, make in makers.items()))
            wanted = {bed: set(range(END)) - ({BAD} if bed in REFUSED else set()) for bed in makers}

            def seqs(found: object) -> dict[str, list[int]]:
                vitals = [v for _, batch in found for v in batch]  # type: ignore[attr-defined]
                return {bed: [v.seq for v in vitals if v.stream_id == bed] for bed in makers}

            vitals = until(
                broker.brokers,
                topics.VITALS,
                lambda found: {bed: set(its) for bed, its in seqs(found).items()} == wanted,
                120,
            )
            dead = until(broker.brokers, topics.DEAD_LETTERS, lambda found: len(found) >= len(REFUSED))
            alarms = until(
                broker.brokers, topics.ALARMS, lambda found: SPOILT.keys() <= called(found, BY_THE_KERNEL).keys()
            )
            time.sleep(2.5)  # the worker counts once a second
            counted = {fate: worker.metric("vigil_stream_segments_total", fate=fate) for fate in ("duplicate", "held")}
    assert all(its == sorted(set(its)) for its in seqs(vitals).values()), "each once, in order"
    assert counted["duplicate"] == 3 and counted["held"] == 1, counted
    said = {letter.stream_id: letter for letter in dead}
    assert set(said) == set(REFUSED) and len(dead) == len(REFUSED)
    for bed, (_, text) in REFUSED.items():
        assert text in said[bed].reason and said[bed].seq == BAD and said[bed].offset > 0
    assert called(alarms, BY_THE_KERNEL).keys() == SPOILT.keys()
    assert {bed: code for bed, (code, _) in called(alarms, BY_THE_KERNEL).items()} == {
        b: c for b, (_, c) in SPOILT.items()
    }
    told = {bed: reason for bed, (_, reason) in called(alarms, {ConditionCode.BAD_INPUT}).items()}
    assert set(told) == {*REFUSED, "clock"}
    assert all(text in told[bed] for bed, (_, text) in REFUSED.items())
    assert "clock jumped by +3600.0 s" in told["clock"]
