"""Contract of every arrow: what goes in comes out, and what is broken is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg import wire
from ecg.alarms import AlarmCommand, AlertEvent, AlertKind, CommandKind
from ecg.beats.beat import Beat, BeatClass
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Evidence, Origin, Priority
from ecg.dead_letters import DeadLetter
from ecg.errors import InvalidSignal
from ecg.gaps import DeviceHealth, DeviceState, GapReason, GapRecord
from ecg.interpretation import (
    Accepted,
    Checked,
    Claim,
    ClaimKind,
    Escalation,
    Failed,
    Finished,
    InterpretationRecord,
    InterpretEvent,
    Labelled,
    Measured,
    Step,
    Summarised,
    Verdict,
)
from ecg.measurements.measurement import Measurement
from ecg.screening import LabelScore, Screening, ScreeningStatus
from ecg.segments import INVALID_SAMPLE, Lead, LeadState, Segment, SegmentBatch, millivolts
from ecg.vitals import LeadReport, Vitals
from ecg.wire import reasoner as wire_reasoner
from vigil.v1 import signal_pb2

START_NS = 1_700_000_000_000_000_000


def made_segment(n_leads: int = 2, n_samples: int = 250, seq: int = 3, **changed: object) -> Segment:
    fields: dict[str, object] = {
        "stream_id": "bed-01",
        "epoch": 2,
        "seq": seq,
        "first_sample": seq * n_samples,
        "fs_hz": 250.0,
        "start_time_ns": START_NS,
        "leads": tuple(Lead(f"L{i}", 200.0, 1024 if i else 0) for i in range(n_leads)),
        "samples": (np.arange(n_leads * n_samples) % 4096 - 2048).astype(np.int16).reshape(n_leads, n_samples),
    }
    return Segment(**(fields | changed))  # type: ignore[arg-type]


def condition_event() -> ConditionEvent:
    condition = Condition(
        ConditionCode.VTA, 100, 900, "5 ventricular beats, 150 > 100 bpm", None, (Evidence("rate", 150.0, "bpm"),)
    )
    return ConditionEvent("bed-01", 2, "ward-a", Origin.EDGE, condition, START_NS, START_NS + 5)


samples = st.integers(1, 8).flatmap(
    lambda n_leads: st.integers(1, 300).map(
        lambda n: np.random.default_rng(n).integers(-32768, 32767, (n_leads, n), np.int16)
    )
)


@given(samples, st.integers(0, 2**32 - 1), st.integers(0, 2**53), st.sampled_from([50.0, 128.0, 250.0, 360.0, 4000.0]))
def test_a_segment_survives_the_wire(x: np.ndarray, epoch: int, first: int, fs: float) -> None:
    x = x[:, : int(fs)]
    leads = tuple(
        Lead(f"L{i}", 200.0 + i, -i, LeadState.OFF if i % 3 == 2 else LeadState.CONNECTED) for i in range(len(x))
    )
    segment = Segment("bed", epoch, 7, first, fs, START_NS, leads, x.copy())
    back = wire.decode_segment_batch(wire.encode_segment_batch(SegmentBatch("a", "1", 5, (segment,), True)))
    assert not back.rejected and back.batch.backfill
    got = back.batch.segments[0]
    assert np.array_equal(got.samples, x)
    assert (got.leads, got.epoch, got.first_sample, got.fs_hz) == (leads, epoch, first, fs)


def test_samples_are_a_read_only_view() -> None:
    batch = wire.decode_segment_batch(wire.encode_segment_batch(SegmentBatch("a", "1", 5, (made_segment(),)))).batch
    assert not batch.segments[0].samples.flags.writeable
    assert batch.segments[0].samples.base is not None


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda m: setattr(m, "samples", m.samples[:-3]), "bytes of samples"),
        (lambda m: setattr(m, "samples", b"\x01" + m.samples[1:]), "CRC-32"),
        (lambda m: m.leads.pop(), "bytes of samples"),
        (lambda m: setattr(m, "fs_hz", 1e9), "fs"),
        (lambda m: setattr(m, "fs_hz", float("nan")), "fs"),
        (lambda m: setattr(m.leads[0], "gain_adu_per_mv", 0.0), "gain"),
        (lambda m: setattr(m.leads[0], "name", "L1"), "stands twice"),
        (lambda m: setattr(m, "stream_id", ""), "stream_id"),
        (lambda m: setattr(m, "first_sample", -5), "first_sample"),
    ],
)
def test_a_bad_segment_is_rejected_alone_and_named(damage: object, says: str) -> None:
    batch = SegmentBatch("a", "1", 5, (made_segment(seq=1), made_segment(seq=2), made_segment(seq=3)))
    message = signal_pb2.SegmentBatch.FromString(wire.encode_segment_batch(batch))
    damage(message.segments[1])  # type: ignore[operator]
    decoded = wire.decode_segment_batch(message.SerializeToString())
    assert [s.seq for s in decoded.batch.segments] == [1, 3]
    assert len(decoded.rejected) == 1 and says in decoded.rejected[0].reason


@pytest.mark.parametrize(
    "payload", [b"", b"\xff" * 40, b"x" * (wire.MAX_PARSE_BYTES + 1)], ids=["0 bytes", "garbage", "huge"]
)
def test_an_unreadable_envelope_is_invalid(payload: bytes) -> None:
    for decode in (*wire.DECODERS.values(), wire_reasoner.decode_interpretation):
        with pytest.raises(InvalidSignal):
            decode(payload)


def test_unknown_fields_are_ignored() -> None:
    payload = wire.encode_segment_batch(SegmentBatch("a", "1", 5, (made_segment(),)))
    newer = payload + b"\xfa\x3f\x03new"  # field 1023, length-delimited: something a later agent says
    assert wire.decode_segment_batch(newer).batch.agent_id == "a"


def test_conditions_and_alarms_survive_the_wire() -> None:
    event = condition_event()
    assert wire.decode_condition_event(wire.encode_condition_event(event)) == event
    alert = AlertEvent(
        "id", 4, AlertKind.JUDGED, Priority.HIGH, event, START_NS, "nurse", "true", (Origin.EDGE, Origin.STREAM)
    )
    assert wire.decode_alert_event(wire.encode_alert_event(alert)) == alert
    command = AlarmCommand("c", "id", "bed-01", "ward-a", CommandKind.AUDIO_PAUSE, "nurse", START_NS, "why")
    assert wire.decode_alarm_command(wire.encode_alarm_command(command)) == command


def test_unknown_is_none_and_never_zero() -> None:
    beats = (Beat(12, BeatClass.VENTRICULAR),)
    v = Vitals("bed", 0, 1, 250, 500, 250.0, START_NS, None, "", (LeadReport("II", 0.5, ("flat_line",)),), beats)
    agent, back = wire.decode_vitals(wire.encode_vitals("a", [v]))
    assert agent == "a" and back == (v,) and back[0].heart_rate_bpm is None
    letter = DeadLetter("t", 1, 2, "InvalidSignal", "bad", b"x", 1, START_NS)
    assert wire.decode_dead_letter(wire.encode_dead_letter(letter)) == letter


def test_screenings_gaps_and_health_survive_the_wire() -> None:
    scores = (LabelScore("AF", 0.5),)
    s = Screening("b", 0, 0, 2500, 250.0, START_NS, ScreeningStatus.SCREENED, "m", "CPU", scores, ("AF",), "")
    assert wire.decode_screenings(wire.encode_screenings("a", [s])) == ("a", (s,))
    gap = GapRecord("b", 0, 3, 9, GapReason.SPOOL_DROPPED, "spool full", START_NS)
    assert wire.decode_gap_record(wire.encode_gap_record(gap)) == gap
    health = DeviceHealth("a", "b", 0, DeviceState.SILENT, 12, START_NS, 3, "no data for 31 s")
    assert wire.decode_device_health(wire.encode_device_health(health)) == (health,)
    other = DeviceHealth("a", "c", 4, DeviceState.STREAMING, 1, START_NS)
    assert wire.decode_device_health(wire.encode_device_health(health, other)) == (health, other)


@pytest.mark.parametrize(
    "event",
    [
        Accepted(2, "protocol"),
        Measured((Measurement("heart_rate", None, "bpm", None, "no beats"), Measurement("st_j", 0.0, "mV", "V2"))),
        Step(2, "Axis", "Axis 60 degrees."),
        Summarised("Sinus rhythm."),
        Labelled(("sinus rhythm",), False, ""),
        Checked((Claim("60 bpm", 1, ClaimKind.NUMBER, Verdict.CONTRADICTED, "heart rate 80 bpm", 3, 9),)),
        Finished("<think></think>", 12),
        Failed("no answer within 5 s"),
    ],
)
def test_every_interpretation_event_survives_the_wire(event: InterpretEvent) -> None:
    record = InterpretationRecord("e", "a", "b", 1, 0, 2500, 250.0, START_NS, "m", 3, event)
    assert wire_reasoner.decode_interpretation(wire_reasoner.encode_interpretation(record)) == record


def test_an_escalation_keeps_the_devices_signal() -> None:
    window = made_segment(3, 360, fs_hz=360.0)
    escalation = Escalation(
        "e", "a", "ward-a", Priority.HIGH, START_NS, window, condition_event(), (LabelScore("AF", 0.5),)
    )
    back = wire_reasoner.escalation_from_proto(wire_reasoner.escalation_to_proto(escalation))
    assert np.array_equal(back.window.samples, window.samples) and back.window.leads == window.leads
    assert (back.condition, back.priority, back.deadline_ns) == (escalation.condition, Priority.HIGH, START_NS)


def test_millivolts_say_nan_where_nothing_was_measured() -> None:
    x = np.array([[1024, INVALID_SAMPLE, 1224], [0, 0, 0]], np.int16)
    leads = (Lead("II", 200.0, 1024), Lead("V1", 200.0, 0, LeadState.OFF))
    mv = millivolts(Segment("b", 0, 0, 0, 250.0, START_NS, leads, x))
    assert mv[0, 0] == 0.0 and mv[0, 2] == 1.0 and np.isnan(mv[0, 1]) and np.isnan(mv[1]).all()
