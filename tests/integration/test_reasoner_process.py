"""The reasoner as its own process: serves, reports metrics, stops cleanly and in time."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import grpc
import pytest

from ecg.wire.reasoner import escalation_to_proto
from tests.integration.test_reasoner import escalation
from vigil.v1 import reasoner_pb2, reasoner_pb2_grpc

ROOT = Path(__file__).resolve().parents[2]


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_answers_counts_and_stops(number: signal.Signals) -> None:
    port, metrics = _free_port(), _free_port()
    command = [sys.executable, "-m", "cloud", "--listen", f"127.0.0.1:{port}", "--metrics-port", str(metrics)]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "proto")])
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths})
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=60)
            stub = reasoner_pb2_grpc.ReasonerServiceStub(channel)
            request = reasoner_pb2.InterpretRequest(escalation=escalation_to_proto(escalation()))
            kinds = [m.WhichOneof("event") for m in stub.Interpret(request, timeout=60)]
            assert kinds[-2:] == ["claims", "done"]
        with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as page:
            text = page.read().decode()
        assert 'vigil_cloud_interpret_calls_total{outcome="answered"} 1.0' in text
        assert 'vigil_cloud_claims_total{verdict="supported"}' in text
    finally:
        started = time.monotonic()
        process.send_signal(number)
        _, log = process.communicate(timeout=10)
    assert time.monotonic() - started < 5
    assert process.returncode == 0
    assert b'"event": "reasoner stopped"' in log
