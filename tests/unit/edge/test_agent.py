"""The agent: a tick from samples to alarm, disk and network, with its clock and network in hand and everything else real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ecg.conditions import ConditionCode, ConditionEvent, Origin
from ecg.gaps import DeviceHealth, DeviceState, GapReason, GapRecord
from ecg.monitor import Monitor, Rules
from ecg.segments import INVALID_SAMPLE, Lead, Segment
from ecg.topics import DEVICE_HEALTH, EDGE_CONDITIONS, GAPS, MAX_MESSAGE_BYTES, SEGMENTS
from ecg.wire import decode_condition_event, decode_device_health, decode_gap_record, decode_segment_batch
from edge.agent import Agent, Parts
from edge.beds import Play, build_sources, parse_beds, stream_ids
from edge.local_alarm import LocalAlarm
from edge.metrics import EdgeMetrics
from edge.outbox import Outbox
from edge.publisher import Fate
from edge.sources.source import Chunk, Source
from edge.spool import Spool
from tests.unit.edge.edge_harness import HandClock, HandNetwork


class Ward:
    """An agent and what is around it."""

    def __init__(self, folder: Path, sources: list[Source]) -> None:
        self.folder, self.sources = folder, sources
        self.clock = HandClock()
        self.network = HandNetwork()
        self.start()

    def start(self) -> None:
        """Starts the agent on the spool that is there."""
        self.spool = Spool(self.folder / "w.spool", 10_000_000)
        self.alarm = LocalAlarm(self.folder / "alarms.jsonl")
        self.metrics = EdgeMetrics()
        outbox = Outbox(self.spool, self.network, self.metrics, 1_000_000)
        parts = Parts(self.clock, self.spool, outbox, self.alarm, self.metrics, Monitor(rules=Rules.LETHAL))
        ids = stream_ids(1, len(self.sources))
        self.agent = Agent("ward-a", dict(zip(ids, self.sources, strict=True)), parts)

    def kill(self) -> None:
        """Ends it without a word."""
        self.spool.close()
        self.alarm.close()

    def run(self, seconds: int) -> None:
        """Seconds pass and what is sent arrives."""
        for _ in range(seconds):
            self.clock.pass_s(1.0)
            self.agent.tick()
            if self.network.up:
                self.network.settle(Fate.DELIVERED)

    def segments(self) -> list[Segment]:
        """Segments that arrived live."""
        return [
            s
            for m in self.network.arrived
            if m.topic == SEGMENTS.name
            for s in decode_segment_batch(m.payload).batch.segments
        ]

    def health(self) -> list[DeviceHealth]:
        """Health that arrived."""
        messages = [m for m in self.network.arrived if m.topic == DEVICE_HEALTH.name]
        return [health for m in messages for health in decode_device_health(m.payload)]

    def conditions(self) -> list[ConditionEvent]:
        """Condition events that arrived."""
        return [decode_condition_event(m.payload) for m in self.network.arrived if m.topic == EDGE_CONDITIONS.name]


@pytest.fixture
def ward(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ward]:
    """A ward of the beds given by the test."""
    given = request.param
    sources = build_sources(parse_beds(given), 0, Play(), 1) if isinstance(given, str) else [make() for make in given]
    made = Ward(tmp_path, sources)
    yield made
    made.kill()


@pytest.mark.parametrize("ward", ["normal,af,12lead"], indirect=True)
def test_a_tick_sends_all_devices_in_one_message(ward: Ward) -> None:
    ward.run(3)
    messages = [m for m in ward.network.arrived if m.topic == SEGMENTS.name]
    assert len(messages) == 3
    said = [m for m in ward.network.arrived if m.topic == DEVICE_HEALTH.name]
    assert len(said) <= 3 and {h.stream_id for h in ward.health()} == {"bed-01", "bed-02", "bed-03"}
    batch = decode_segment_batch(messages[0].payload).batch
    assert [(s.stream_id, len(s.leads), s.n_samples) for s in batch.segments] == [
        ("bed-01", 2, 250),
        ("bed-02", 2, 250),
        ("bed-03", 12, 500),
    ]
    for stream in ("bed-01", "bed-02", "bed-03"):
        own = [s for s in ward.segments() if s.stream_id == stream]
        assert [s.seq for s in own] == [0, 1, 2]
        assert own[2].start_time_ns - own[0].start_time_ns == 2 * 10**9


@pytest.mark.parametrize("ward", ["12lead*40"], indirect=True)
def test_a_large_ward_is_split_below_the_limit_of_a_message(ward: Ward) -> None:
    ward.run(1)
    sizes = [len(m.payload) for m in ward.network.arrived if m.topic == SEGMENTS.name]
    assert len(sizes) == 2 and max(sizes) <= MAX_MESSAGE_BYTES
    assert len(ward.segments()) == 40


@pytest.mark.parametrize("ward", ["normal,vf:15:15,asystole:15:15,vt:15:15"], indirect=True)
def test_lethal_rhythms_alarm_with_no_network_at_all(ward: Ward) -> None:
    ward.network.up = False
    ward.run(29)
    lines = [json.loads(line) for line in (ward.folder / "alarms.jsonl").read_text().splitlines()]
    first = {}
    for line in lines:
        if line["lethal"] and line["active"]:
            first.setdefault((line["stream_id"], line["code"]), line["detected_time_ns"])
    epoch_ns = ward.agent._now().start_utc_ns
    wanted = {("bed-02", "VFB"), ("bed-03", "ASY"), ("bed-04", "VTA")}
    assert wanted <= set(first)
    for key in wanted:  # onset at 15 s: within 10 s of it (CLINICAL.md §3)
        assert 15.0 <= (first[key] - epoch_ns) / 1e9 <= 25.0
    assert not [key for key in first if key[0] == "bed-01"]
    ward.network.up = True
    ward.run(2)
    sent = {(e.stream_id, e.condition.code.value) for e in ward.conditions() if e.origin is Origin.EDGE}
    assert wanted <= sent


@pytest.mark.parametrize("ward", ["normal,af"], indirect=True)
def test_a_jump_of_the_wall_clock_begins_an_epoch(ward: Ward) -> None:
    ward.run(3)
    ward.clock.pass_s(0.0, -3600 * 10**9)
    ward.run(2)
    first, second = sorted({s.epoch for s in ward.segments()})
    old = [s for s in ward.segments() if s.epoch == first and s.stream_id == "bed-01"]
    new = [s for s in ward.segments() if s.epoch == second and s.stream_id == "bed-01"]
    assert [s.seq for s in old] == [0, 1, 2] and [s.seq for s in new] == [0, 1]
    assert new[0].first_sample == 0
    assert new[0].start_time_ns - old[-1].start_time_ns == 10**9 - 3600 * 10**9
    goodbye = [h for h in ward.health() if h.state is DeviceState.ENDED]
    assert {(h.stream_id, h.epoch, h.next_seq) for h in goodbye} == {("bed-01", first, 3), ("bed-02", first, 3)}
    assert ward.metrics.registry.get_sample_value("vigil_edge_clock_jumps_total") == 1


@pytest.mark.parametrize("ward", ["normal,af"], indirect=True)
def test_a_killed_agent_starts_a_new_epoch_and_sends_what_the_old_one_left(ward: Ward) -> None:
    ward.run(12)
    ward.network.up = False
    ward.run(3)
    ward.kill()
    ward.sources = build_sources(parse_beds("normal,af"), 0, Play(), 1)
    ward.network.up = True
    before = max(s.epoch for s in ward.segments())
    ward.start()
    ward.run(5)
    everything = [
        (s.stream_id, s.epoch, s.seq)
        for m in ward.network.arrived
        if m.topic != DEVICE_HEALTH.name
        for s in decode_segment_batch(m.payload).batch.segments
    ]
    assert len(everything) == len(set(everything))
    old = sorted(seq for stream, epoch, seq in everything if stream == "bed-01" and epoch == before)
    assert old == list(range(15))
    assert len({epoch for _, epoch, _ in everything}) == 2
    assert max(epoch for _, epoch, _ in everything) > before


@pytest.mark.parametrize("ward", ["normal*10"], indirect=True)
def test_every_device_is_heard_of_every_five_seconds(ward: Ward) -> None:
    ward.run(20)
    for stream in stream_ids(1, 10):
        mine = [h for h in ward.health() if h.stream_id == stream]
        assert 4 <= len(mine) <= 5
        assert all(h.state is DeviceState.STREAMING for h in mine)
        assert all(b.next_seq > a.next_seq for a, b in pairwise(mine))


class Falling:
    """A device that falls silent after 5 s, comes back after 45."""

    ended = False

    def __init__(self) -> None:
        self.said_s = 0.0

    def read(self, until_s: float) -> Chunk | None:
        """Flat samples at 250 Hz, or nothing."""
        if 5 < until_s <= 45:
            return None
        return Chunk(250.0, (Lead("II"),), np.zeros((1, 250), np.int16))


@pytest.mark.parametrize("ward", [[Falling]], indirect=True)
def test_a_silent_device_is_told_declared_and_alarmed(ward: Ward) -> None:
    ward.run(50)
    assert next(h.state for h in ward.health() if h.state is not DeviceState.STREAMING) is DeviceState.SILENT
    silence = [e for e in ward.conditions() if e.condition.code is ConditionCode.NO_SIGNAL]
    assert [e.condition.active for e in silence] == [True, False]
    got = [s.seq for s in ward.segments()]
    missing = ward.metrics.registry.get_sample_value("vigil_edge_gap_segments_total", {"reason": "source_silent"})
    assert missing == 40 and len(got) + missing == max(got) + 1


class Noise:
    """Saturated at the rails, and without any sample, by turns."""

    ended = False

    def __init__(self) -> None:
        self.turn = 0

    def read(self, until_s: float) -> Chunk | None:
        """Rails, then nothing but invalid samples."""
        self.turn += 1
        level = (32767, -32767, INVALID_SAMPLE)[self.turn // 4 % 3]
        return Chunk(250.0, (Lead("II"),), np.full((1, 250), level, np.int16))


@pytest.mark.parametrize("ward", [[Noise]], indirect=True)
def test_rails_and_invalid_samples_travel_as_they_are_and_stop_nothing(ward: Ward) -> None:
    ward.run(30)
    assert [s.seq for s in ward.segments()] == list(range(30))
    assert {int(s.samples[0, 0]) for s in ward.segments()} == {32767, -32767, INVALID_SAMPLE}


@pytest.mark.parametrize("ward", ["normal"], indirect=True)
def test_a_fault_in_the_rules_does_not_stop_the_signal(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.run(1)
    with monkeypatch.context() as patched:
        patched.setattr(Monitor, "step", lambda self, segments: 1 / 0)
        ward.run(2)
    ward.run(1)
    assert [s.seq for s in ward.segments()] == [0, 1, 2, 3]
    assert ward.metrics.registry.get_sample_value("vigil_edge_monitor_failures_total") == 2


def gaps_down(ward: Ward) -> list[GapRecord]:
    """Declared downtime that arrived."""
    found = [decode_gap_record(m.payload) for m in ward.network.arrived if m.topic == GAPS.name]
    return [gap for gap in found if gap.reason is GapReason.AGENT_DOWN]


@pytest.mark.parametrize("ward", ["normal,af"], indirect=True)
def test_an_agent_that_ended_without_a_word_declares_what_it_did_not_see(ward: Ward) -> None:
    ward.run(7)
    ward.kill()
    ward.clock.pass_s(37.0)
    ward.start()
    ward.run(3)
    old = min(s.epoch for s in ward.segments())
    declared = {(g.stream_id, g.epoch, g.first_seq, g.end_seq) for g in gaps_down(ward)}
    assert declared == {("bed-01", old, 7, 44), ("bed-02", old, 7, 44)}
    assert "37 s" in gaps_down(ward)[0].detail
    goodbye = {h.stream_id: h.next_seq for h in ward.health() if h.state is DeviceState.ENDED and h.epoch == old}
    assert goodbye == {"bed-01": 44, "bed-02": 44}, "the ledger learns of the whole range"
    assert ward.metrics.registry.get_sample_value("vigil_edge_gap_segments_total", {"reason": "agent_down"}) == 74
    ward.kill()  # and again, at once: nothing is declared twice
    ward.start()
    ward.run(2)
    assert len({(g.epoch, g.first_seq, g.stream_id) for g in gaps_down(ward)}) == 4


@pytest.mark.parametrize("ward", ["normal"], indirect=True)
def test_an_agent_that_was_stopped_owes_nothing(ward: Ward) -> None:
    ward.run(5)
    ward.agent.finish()
    ward.kill()
    ward.clock.pass_s(3600.0)
    ward.start()
    ward.run(2)
    assert not gaps_down(ward)
