"""The processor: what messages mean, and every kind of bad input: a clear error, an alarm where it matters, and onward."""

from __future__ import annotations

import numpy as np
import pytest

from ecg import topics
from ecg.alarms import AlarmCommand, AlertKind, CommandKind
from ecg.beats.beat import BeatClass
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin, Priority
from ecg.gaps import DeviceHealth, DeviceState
from ecg.segments import INVALID_SAMPLE
from ecg.wire import encode_alarm_command, encode_condition_event, encode_device_health, segment_to_proto
from stream.outputs import Outputs, Position
from stream.processor import Processor
from stream.screener import unscreened
from tests.unit.stream.segments import AT, FS, T0, S, beats_adu, message, segment
from vigil.v1 import signal_pb2


def feed(processor: Processor, first: int, end: int, **changes: object) -> Outputs:
    """Seconds [first, end) of bed-1, each arriving when it ends; the outputs of all together."""
    total = Outputs()
    for i in range(first, end):
        out = processor.on_segments(message(segment(i, **changes)), AT, T0 + (i + 1) * S, "agent-1")
        for agent_id, vitals in out.vitals.items():
            total.vitals.setdefault(agent_id, []).extend(vitals)
        total.windows += out.windows
        total.alerts += out.alerts
        total.dead_letters += out.dead_letters
        total.escalations += out.escalations
    return total


def codes(out: Outputs, kind: AlertKind = AlertKind.RAISED) -> list[ConditionCode]:
    return [event.condition.condition.code for event in out.alerts if event.kind is kind]


def edge_report(code: ConditionCode = ConditionCode.VFB, onset_s: int = 10, ended_s: int | None = None) -> bytes:
    ended = None if ended_s is None else ended_s * FS
    condition = Condition(code, onset_s * FS, (onset_s + 4) * FS, "fibrillation for 4 s", ended)
    onset_ns, seen_ns = T0 + onset_s * S, T0 + (onset_s + 4) * S
    ended_ns = None if ended_s is None else T0 + ended_s * S
    return encode_condition_event(
        ConditionEvent("bed-1", 0, "agent-1", Origin.EDGE, condition, onset_ns, seen_ns, ended_ns)
    )


EDGE_AT = Position(topics.EDGE_CONDITIONS.name, 3, 7)


def beats(out: Outputs) -> list[list[tuple[int, str]]]:
    """Where the beats of each second are and of what class; how sure the classifier is depends on what it saw before."""
    return [[(b.sample, b.label.value) for b in v.beats] for v in out.vitals["agent-1"]]


# The good case


def test_segments_become_vitals_and_windows() -> None:
    out = feed(Processor(), 0, 14)
    assert not out.dead_letters and not out.alerts
    assert [v.seq for v in out.vitals["agent-1"]] == list(range(14))
    assert out.vitals["agent-1"][-1].heart_rate_bpm == pytest.approx(60, abs=2)
    assert [(w.first_sample, w.end_sample) for w in out.windows] == [(0, 2500), (500, 3000), (1000, 3500)]


def test_an_edge_alarm_is_raised_merged_and_escalated_with_its_strip() -> None:
    processor = Processor()
    before = feed(processor, 0, 13)
    raised = processor.on_edge_condition(edge_report(), EDGE_AT, T0 + 14 * S)
    assert codes(raised) == [ConditionCode.VFB] and raised.alerts[0].priority is Priority.HIGH
    assert not raised.escalations, "the segments up to its detection are not there yet"
    after = feed(processor, 13, 14)
    (escalation,) = before.escalations + after.escalations
    assert escalation.alarm_id == raised.alerts[0].alarm_id and escalation.priority is Priority.HIGH
    strip = escalation.window
    assert (strip.first_sample, strip.end_sample) == (4 * FS, 14 * FS), "10 s up to the detection, onset inside"
    assert strip.leads == segment(0).leads
    np.testing.assert_array_equal(strip.samples[0], beats_adu(4 * FS, 10 * FS))
    again = processor.on_edge_condition(edge_report(), EDGE_AT, T0 + 15 * S)
    assert not again.alerts and not again.escalations


def test_an_alarm_whose_signal_never_came_says_so() -> None:
    processor = Processor()
    processor.on_edge_condition(edge_report(), EDGE_AT, T0)
    later = Outputs()
    for second in range(8):
        out = processor.on_time(T0 + second * S)
        later.alerts += out.alerts
        assert not out.escalations
    texts = [e.detail for e in later.alerts if e.kind is AlertKind.INTERPRETED]
    assert texts == ["interpretation unavailable: the signal of the event was not received"]


def test_commands_reach_their_alarm_and_unknown_ones_are_dead_letters() -> None:
    processor = Processor()
    (raised,) = processor.on_edge_condition(edge_report(), EDGE_AT, T0).alerts
    command = AlarmCommand("c1", raised.alarm_id, "bed-1", "agent-1", CommandKind.ACKNOWLEDGE, "nurse.a", T0)
    at = Position(topics.COMMANDS.name, 3, 0)
    (event,) = processor.on_command(encode_alarm_command(command), at, T0 + S).alerts
    assert event.kind is AlertKind.ACKNOWLEDGED and event.actor == "nurse.a"
    unknown = AlarmCommand("c2", "no-such-alarm", "bed-1", "agent-1", CommandKind.ACKNOWLEDGE, "nurse.a", T0)
    (dead,) = processor.on_command(encode_alarm_command(unknown), at, T0 + S).dead_letters
    assert "no-such-alarm" in dead.reason


def test_flagged_windows_go_to_the_cloud_at_most_once_a_minute_per_flag() -> None:
    processor = Processor()
    sent = []
    for second in range(40):
        for window in feed(processor, second, second + 1).windows:
            screened = [unscreened(window, "no model")]
            sent += processor.on_screened(screened, T0 + second * S).escalations
    assert len(sent) == 1 and sent[0].alarm_id == "" and sent[0].priority is Priority.LOW
    assert sent[0].window.end_sample - sent[0].window.first_sample == 10 * FS


# Silence and lost ends


def test_no_data_for_more_than_30_s_is_a_technical_alarm_that_ends_with_the_data() -> None:
    processor = Processor()
    feed(processor, 0, 12)
    assert not processor.on_time(T0 + 42 * S).alerts
    silent = processor.on_time(T0 + 43 * S)
    assert codes(silent) == [ConditionCode.NO_SIGNAL]
    assert silent.alerts[0].priority is Priority.TECHNICAL and "31 s" in silent.alerts[0].condition.condition.reason
    assert not processor.on_time(T0 + 44 * S).alerts
    back = feed(processor, 60, 61, first_sample=60 * FS)
    ended = back.alerts + processor.on_time(T0 + 75 * S).alerts
    assert AlertKind.CONDITION_ENDED in [e.kind for e in ended]


def test_a_device_that_ended_is_not_missed() -> None:
    processor = Processor()
    feed(processor, 0, 5)
    health = DeviceHealth("agent-1", "bed-1", 0, DeviceState.ENDED, 5, T0)
    beside = DeviceHealth("agent-1", "bed-2", 0, DeviceState.STREAMING, 5, T0)
    processor.on_health(encode_device_health(beside, health), Position(topics.DEVICE_HEALTH.name, 3, 0), T0 + 6 * S)
    assert not processor.on_time(T0 + 300 * S).alerts and processor.beds == 0


def test_a_new_epoch_ends_what_nobody_can_end_any_more() -> None:
    processor = Processor()
    feed(processor, 0, 14)
    processor.on_edge_condition(edge_report(), EDGE_AT, T0 + 14 * S)
    out = feed(processor, 0, 1, epoch=1, start_time_ns=T0 + 20 * S)
    assert AlertKind.CONDITION_ENDED in [e.kind for e in out.alerts]


# Bad input, line by line of what may come


def one_dead(out: Outputs) -> str:
    (dead,) = out.dead_letters
    assert (dead.source_topic, dead.partition, dead.offset) == (AT.topic, AT.partition, AT.offset)
    assert dead.error == "InvalidSignal"
    return dead.reason


def goes_on(processor: Processor, first: int) -> None:
    """The stream goes on: the next segment is taken and gives vitals."""
    out = feed(processor, first, first + 1)
    assert [v.seq for v in out.vitals["agent-1"]] == [first] and not out.dead_letters


@pytest.mark.parametrize("payload", [b"", None], ids=["0 bytes", "tombstone"])
def test_an_empty_message(payload: bytes | None) -> None:
    processor = Processor()
    feed(processor, 0, 2)
    assert "empty (0 bytes)" in one_dead(processor.on_segments(payload, AT, T0 + 3 * S, "agent-1"))
    goes_on(processor, 2)


def test_a_50_mb_message() -> None:
    processor = Processor()
    feed(processor, 0, 2)
    out = processor.on_segments(bytes(50_000_000), AT, T0 + 3 * S, "agent-1")
    assert "50000000 bytes" in one_dead(out)
    assert out.dead_letters[0].payload_size == 50_000_000 and len(out.dead_letters[0].payload) == 65_536
    goes_on(processor, 2)


def test_garbage() -> None:
    processor = Processor()
    feed(processor, 0, 2)
    assert "do not parse" in one_dead(processor.on_segments(b"\xff\xfe garbage", AT, T0 + 3 * S, "agent-1"))
    goes_on(processor, 2)


def spoilt(**fields: object) -> bytes:
    """A batch of a good segment of bed-2 and a segment 2 of bed-1 with fields changed after the fact."""
    batch = signal_pb2.SegmentBatch.FromString(message(segment(2, "bed-2"), segment(2)))
    bad = batch.segments[1]
    for name, value in fields.items():
        setattr(bad, name, value)
    return batch.SerializeToString()


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (spoilt(samples=segment_to_proto(segment(2)).samples[:-7]), "993 bytes of samples, 1000 wanted"),
        (spoilt(samples=bytes(1000)), "CRC-32"),
        (spoilt(n_samples=125), "1000 bytes of samples, 500 wanted"),
        (spoilt(fs_hz=1e9), "fs 1000000000.0 Hz"),
        (spoilt(fs_hz=float("nan")), "fs nan Hz"),
        (spoilt(first_sample=-5), "negative"),
        (message(segment(2, "bed-2"), segment(2, n_leads=3)), "3 leads"),
        (message(segment(2, "bed-2"), segment(2, fs_hz=500.0)), "500 Hz"),
        (message(segment(2, "bed-2"), segment(2, first_sample=100)), "100 on, but 500 is next"),
        (
            message(segment(2, "bed-2"), segment(2, first_sample=10**15, start_time_ns=T0 + 2 * S)),
            "first_sample jumped",
        ),
    ],
    ids=["truncated", "corrupt", "n_samples", "absurd fs", "NaN fs", "negative", "lead count", "rate", "back", "ahead"],
)
def test_one_bad_segment_is_a_dead_letter_and_a_technical_alarm_and_touches_no_other_bed(
    payload: bytes, text: str
) -> None:
    processor = Processor()
    feed(processor, 0, 2)
    out = processor.on_segments(payload, AT, T0 + 3 * S, "agent-1")
    assert text in one_dead(out)
    assert (out.dead_letters[0].stream_id, out.dead_letters[0].seq) == ("bed-1", 2)
    assert codes(out) == [ConditionCode.BAD_INPUT] and out.alerts[0].condition.stream_id == "bed-1"
    assert text in out.alerts[0].condition.condition.reason
    assert [v.stream_id for v in out.vitals["agent-1"]] == ["bed-2"]
    goes_on(processor, 2)


def test_bad_input_that_goes_on_is_one_alarm_that_ends() -> None:
    processor = Processor()
    alerts = []
    for i in range(120):  # for 2 min every segment is bad
        out = processor.on_segments(spoilt(fs_hz=1e9, seq=i), AT, T0 + i * S, "agent-1")
        processor.on_segments(message(segment(i + 10, "bed-2")), AT, T0 + i * S, "agent-1")
        alerts += out.alerts + processor.on_time(T0 + i * S).alerts
    assert [e.kind for e in alerts] == [AlertKind.RAISED]
    after = [e.kind for i in range(120, 145) for e in processor.on_time(T0 + i * S).alerts]
    assert after == [AlertKind.CONDITION_ENDED, AlertKind.CLEARED]


def _spoilt(second: int, leads: tuple[int, ...], value: int) -> np.ndarray:
    samples = np.tile(beats_adu(second * FS), (2, 1))
    samples[list(leads)] = value
    return samples


@pytest.mark.parametrize(
    ("leads", "value", "within_s", "code", "reason", "rate_goes_on"),
    [
        ((0, 1), 32767, 3, ConditionCode.ARTEFACT, "artefact in every lead", False),
        ((0, 1), -32767, 3, ConditionCode.ARTEFACT, "artefact in every lead", False),
        ((0, 1), INVALID_SAMPLE, 4, ConditionCode.LEADS_OFF, "lead II off", False),
        ((0,), INVALID_SAMPLE, 4, ConditionCode.LEADS_OFF, "lead II off", True),
        ((0,), 32767, 8, ConditionCode.LEADS_OFF, "lead II off", True),
        ((1,), 0, 15, ConditionCode.LEADS_OFF, "lead V1 flat or saturated: check its electrode", True),
    ],
    ids=["rail", "negative-rail", "missing", "one-missing", "one-rail", "one-flat"],
)
def test_a_signal_that_is_none_raises_a_technical_alarm_that_ends_with_it(
    leads: tuple[int, ...], value: int, within_s: int, code: ConditionCode, reason: str, rate_goes_on: bool
) -> None:
    processor = Processor()
    feed(processor, 0, 12)
    outs = [feed(processor, i, i + 1, samples=_spoilt(i, leads, value)) for i in range(12, 32)]
    raised = [
        (second, event)
        for second, out in enumerate(outs)
        for event in out.alerts
        if event.kind is AlertKind.RAISED and event.priority is Priority.TECHNICAL
    ]
    second, event = raised[0]
    suspended = [ConditionCode.SUSPENDED] if code is ConditionCode.ARTEFACT else []  # level 2, after 20 s
    assert [e.condition.condition.code for _, e in raised] == [code, *suspended]
    assert event.condition.condition.code is code and event.condition.condition.reason.startswith(reason)
    assert second < within_s
    vitals = outs[-1].vitals["agent-1"][-1]
    assert all((vitals.quality[lead].index < 0.05) == (lead in leads) for lead in (0, 1))
    assert (vitals.heart_rate_bpm is not None) == rate_goes_on, "unknown is not a number"
    back = feed(processor, 32, 60)
    ended = [e.condition.condition.code for e in back.alerts if e.kind is AlertKind.CONDITION_ENDED]
    assert code in ended


def test_windows_of_missing_samples_hold_no_numbers() -> None:
    processor = Processor()
    out = feed(processor, 0, 12, samples=np.full((2, FS), INVALID_SAMPLE, np.int16))
    assert out.windows and np.isnan(out.windows[-1].signal_mv).all()


def test_a_clock_that_jumps_is_a_technical_alarm_and_the_samples_count() -> None:
    processor = Processor()
    feed(processor, 0, 3)
    jumped = message(segment(3, start_time_ns=T0 + 3603 * S))
    out = processor.on_segments(jumped, AT, T0 + 4 * S, "agent-1")
    assert codes(out) == [ConditionCode.BAD_INPUT]
    assert "clock jumped by +3600.0 s" in out.alerts[0].condition.condition.reason
    assert [v.seq for v in out.vitals["agent-1"]] == [3] and processor.counts["clock_jump"] == 1


def test_duplicates_and_reordered_segments_change_nothing_but_counters() -> None:
    straight, mixed = Processor(), Processor()
    expected = feed(straight, 0, 20)
    total = Outputs()
    for seqs in [(0,), (1, 1), (3, 2), (2, 4), (6,), (5,), *((i, i) for i in range(7, 20))]:
        out = mixed.on_segments(message(*[segment(i) for i in seqs]), AT, T0 + (seqs[-1] + 1) * S, "agent-1")
        total.windows += out.windows
        total.vitals.setdefault("agent-1", []).extend(out.vitals.get("agent-1", []))
    assert [v.seq for v in total.vitals["agent-1"]] == list(range(20))
    assert [v.beats for v in total.vitals["agent-1"]] == [v.beats for v in expected.vitals["agent-1"]]
    assert len(total.windows) == len(expected.windows)
    for one, other in zip(total.windows, expected.windows, strict=True):
        np.testing.assert_array_equal(one.signal_mv, other.signal_mv)
    assert mixed.counts["duplicate"] == 15 and mixed.counts["held"] == 2


def test_a_segment_that_never_comes_is_a_gap_and_the_windows_say_so() -> None:
    processor = Processor()
    feed(processor, 0, 5)
    out = feed(processor, 6, 16)
    assert processor.counts["gap"] == 1
    window = next(w for w in out.windows if w.first_sample == 500)
    assert np.isnan(window.signal_mv[:, 3 * FS : 4 * FS]).all() and not np.isnan(window.signal_mv[:, : 3 * FS]).any()


def test_unknown_fields_of_a_newer_agent_are_no_error() -> None:
    payload = message(segment(0)) + b"\xfa\x01\x05hello"  # field 31, length-delimited
    assert not Processor().on_segments(payload, AT, T0, "agent-1").dead_letters


def test_a_key_that_is_not_the_agent_is_refused() -> None:
    assert "key 'agent-2'" in one_dead(Processor().on_segments(message(segment(0)), AT, T0, "agent-2"))


def test_bad_edge_conditions_commands_and_health_are_dead_letters() -> None:
    processor = Processor()
    for take in (processor.on_edge_condition, processor.on_command, processor.on_health):
        for payload in (b"", b"\xff\xff\xff"):
            assert one_dead(take(payload, AT, T0))


def test_backfill_is_left_to_the_recorder_but_its_faults_are_told() -> None:
    processor = Processor()
    out = processor.on_backfill(spoilt(fs_hz=1e9), AT, T0, "agent-1")
    assert "fs" in one_dead(out) and not out.vitals and not out.alerts
    assert processor.counts["backfill"] == 1


# Restart


def beats_of(out: Outputs) -> list[list[tuple[int, BeatClass]]]:
    """Sample and class; the confidence still remembers how long the patient has been known."""
    return [[(beat.sample, beat.label) for beat in v.beats] for v in out.vitals["agent-1"]]


def test_a_restarted_processor_goes_on_where_the_old_one_stood() -> None:
    old, new = Processor(), Processor()
    events = feed(old, 0, 40).alerts
    events += old.on_edge_condition(edge_report(onset_s=30), EDGE_AT, T0 + 40 * S).alerts
    new.cycle.restore(events)
    for i in range(10, 40):
        new.warm(message(segment(i)), T0 + (i + 1) * S)
    live = new.go_live(T0 + 41 * S)
    assert not live.alerts, "nothing is raised twice"
    assert [e.alarm_id for e in live.escalations] == [events[0].alarm_id], "it had no interpretation yet"
    expected, found = feed(old, 40, 60), feed(new, 40, 60)
    assert beats_of(found)[3:] == beats_of(expected)[3:]
    assert [w.first_sample for w in found.windows] == [w.first_sample for w in expected.windows]
    for one, other in zip(found.windows, expected.windows, strict=True):
        np.testing.assert_array_equal(one.signal_mv, other.signal_mv)
    assert new.cycle.snapshot()[events[0].alarm_id] == old.cycle.snapshot()[events[0].alarm_id]
    assert codes(new.on_time(T0 + 100 * S)) == [ConditionCode.NO_SIGNAL]


def test_what_the_rules_no_longer_see_after_a_restart_is_over() -> None:
    condition = Condition(ConditionCode.AFIB, 5 * FS, 9 * FS, "irregular")
    report = ConditionEvent("bed-1", 0, "agent-1", Origin.STREAM, condition, T0 + 5 * S, T0 + 9 * S)
    old, new = Processor(), Processor()
    new.cycle.restore(old.cycle.on_condition(report, T0 + 9 * S))
    for i in range(30):
        new.warm(message(segment(i)), T0 + (i + 1) * S)
    assert AlertKind.CONDITION_ENDED not in [e.kind for e in new.go_live(T0 + 31 * S).alerts]
    assert AlertKind.CONDITION_ENDED in [e.kind for e in new.on_time(T0 + 91 * S).alerts]
