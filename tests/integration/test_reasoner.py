"""The reasoner service over real gRPC: an answer, every refusal, cancellation, replay, stop."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cloud.backends.base import Backend, ModelDescription
from cloud.backends.protocol import ProtocolBackend
from cloud.server import Reasoner
from cloud.settings import Settings
from ecg.conditions import Condition, ConditionCode, ConditionEvent, Origin, Priority
from ecg.interpretation import (
    Accepted,
    Checked,
    Escalation,
    Failed,
    Finished,
    InterpretEvent,
    Labelled,
    Measured,
    Step,
    Summarised,
    Verdict,
)
from ecg.segments import Lead, Segment
from ecg.synthesis import STANDARD_LEADS, BeatSpec, synthesize
from ecg.wire.reasoner import escalation_to_proto, response_from_proto
from vigil.v1 import reasoner_pb2, reasoner_pb2_grpc

FS = 500.0


def window(leads: tuple[str, ...] = STANDARD_LEADS, fs_hz: float = FS) -> Segment:
    signal, _ = synthesize(BeatSpec(), 0.8, fs_hz, 10.0, leads, np.random.default_rng(1), noise_mv=0.01)
    samples = np.rint(signal * 1000).astype(np.int16)
    return Segment("bed-1", 0, 0, 0, fs_hz, 0, tuple(Lead(name, 1000.0) for name in leads), samples)


def escalation(escalation_id: str = "e-1", segment: Segment | None = None, **fields: Any) -> Escalation:
    given = {"priority": Priority.HIGH, "deadline_ns": time.time_ns() + 60_000_000_000, **fields}
    return Escalation(escalation_id, "alarm-1", "agent-1", window=segment or window(), **given)


class Waiting:
    """A backend that answers one step every `pause_s`, from when it may, and keeps what it was asked, in order."""

    def __init__(self, pause_s: float = 0.0, fault: Exception | None = None) -> None:
        self.pause_s, self.fault = pause_s, fault
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.asked: list[str] = []
        self.closed = 0

    @property
    def model(self) -> ModelDescription:
        return ModelDescription("waiting", "test", "waits", "cpu")

    def interpret(self, asked: Escalation) -> Iterator[InterpretEvent]:
        self.asked.append(asked.escalation_id)
        try:
            yield Measured(())
            assert self.may_answer.wait(60)
            for number in range(1, 7):
                time.sleep(self.pause_s)
                if self.fault is not None:
                    raise self.fault
                yield Step(number, "title", "QRS duration 92 ms.")
            yield Summarised("summary")
            yield Labelled(("label",))
        finally:
            self.closed += 1


@asynccontextmanager
async def serving(backend: Backend | None = None, **settings: Any) -> AsyncIterator[tuple[Reasoner, Any]]:
    reasoner = Reasoner(Settings(listen="127.0.0.1:0", **settings), backend or ProtocolBackend())
    await reasoner.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{reasoner.port}") as channel:
        try:
            yield reasoner, channel
        finally:
            await reasoner.stop()


async def ask(channel: Any, asked: Escalation, timeout_s: float | None = 30.0) -> list[InterpretEvent]:
    stub = reasoner_pb2_grpc.ReasonerServiceStub(channel)
    request = reasoner_pb2.InterpretRequest(escalation=escalation_to_proto(asked))
    return [response_from_proto(m) async for m in stub.Interpret(request, timeout=timeout_s)]


async def refused(channel: Any, payload: bytes, timeout_s: float | None = 30.0) -> grpc.aio.AioRpcError:
    call = channel.unary_stream("/vigil.v1.ReasonerService/Interpret")(payload, timeout=timeout_s)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    return caught.value


def payload(asked: Escalation) -> bytes:
    return reasoner_pb2.InterpretRequest(escalation=escalation_to_proto(asked)).SerializeToString()


async def test_an_interpretation_arrives_in_order_with_every_claim_judged() -> None:
    async with serving() as (_, channel):
        events = await ask(channel, escalation())
    kinds = [type(event) for event in events]
    assert kinds == [Accepted, Measured, *[Step, Checked] * 6, Summarised, Checked, Labelled, Checked, Finished]
    checked = [event for event in events if isinstance(event, Checked)]
    assert [{claim.step for claim in one.claims} - {n} for n, one in enumerate(checked[:6], 1)] == [set()] * 6
    claims = [claim for one in checked for claim in one.claims]
    assert len(claims) > 20
    assert not [claim for claim in claims if claim.verdict is Verdict.CONTRADICTED]
    done = events[-1]
    assert isinstance(done, Finished)
    assert done.raw_text.startswith("<think>\n**Step 1: ") and done.raw_text.endswith("</answer>")


async def test_events_are_numbered_from_zero() -> None:
    async with serving(Waiting()) as (_, channel):
        stub = reasoner_pb2_grpc.ReasonerServiceStub(channel)
        request = reasoner_pb2.InterpretRequest(escalation=escalation_to_proto(escalation()))
        numbers = [m.number async for m in stub.Interpret(request, timeout=10)]
    assert numbers == list(range(19))


async def test_two_leads_of_telemetry_are_read_for_what_they_show() -> None:
    async with serving() as (_, channel):
        events = await ask(channel, escalation(segment=window(("II", "V1"), 250.0)))
    steps = {event.number: event.text for event in events if isinstance(event, Step)}
    assert "not measurable" in steps[2]
    assert "Recorded leads: II, V1." in steps[1]


async def test_leads_of_no_known_place_are_no_error() -> None:
    async with serving() as (_, channel):
        segment = window(("II",))
        odd = Segment("bed-1", 0, 0, 0, FS, 0, (Lead("XYZ-9", 1000.0),), segment.samples.copy())
        events = await ask(channel, escalation(segment=odd))
    assert isinstance(events[-1], Finished)


async def test_a_window_of_flat_line_is_answered_by_abstaining_or_asystole_never_by_sinus_rhythm() -> None:
    flat = Segment("bed-1", 0, 0, 0, 250.0, 0, (Lead("II"), Lead("V1")), np.zeros((2, 2500), np.int16))
    async with serving() as (_, channel):
        events = await ask(channel, escalation(segment=flat))
    labelled = next(event for event in events if isinstance(event, Labelled))
    assert labelled.abstained or labelled.labels == ("asystole",)


async def test_a_window_sent_for_vf_is_named_so_unless_the_window_refutes_it() -> None:
    rng = np.random.default_rng(3)
    t = np.arange(2500) / 250.0
    wave = np.sin(2 * np.pi * (4.5 * t + 0.6 * np.sin(2 * np.pi * 0.3 * t))) * (0.5 + 0.3 * np.sin(2 * np.pi * 0.4 * t))
    samples = np.rint((wave + 0.02 * rng.standard_normal((2, 2500))) * 200).astype(np.int16)
    segment = Segment("bed-1", 0, 0, 0, 250.0, 0, (Lead("II"), Lead("V1")), samples)
    condition = Condition(ConditionCode.VFB, 500, 1500, "fibrillatory waveform for 4 s")
    event = ConditionEvent("bed-1", 0, "agent-1", Origin.EDGE, condition, 0, 0)
    async with serving() as (_, channel):
        vf = await ask(channel, escalation("vf", segment, condition=event))
        sinus = await ask(channel, escalation("sinus", condition=event))
    assert next(e for e in vf if isinstance(e, Labelled)).labels == ("ventricular fibrillation",)
    assert "ventricular fibrillation" not in next(e for e in sinus if isinstance(e, Labelled)).labels
    assert "does not bear out" in next(e for e in sinus if isinstance(e, Summarised)).text


async def test_a_call_without_deadline_is_refused() -> None:
    async with serving() as (_, channel):
        error = await refused(channel, payload(escalation()), timeout_s=None)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "deadline" in (error.details() or "")


def _no_id(m: reasoner_pb2.InterpretRequest) -> None:
    m.escalation.escalation_id = ""


def _absurd_fs(m: reasoner_pb2.InterpretRequest) -> None:
    m.escalation.window.fs_hz = 1e9


def _nan_gain(m: reasoner_pb2.InterpretRequest) -> None:
    m.escalation.window.leads[0].gain_adu_per_mv = float("nan")


def _cut_samples(m: reasoner_pb2.InterpretRequest) -> None:
    m.escalation.window.samples = m.escalation.window.samples[:-7]


def _damaged_samples(m: reasoner_pb2.InterpretRequest) -> None:
    m.escalation.window.samples = b"\x01\x02" + m.escalation.window.samples[2:]


def _no_window(m: reasoner_pb2.InterpretRequest) -> None:
    m.escalation.ClearField("window")


@pytest.mark.parametrize("damage", [_no_id, _absurd_fs, _nan_gain, _cut_samples, _damaged_samples, _no_window])
async def test_a_malformed_request_is_refused_and_the_next_one_served(damage: Any) -> None:
    message = reasoner_pb2.InterpretRequest(escalation=escalation_to_proto(escalation()))
    damage(message)
    async with serving() as (_, channel):
        error = await refused(channel, message.SerializeToString())
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert error.details()
        assert isinstance((await ask(channel, escalation("next")))[-1], Finished)


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x0a\x7f12"])
async def test_bytes_that_are_no_request_are_refused(content: bytes) -> None:
    async with serving(Waiting()) as (_, channel):
        error = await refused(channel, content)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_huge_message_is_refused_and_the_service_goes_on() -> None:
    async with serving(Waiting(), max_message_kb=256) as (_, channel):
        error = await refused(channel, b"\x00" * 50_000_000)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert isinstance((await ask(channel, escalation()))[-1], Finished)


async def test_an_escalation_that_is_late_already_is_given_up() -> None:
    async with serving(Waiting()) as (_, channel):
        error = await refused(channel, payload(escalation(deadline_ns=time.time_ns() - 1_000_000_000)))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "1.0 s ago" in (error.details() or "")


async def test_a_repeated_id_gets_the_stored_answer_and_the_backend_is_asked_once() -> None:
    backend, asked = Waiting(), escalation()
    async with serving(backend) as (_, channel):
        first, second = await ask(channel, asked), await ask(channel, asked)
    assert first[1:] == second[1:]
    assert backend.asked == ["e-1"]


async def test_two_calls_with_one_id_at_a_time_share_one_interpretation() -> None:
    backend, asked = Waiting(pause_s=0.05), escalation()
    async with serving(backend) as (_, channel):
        first, second = await asyncio.gather(ask(channel, asked), ask(channel, asked))
    assert first[1:] == second[1:]
    assert backend.asked == ["e-1"]


async def test_an_id_used_again_for_another_window_is_refused() -> None:
    async with serving(Waiting()) as (_, channel):
        await ask(channel, escalation())
        error = await refused(channel, payload(escalation(segment=window(("II",)))))
    assert error.code() is grpc.StatusCode.ALREADY_EXISTS


async def test_a_cancelled_call_stops_the_backend() -> None:
    backend = Waiting(pause_s=0.1)
    async with serving(backend) as (_, channel):
        stub = reasoner_pb2_grpc.ReasonerServiceStub(channel)
        call = stub.Interpret(reasoner_pb2.InterpretRequest(escalation=escalation_to_proto(escalation())), timeout=30)
        await call.read()
        call.cancel()
        until = time.monotonic() + 3
        while not backend.closed and time.monotonic() < until:
            await asyncio.sleep(0.02)
        assert backend.closed == 1
        assert isinstance((await ask(channel, escalation()))[-1], Finished)


async def test_the_most_urgent_goes_first_and_a_full_queue_says_unavailable() -> None:
    backend = Waiting()
    backend.may_answer.clear()
    async with serving(backend, workers=1, queue_size=2) as (reasoner, channel):
        first = asyncio.create_task(ask(channel, escalation("first")))
        await _until(lambda: backend.asked == ["first"])
        low = asyncio.create_task(ask(channel, escalation("low", priority=Priority.LOW)))
        medium = asyncio.create_task(ask(channel, escalation("medium", priority=Priority.MEDIUM)))
        await _until(lambda: reasoner.metrics.registry.get_sample_value("vigil_cloud_queue_waiting") == 2)
        error = await refused(channel, payload(escalation("lowest", priority=Priority.LOW)))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        high = asyncio.create_task(ask(channel, escalation("high", priority=Priority.HIGH)))
        await _until(low.done)
        backend.may_answer.set()
        done = await asyncio.gather(first, low, medium, high, return_exceptions=True)
    assert backend.asked == ["first", "high", "medium"]
    assert isinstance(done[1], grpc.aio.AioRpcError) and done[1].code() is grpc.StatusCode.UNAVAILABLE


async def test_a_fault_of_the_backend_is_told_and_not_remembered() -> None:
    backend = Waiting(fault=ZeroDivisionError("boom"))
    async with serving(backend) as (_, channel):
        events = await ask(channel, escalation())
        assert events[-1] == Failed("the interpreter failed on this window: ZeroDivisionError")
        backend.fault = None
        assert isinstance((await ask(channel, escalation()))[-1], Finished)


async def test_the_loop_is_never_blocked_while_a_window_is_read() -> None:
    backend = Waiting()
    backend.may_answer.clear()
    async with serving(backend, workers=2) as (_, channel):
        running = asyncio.gather(ask(channel, escalation("a")), ask(channel, escalation("b")))
        await _until(lambda: len(backend.asked) == 2)
        stub = reasoner_pb2_grpc.ReasonerServiceStub(channel)
        for _ in range(20):
            await stub.GetModelInfo(reasoner_pb2.GetModelInfoRequest(), timeout=10)  # answered, or a deadline exceeded
        assert not running.done()
        backend.may_answer.set()
        await running


async def test_model_info_names_the_protocol_and_its_labels() -> None:
    async with serving() as (_, channel):
        stub = reasoner_pb2_grpc.ReasonerServiceStub(channel)
        info = await stub.GetModelInfo(reasoner_pb2.GetModelInfoRequest(), timeout=5)
    assert info.backend == "protocol" and info.provider == "cpu"
    assert "ventricular fibrillation" in info.labels and len(info.manifest_sha256) == 64


async def test_health_says_serving_then_not_serving_and_stop_finishes_open_calls() -> None:
    backend = Waiting(pause_s=0.1)
    reasoner = Reasoner(Settings(listen="127.0.0.1:0"), backend)
    await reasoner.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{reasoner.port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="vigil.v1.ReasonerService")
        assert (await health.Check(request, timeout=5)).status == health_pb2.HealthCheckResponse.SERVING
        running = asyncio.create_task(ask(channel, escalation()))
        await _until(lambda: bool(backend.asked))
        started = time.monotonic()
        await reasoner.stop()
        assert time.monotonic() - started < 5
        assert isinstance((await running)[-1], Finished)


async def test_health_follows_the_workers() -> None:
    async with serving(Waiting()) as (reasoner, channel):
        reasoner.scheduler.stop()
        assert reasoner.scheduler.join(2.0)
        health = health_pb2_grpc.HealthStub(channel)
        until = time.monotonic() + 3
        status = health_pb2.HealthCheckResponse.SERVING
        while status == health_pb2.HealthCheckResponse.SERVING and time.monotonic() < until:
            await asyncio.sleep(0.1)
            status = (await health.Check(health_pb2.HealthCheckRequest(), timeout=5)).status
    assert status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_a_taken_port_is_a_clear_error() -> None:
    async with serving(Waiting()) as (first, _):
        second = Reasoner(Settings(listen=f"127.0.0.1:{first.port}"), Waiting())
        with pytest.raises(OSError, match="is the port taken"):
            await second.start()


async def _until(reached: Any, timeout_s: float = 3.0) -> None:
    until = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < until, "did not happen in time"
        await asyncio.sleep(0.01)
