"""The gRPC face of the reasoner: requests checked at the border, events streamed out, errors as status codes.

Owns the mapping between messages, jobs and gRPC status codes. Requests arrive as bytes and are parsed here, so that a
message that does not parse is INVALID_ARGUMENT and not an internal error. Must not import the backends' models.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import structlog

from cloud.backends.base import Backend
from cloud.metrics import Metrics
from cloud.scheduler import IdReused, Scheduler
from ecg.errors import DeadlineExceeded, InvalidSignal, Unavailable
from ecg.interpretation import Accepted, Escalation
from ecg.wire.parse import parse
from ecg.wire.reasoner import escalation_from_proto, response_to_proto
from vigil.v1 import reasoner_pb2

SERVICE_NAME = "vigil.v1.ReasonerService"
_log = structlog.get_logger(__name__)


class Refused(Exception):
    """A call that ends with a status code before or while it is served."""

    def __init__(self, code: grpc.StatusCode, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class ReasonerService:
    """Interpret and GetModelInfo."""

    def __init__(self, backend: Backend, scheduler: Scheduler, metrics: Metrics) -> None:
        self._backend, self._scheduler, self._metrics = backend, scheduler, metrics

    def handler(self) -> grpc.GenericRpcHandler:
        """The method table for grpc.aio.server; requests are left as bytes."""
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "Interpret": grpc.unary_stream_rpc_method_handler(
                    self.interpret, response_serializer=reasoner_pb2.InterpretResponse.SerializeToString
                ),
                "GetModelInfo": grpc.unary_unary_rpc_method_handler(
                    self.model_info, response_serializer=reasoner_pb2.GetModelInfoResponse.SerializeToString
                ),
            },
        )

    async def model_info(self, request: bytes, context: Any) -> reasoner_pb2.GetModelInfoResponse:
        """Which model serves and where it really runs."""
        model = self._backend.model
        return reasoner_pb2.GetModelInfoResponse(
            model_id=model.model_id,
            backend=model.backend,
            description=model.description,
            provider=model.provider,
            labels=model.labels,
            manifest_sha256=model.manifest_sha256,
        )

    async def interpret(self, request: bytes, context: Any) -> AsyncIterator[reasoner_pb2.InterpretResponse]:
        """Streams one interpretation: accepted, measurements, steps, summary, labels, each with its claims, done."""
        outcome, started_s = "cancelled", time.monotonic()
        try:
            remaining_s = _remaining_s(context)
            escalation = _escalation(request)
            job, position = self._scheduler.submit(escalation, hashlib.sha256(request).digest(), remaining_s)
            number = 0
            yield response_to_proto(escalation.escalation_id, number, Accepted(position, self._backend.model.model_id))
            async for event in job.follow():
                number += 1
                yield response_to_proto(escalation.escalation_id, number, event)
            outcome = "answered"
        except Exception as error:
            refused = _refused(error)
            outcome = refused.code.name.lower()
            _log.warning("call refused", code=refused.code.name, detail=refused.detail)
            await context.abort(refused.code, refused.detail)
        finally:
            self._metrics.calls.labels(outcome).inc()
            if outcome == "answered":
                self._metrics.seconds.observe(time.monotonic() - started_s)


def _remaining_s(context: Any) -> float:
    remaining_s = context.time_remaining()
    if remaining_s is None:
        raise Refused(
            grpc.StatusCode.INVALID_ARGUMENT,
            "the call has no deadline: set one (gRPC has none by default and an alarm must not wait for ever)",
        )
    return float(remaining_s)


def _escalation(request: bytes) -> Escalation:
    """The escalation in a request.

    Raises:
        InvalidSignal: It cannot be read.
        DeadlineExceeded: Its own deadline has passed.
    """
    message = parse(reasoner_pb2.InterpretRequest, request)
    if not message.HasField("escalation"):
        raise InvalidSignal("InterpretRequest without escalation")
    escalation = escalation_from_proto(message.escalation)
    late_ns = time.time_ns() - escalation.deadline_ns
    if escalation.deadline_ns and late_ns > 0:
        raise DeadlineExceeded(f"the escalation's deadline passed {late_ns / 1e9:.1f} s ago")
    return escalation


def _refused(error: Exception) -> Refused:
    """The status code of an error, by what the caller does next."""
    match error:
        case Refused():
            return error
        case InvalidSignal():
            return Refused(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        case IdReused():
            return Refused(grpc.StatusCode.ALREADY_EXISTS, str(error))
        case Unavailable():
            return Refused(grpc.StatusCode.UNAVAILABLE, f"{error}; try again after {error.retry_after_s:g} s")
        case DeadlineExceeded():
            return Refused(grpc.StatusCode.DEADLINE_EXCEEDED, str(error))
        case _:
            _log.exception("unexpected error in a call", error=type(error).__name__)
            return Refused(grpc.StatusCode.INTERNAL, f"unexpected {type(error).__name__}")
