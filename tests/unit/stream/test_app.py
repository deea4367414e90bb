"""The wiring of Faust: what it is made to do that it has no setting for."""

from __future__ import annotations

import pytest

from ecg import warm
from stream.app import GATHER_BYTES, GATHER_MS, build
from stream.settings import Settings


async def test_the_workers_fetches_gather_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm, "main", lambda: None)
    app = build(Settings(brokers="127.0.0.1:1", model=None, reasoner=""))
    thread = app.consumer._new_consumer_thread()  # type: ignore[attr-defined]
    consumer = thread._create_worker_consumer(app.transport)
    try:
        assert (consumer._fetch_max_wait_ms, consumer._fetch_min_bytes) == (GATHER_MS, GATHER_BYTES)
    finally:
        await consumer.stop()
