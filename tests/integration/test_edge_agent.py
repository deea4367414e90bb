"""The edge agent as a process against a real broker: everything numbered arrives or is declared, through outage and kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from deploy.broker import EmbeddedBroker, free_port
from deploy.kafka_topics import create_topics
from ecg.gaps import DeviceHealth, DeviceState
from ecg.topics import BACKFILL, DEVICE_HEALTH, EDGE_CONDITIONS, PARTITIONS, SEGMENTS, Topic
from ecg.wire import decode_condition_event, decode_device_health, decode_segment_batch
from edge.publisher import Fate, Message, Outcome, Publisher

ROOT = Path(__file__).resolve().parents[2]
Number = tuple[str, int, int]


@contextmanager
def agent(brokers: str, folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m edge` with its spool in folder; ended by SIGTERM."""
    command = [sys.executable, "-m", "edge", "--agent-id", "ward-a", "--brokers", brokers]
    command += ["--spool", str(folder / "a.spool"), *options]
    with (folder / "edge.log").open("a") as log:
        process = subprocess.Popen(command, cwd=ROOT, stderr=log, text=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(10)


def log_events(folder: Path) -> list[str]:
    """Names of what the agent logged."""
    lines = (folder / "edge.log").read_text().splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]


def wait_for(folder: Path, event: str, times: int = 1, within_s: float = 40.0) -> None:
    """Returns when the agent has logged the event so often."""
    deadline = time.monotonic() + within_s
    while not (folder / "edge.log").exists() or log_events(folder).count(event) < times:
        assert time.monotonic() < deadline, f"no {event} within {within_s} s: {(folder / 'edge.log').read_text()}"
        time.sleep(0.1)


def values(brokers: str, topic: Topic) -> list[bytes]:
    """Everything in a topic now, partition after partition."""
    consumer = KafkaConsumer(bootstrap_servers=brokers, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        partitions = [TopicPartition(topic.name, n) for n in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        wanted = sum(ends.values())
        consumer.seek_to_beginning()
        got: list[bytes] = []
        deadline = time.monotonic() + 20
        while len(got) < wanted and time.monotonic() < deadline:
            for records in consumer.poll(timeout_ms=500).values():
                got += [record.value for record in records]
        assert len(got) >= wanted
        return got
    finally:
        consumer.close()


def numbers(brokers: str, topic: Topic) -> list[Number]:
    """Numbers of the segments in a topic; none of them may be unreadable."""
    out: list[Number] = []
    for payload in values(brokers, topic):
        decoded = decode_segment_batch(payload)
        assert not decoded.rejected
        assert decoded.batch.backfill is (topic is BACKFILL)
        out += [(s.stream_id, s.epoch, s.seq) for s in decoded.batch.segments]
    return out


def edges(brokers: str) -> dict[tuple[str, int], DeviceHealth]:
    """Last health of each stream and epoch."""
    told = [health for payload in values(brokers, DEVICE_HEALTH) for health in decode_device_health(payload)]
    return {(h.stream_id, h.epoch): h for h in sorted(told, key=lambda h: (h.time_ns, h.next_seq))}


def assert_whole(got: list[Number], upto: dict[tuple[str, int], DeviceHealth]) -> None:
    """Every number below each stream's upper edge has arrived."""
    assert upto
    for (stream, epoch), health in upto.items():
        mine = {seq for s, e, seq in got if (s, e) == (stream, epoch)}
        assert mine >= set(range(health.next_seq)), f"{stream} epoch {epoch}: {health.next_seq} numbered, not all came"


def test_everything_arrives_once_and_the_end_is_told(brokers: str, tmp_path: Path) -> None:
    with agent(brokers, tmp_path, "--beds", "normal,asystole:6:14,12lead") as process:
        wait_for(tmp_path, "local_alarm")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5.0
    live = numbers(brokers, SEGMENTS)
    assert len(live) == len(set(live))
    last = edges(brokers)
    assert {health.state for health in last.values()} == {DeviceState.ENDED}
    assert_whole(live + numbers(brokers, BACKFILL), last)
    sent = {decode_condition_event(payload).condition.code.value for payload in values(brokers, EDGE_CONDITIONS)}
    assert "ASY" in sent
    assert not [line for line in log_events(tmp_path) if "spool_takes_nothing" in line]


def test_a_broker_that_comes_late_gets_live_first_and_the_rest_as_backfill(tmp_path: Path) -> None:
    port = free_port()
    with agent(f"127.0.0.1:{port}", tmp_path, "--beds", "normal,af"):
        wait_for(tmp_path, "broker_unreachable")
        time.sleep(6)
        with EmbeddedBroker(port) as broker:
            create_topics(broker.brokers)
            wait_for(tmp_path, "broker_connected")
            time.sleep(5)
            live, late = numbers(broker.brokers, SEGMENTS), numbers(broker.brokers, BACKFILL)
    assert min(seq for *_, seq in late) == 0
    assert min(seq for *_, seq in live) > 2
    assert not set(live) & set(late)
    top = max(seq for *_, seq in live)
    assert {(stream, seq) for stream, _, seq in live + late} >= {
        (s, n) for s in ("bed-01", "bed-02") for n in range(top)
    }


def test_a_broker_that_dies_loses_nothing_it_had_not_acknowledged(tmp_path: Path) -> None:
    port = free_port()
    before: list[Number] = []
    with agent(f"127.0.0.1:{port}", tmp_path, "--beds", "normal*3") as process:
        with EmbeddedBroker(port) as first:
            create_topics(first.brokers)
            wait_for(tmp_path, "broker_connected")
            time.sleep(4)
            # This broker's memory ends with it: the agent stands still while we read what it has acknowledged.
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.3)
            before = numbers(first.brokers, SEGMENTS) + numbers(first.brokers, BACKFILL)
        process.send_signal(signal.SIGCONT)
        seen = max(seq for *_, seq in before)
        wait_for(tmp_path, "broker_lost")
        with EmbeddedBroker(port) as second:
            create_topics(second.brokers)
            wait_for(tmp_path, "broker_connected", times=2)
            time.sleep(8)
            process.send_signal(signal.SIGTERM)
            process.wait(10)
            after = numbers(second.brokers, SEGMENTS) + numbers(second.brokers, BACKFILL)
    top = max(seq for *_, seq in after)
    got = {(stream, seq) for stream, _, seq in before + after}
    assert got >= {(f"bed-{n:02d}", seq) for n in (1, 2, 3) for seq in range(top + 1)}
    assert top > seen + 8


def test_a_killed_agent_sends_what_it_had_stored_after_its_restart(brokers: str, tmp_path: Path) -> None:
    with agent("127.0.0.1:1", tmp_path, "--beds", "normal,af") as process:
        wait_for(tmp_path, "agent_started")
        time.sleep(5.5)
        process.kill()
        process.wait(5)
    with agent(brokers, tmp_path, "--beds", "normal,af"):
        wait_for(tmp_path, "broker_connected")
        time.sleep(5)
    old_epoch, new_epoch = sorted({epoch for _, epoch, _ in numbers(brokers, BACKFILL) + numbers(brokers, SEGMENTS)})
    late = [number for number in numbers(brokers, BACKFILL) if number[1] == old_epoch]
    assert len(late) == len(set(late))
    for stream in ("bed-01", "bed-02"):
        mine = [seq for s, _, seq in late if s == stream]
        assert mine == list(range(len(mine))) and len(mine) >= 4
    told = edges(brokers)
    assert told["bed-01", old_epoch].state is DeviceState.ENDED
    assert_whole(
        numbers(brokers, SEGMENTS) + numbers(brokers, BACKFILL), {k: v for k, v in told.items() if k[1] == new_epoch}
    )


@pytest.mark.parametrize("up", [False, True])
def test_offering_never_waits_for_the_network(up: bool, tmp_path: Path) -> None:
    with EmbeddedBroker() as broker:
        if up:
            create_topics(broker.brokers)
        publisher = Publisher(broker.brokers if up else "10.255.255.1:9", "ward-a")
        publisher.start()
        deadline = time.monotonic() + 10
        while up and not publisher.connected and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
        taken = sum(publisher.offer(Message(SEGMENTS.name, b"x" * 200_000, n)) for n in range(100))
        assert time.monotonic() - began < 0.2
        assert bool(taken) is up
        publisher.close()
        assert time.monotonic() - began < 6.0
        assert len(publisher.outcomes()) == taken, "each message taken has one outcome"


def test_a_message_too_large_for_the_broker_is_refused_alone(brokers: str) -> None:
    publisher = Publisher(brokers, "ward-a")
    publisher.start()
    deadline = time.monotonic() + 10
    while not publisher.connected and time.monotonic() < deadline:
        time.sleep(0.01)
    outcomes: list[Outcome] = []
    deadline = time.monotonic() + 60
    while not any(outcome.fate is Fate.DELIVERED for outcome in outcomes) and time.monotonic() < deadline:
        publisher.offer(Message(SEGMENTS.name, b"x", "first"))  # a fresh Kafka takes a while to lead its partitions
        time.sleep(0.2)
        outcomes = publisher.outcomes()
    publisher.offer(Message(SEGMENTS.name, b"x" * 2_000_000, "huge"))
    publisher.offer(Message(SEGMENTS.name, b"x", "small"))
    seen: set[tuple[object, str]] = set()
    while not {"huge", "small"} <= {name for name, _ in seen} and time.monotonic() < deadline + 10:
        seen |= {(outcome.name, outcome.fate.value) for outcome in publisher.outcomes()}
        time.sleep(0.01)
    publisher.close()
    assert seen - {("first", "delivered")} == {("huge", "refused"), ("small", "delivered")}
