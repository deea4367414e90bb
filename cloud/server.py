"""The running reasoner: scheduler, gRPC server, health and metrics put together, started and stopped.

Owns the composition and the order of start and stop. Must not hold clinical logic.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from prometheus_client import start_http_server

from cloud.backends.base import Backend
from cloud.backends.protocol import ProtocolBackend
from cloud.metrics import Metrics
from cloud.scheduler import Scheduler
from cloud.service import SERVICE_NAME, ReasonerService
from cloud.settings import Settings
from cloud.tls import server_credentials

_log = structlog.get_logger(__name__)
_HEALTH_PERIOD_S = 1.0
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def make_backend(name: str) -> Backend:
    """The backend of that name.

    Raises:
        ValueError: There is none.
    """
    if name == "protocol":
        return ProtocolBackend()
    raise ValueError(f"backend {name!r} is not known; there is: protocol")


class Reasoner:
    """The service from start to stop."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self._settings, self._backend = settings, backend
        self.metrics = Metrics()
        self.scheduler = Scheduler(backend, self.metrics, settings.workers, settings.queue_size, settings.replay_size)
        self._health = health.aio.HealthServicer()
        self._server: Any = None
        self._watch: asyncio.Task[None] | None = None
        self._http: Any = None
        self.port = 0

    async def start(self) -> None:
        """Binds, serves, and says so by health.

        Raises:
            OSError: The address is taken or not ours; the text says which.
            VigilError: The TLS files cannot be used.
        """
        tls = self._settings.tls
        limit = self._settings.max_message_kb * 1024
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", limit),
                ("grpc.so_reuseport", 0),  # a second service on the port must fail, not share it
                ("grpc.keepalive_time_ms", 30_000),
            ]
        )
        service = ReasonerService(self._backend, self.scheduler, self.metrics)
        self._server.add_generic_rpc_handlers((service.handler(),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if self._settings.reflection:
            _add_reflection(self._server)
        await self._set_health(serving=False)
        try:
            self.port = (
                self._server.add_insecure_port(self._settings.listen)
                if tls is None
                else self._server.add_secure_port(self._settings.listen, server_credentials(tls))
            )
        except RuntimeError as error:
            self.scheduler.stop()
            raise OSError(f"cannot listen on {self._settings.listen}: is the port taken? ({error})") from error
        await self._server.start()
        if self._settings.metrics_port:
            self._http, _ = start_http_server(self._settings.metrics_port, "127.0.0.1", self.metrics.registry)
        self.metrics.model.labels(self._backend.model.model_id, self._backend.model.provider).set(1)
        await self._set_health(serving=True)
        self._watch = asyncio.create_task(self._watch_health())
        _log.info("reasoner serving", port=self.port, model=self._backend.model.model_id)

    async def stop(self) -> None:
        """Refuses new work, finishes open calls within stop_s, then ends the threads."""
        started_s = time.monotonic()
        if self._watch:
            self._watch.cancel()
        await self._set_health(serving=False)
        self.scheduler.refuse()
        if self._server is not None:
            await self._server.stop(self._settings.stop_s)
        self.scheduler.stop()
        left_s = max(0.2, self._settings.stop_s - (time.monotonic() - started_s))
        await asyncio.get_running_loop().run_in_executor(None, self.scheduler.join, left_s)
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
        _log.info("reasoner stopped", seconds=round(time.monotonic() - started_s, 2))

    async def _set_health(self, *, serving: bool) -> None:
        status = _SERVING if serving else _NOT_SERVING
        for name in ("", SERVICE_NAME):
            await self._health.set(name, status)

    async def _watch_health(self) -> None:
        """Health follows the workers: a service whose threads died must not be sent calls."""
        serving = True
        while True:
            await asyncio.sleep(_HEALTH_PERIOD_S)
            if self.scheduler.healthy != serving:
                serving = self.scheduler.healthy
                await self._set_health(serving=serving)
                _log.error("health changed", serving=serving)


def _add_reflection(server: Any) -> None:
    try:
        reflection = importlib.import_module("grpc_reflection.v1alpha.reflection")
    except ImportError as error:
        raise ValueError("--reflection needs the package grpcio-reflection, which is not installed") from error
    reflection.enable_server_reflection((SERVICE_NAME, reflection.SERVICE_NAME), server)
