"""A stream worker as a process, an edge that is this test, and what stands on the topics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import MessageSizeTooLargeError

from deploy.broker import free_port
from ecg import topics
from ecg.alarms import AlertEvent
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin
from ecg.segments import Segment
from ecg.topics import PARTITIONS, Topic
from ecg.wire import DECODERS, encode_condition_event
from ecg.wire.reasoner import decode_interpretation
from tests.unit.stream.segments import FS, S, message

ROOT = Path(__file__).resolve().parents[2]


class Process:
    """`python -m PART` with its log; killed when the context closes, if it is still there."""

    def __init__(self, log: Path, part: str, *options: str) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", part, *options],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "proto")))},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def kill(self) -> None:
        """As a crash or the kernel would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> float:
        """SIGTERM; seconds until it was gone."""
        begun_s = time.monotonic()
        self._process.terminate()
        self._process.wait(20)
        return time.monotonic() - begun_s

    def wait(self, within_s: float) -> int:
        """Its exit status, when it ends by itself."""
        return self._process.wait(within_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._process.poll() is None:
            self.kill()
        self._log.close()


class StreamWorker(Process):
    """`python -m stream` on a broker, with its metrics."""

    def __init__(self, brokers: str, log: Path, *options: str) -> None:
        self.metrics_port = free_port()
        super().__init__(log, "stream", f"--brokers={brokers}", f"--metrics-port={self.metrics_port}", *options)

    def metric(self, name: str, **labels: str) -> float:
        """Value of a metric, summed over the labels not given; 0 where it is not there."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as reply:
            lines = reply.read().decode().splitlines()
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        found = [line for line in lines if line.split("{")[0].split(" ")[0] == name and all(x in line for x in wanted)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in found)


class Edge:
    """An edge agent's place on Kafka."""

    def __init__(self, brokers: str, agent_id: str = "agent-1") -> None:
        self.agent_id = agent_id
        self._producer = KafkaProducer(
            bootstrap_servers=brokers, acks="all", enable_idempotence=False, max_request_size=64 * 1024 * 1024
        )

    def segments(self, *segments: Segment) -> None:
        """One batch."""
        self.raw(topics.SEGMENTS, message(*segments, agent_id=self.agent_id))

    def condition(self, code: ConditionCode, onset_sample: int, onset_ns: int, ended_sample: int | None = None) -> None:
        """What the edge's rules say of bed-1."""
        condition = Condition(code, onset_sample, onset_sample + 4 * FS, "fibrillation for 4 s", ended_sample)
        ended_ns = None if ended_sample is None else onset_ns + (ended_sample - onset_sample) * S // FS
        event = ConditionEvent("bed-1", 0, self.agent_id, Origin.EDGE, condition, onset_ns, onset_ns + 4 * S, ended_ns)
        self.raw(topics.EDGE_CONDITIONS, encode_condition_event(event))

    def raw(self, topic: Topic, value: bytes) -> None:
        """Anything, and waits until it is on the broker; a limit that was just raised takes seconds to reach it."""
        end_s = time.monotonic() + 30
        while True:
            try:
                self._producer.send(topic.name, key=self.agent_id.encode(), value=value).get(30)
                return
            except MessageSizeTooLargeError:
                assert time.monotonic() < end_s
                time.sleep(1)

    def close(self) -> None:
        """Ends the producer."""
        self._producer.close()


def read(brokers: str, topic: Topic) -> list[Any]:
    """Everything on a topic, decoded, in order within each partition."""
    decode: Callable[[bytes], Any] = DECODERS.get(topic.message, decode_interpretation)
    consumer = KafkaConsumer(bootstrap_servers=brokers, group_id=None, enable_auto_commit=False)
    try:
        every = [TopicPartition(topic.name, p) for p in range(PARTITIONS)]
        end = consumer.end_offsets(every)
        left = {tp for tp in every if end[tp] > 0}
        found: list[Any] = []
        consumer.assign(list(left))
        if left:
            consumer.seek_to_beginning(*left)
        while left:
            for records in consumer.poll(200).values():
                found += [decode(record.value) for record in records]
            left = {tp for tp in left if consumer.position(tp) < end[tp]}
        return found
    finally:
        consumer.close()


def until(brokers: str, topic: Topic, true: Callable[[Sequence[Any]], bool], within_s: float = 60.0) -> list[Any]:
    """Reads a topic until what is on it makes true true."""
    end_s = time.monotonic() + within_s
    while True:
        found = read(brokers, topic)
        if true(found):
            return found
        assert time.monotonic() < end_s, f"{topic.name} after {within_s} s: {found[-3:]}"
        time.sleep(0.1)


def numbers_are_whole(events: Sequence[AlertEvent]) -> bool:
    """Every alarm's events count from 0 without a gap; repetitions are allowed (at least once)."""
    by_alarm: dict[str, set[int]] = {}
    for event in events:
        by_alarm.setdefault(event.alarm_id, set()).add(event.number)
    return all(numbers == set(range(len(numbers))) for numbers in by_alarm.values())
