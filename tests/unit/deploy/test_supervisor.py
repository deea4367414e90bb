"""The supervisor with real processes and an injected clock: what dies comes back, with patience, and nothing stays."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from deploy.stack.child import spawn
from deploy.stack.parts import Service
from deploy.stack.plan import check_port
from deploy.stack.running import running_parts
from deploy.stack.supervisor import Supervisor, Watched
from ecg.errors import Unavailable, VigilError


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def sleeper(tmp_path: Path, name: str) -> Service:
    return Service(name, [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / f"{name}.log")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def kill(service: Service) -> None:
    assert service.pid is not None
    os.kill(service.pid, signal.SIGKILL)
    while service.pid is not None:
        time.sleep(0.01)


def test_what_dies_comes_back_with_growing_patience(tmp_path: Path) -> None:
    #  kill   +0.5 s back   kill   +1 s back
    clock, said = Clock(), []
    part = sleeper(tmp_path, "a")
    supervisor = Supervisor([Watched("a", part)], said.append, clock)
    supervisor.start()
    try:
        for patience_s in (0.5, 1.0, 2.0):
            kill(part)
            supervisor.turn()
            clock.now_s += patience_s - 0.01
            supervisor.turn()
            assert part.pid is None, "too soon"
            clock.now_s += 0.02
            supervisor.turn()
            assert part.pid is not None
        assert said[0] == "a ended: starting it again in 0.5 s" and said[1] == "a is back"
    finally:
        supervisor.stop()


def test_parts_that_depend_on_the_dead_one_start_over_with_it(tmp_path: Path) -> None:
    clock = Clock()
    broker, client, other = (sleeper(tmp_path, name) for name in ("broker", "client", "other"))
    prepared = []
    watched = [
        Watched("broker", broker, after_start=lambda: prepared.append(1), with_it=("client",)),
        Watched("client", client),
        Watched("other", other),
    ]
    supervisor = Supervisor(watched, lambda line: None, clock)
    supervisor.start()
    try:
        before, untouched = client.pid, other.pid
        kill(broker)
        for _ in range(4):
            supervisor.turn()
            clock.now_s += 1
        assert broker.pid and client.pid and client.pid != before and other.pid == untouched
        assert len(prepared) == 2, "topics are made again"
    finally:
        supervisor.stop()


def test_one_that_may_finish_is_not_started_again_but_one_that_fails_is(tmp_path: Path) -> None:
    clock, said = Clock(), []
    done = Service("edge", [sys.executable, "-c", ""], tmp_path / "done.log")
    failed = Service("other", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "failed.log")
    broker = sleeper(tmp_path, "broker")
    watched = [
        Watched("broker", broker, with_it=("edge",)),
        Watched("edge", done, may_finish="edge has played its records"),
        Watched("other", failed, may_finish="never said"),
    ]
    supervisor = Supervisor(watched, said.append, clock)
    supervisor.start()
    try:
        while done.pid or failed.pid:
            time.sleep(0.01)
        supervisor.turn()
        assert said == ["edge has played its records", "other ended: starting it again in 0.5 s"]
        kill(broker)
        for _ in range(3):
            supervisor.turn()
            clock.now_s += 1
        assert broker.pid and watched[1].finished and watched[1].restarts == 0 and done.pid is None
        assert "edge starts over with broker" not in said
        assert running_parts(watched)["edge"].finished
    finally:
        supervisor.stop()


def test_a_part_past_its_limit_is_recycled(tmp_path: Path) -> None:
    clock, part = Clock(), sleeper(tmp_path, "a")
    too_big = [True]
    supervisor = Supervisor([Watched("a", part, too_big=lambda: too_big[0])], lambda line: None, clock)
    supervisor.start()
    try:
        before = part.pid
        supervisor.turn()
        too_big[0] = False
        clock.now_s += 1
        supervisor.turn()
        assert part.pid not in (None, before)
    finally:
        supervisor.stop()


def test_one_that_never_starts_stops_the_others_and_shows_its_log(tmp_path: Path) -> None:
    first = sleeper(tmp_path, "first")
    bad = Service(
        "bad", [sys.executable, "-c", "raise SystemExit('no model in /nowhere')"], tmp_path / "bad.log", lambda: False
    )
    supervisor = Supervisor([Watched("first", first), Watched("bad", bad)], lambda line: None)
    with pytest.raises(Unavailable, match="no model in /nowhere"):
        supervisor.start()
    assert first.pid is None


async def test_a_child_starts_while_grpc_is_at_work() -> None:
    # Code of ours between fork and exec ran gRPC's fork handlers in the child: about one in four died before its exec.
    async def echo(request: bytes, context: object) -> bytes:
        return request

    async def calling(call: Any) -> None:
        while not stop:
            await call(b"")

    stop, server = False, grpc.aio.server()
    handlers = {"Echo": grpc.unary_unary_rpc_method_handler(echo)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ended = []
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        tasks = [asyncio.create_task(calling(channel.unary_unary("/test/Echo"))) for _ in range(3)]
        for _ in range(60):
            child = spawn(["/bin/sh", "-c", "exit 7"], subprocess.DEVNULL)
            await asyncio.sleep(0.01)
            ended.append(child.wait(10))
        stop = True
        await asyncio.gather(*tasks)
    await server.stop(None)
    assert ended == [7] * 60


def test_a_command_that_is_not_there_says_so_in_its_log(tmp_path: Path) -> None:
    part = Service("part", ["/nowhere/program"], tmp_path / "part.log", lambda: False)
    with pytest.raises(
        Unavailable, match=r"part ended with status 1; [^\0]*/nowhere/program: No such file or directory"
    ):
        part.start()


def test_children_die_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; from deploy.stack.child import spawn;"
        "p = spawn([sys.executable, '-c', 'import time; time.sleep(60)'], subprocess.DEVNULL);"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not gone(child)
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while not gone(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gone(child)


def test_a_taken_port_says_the_way_out() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(VigilError, match=f"port {port} .* is taken.*--port {port + 1}"):
            check_port("127.0.0.1", port)
