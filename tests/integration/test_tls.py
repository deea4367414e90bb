"""Mutual TLS, with certificates of this test's own authority: who shows one is served, who does not is told so."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import grpc
import psycopg
import pytest
from click.testing import CliRunner

from cloud.server import Reasoner, make_backend
from cloud.settings import Settings as CloudSettings
from deploy.broker import free_port
from deploy.cli import main
from deploy.cli.db import MIGRATIONS
from deploy.database import EmbeddedPostgres
from deploy.kafka import ApacheKafka
from deploy.kafka import missing as kafka_missing
from deploy.kafka_topics import create_topics
from ecg.errors import VigilError
from ecg.interpretation import Escalation, Finished, InterpretationRecord
from ecg.tls import TlsFiles, tls_files
from stream.escalator import Escalator
from stream.recorder.migrate import migrate
from stream.tls import channel_credentials
from tests.integration.certificates import Authority, missing
from tests.integration.stream_harness import Process
from tests.integration.test_reasoner import escalation

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "openssl is here")]
_PROPERTIES = """\
listeners=SSL://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller_port}}
advertised.listeners=SSL://127.0.0.1:{{port}}
listener.security.protocol.map=SSL:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SSL
ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={keystore}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ours", "ward authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """Certificates of another authority, by somebody who believes ours."""
    return Authority(tmp_path_factory.mktemp("tls") / "theirs", "another authority").issue("stranger")


def options(files: TlsFiles) -> list[str]:
    return [f"--tls-ca={files.ca}", f"--tls-certificate={files.certificate}", f"--tls-key={files.key}"]


async def asked(port: int, credentials: grpc.ChannelCredentials | None, within_s: float) -> list[str]:
    """What becomes of one escalation: the kinds of its events, or why there are none."""
    records: list[InterpretationRecord] = []

    async def publish(_: Escalation, record: InterpretationRecord) -> None:
        records.append(record)

    async def tell(*_: object) -> None:
        return None

    escalator = Escalator(f"127.0.0.1:{port}", publish, tell, credentials=credentials)
    await escalator.start()
    try:
        deadline_ns = time.time_ns() + round(within_s * 1e9)
        await escalator.submit(replace(escalation(), deadline_ns=deadline_ns))
        end_s = time.monotonic() + within_s + 10
        while not records or (not hasattr(records[-1].event, "reason") and not isinstance(records[-1].event, Finished)):
            assert time.monotonic() < end_s
            await asyncio.sleep(0.05)
    finally:
        await escalator.stop()
    return [getattr(record.event, "reason", type(record.event).__name__) for record in records]


async def test_the_reasoner_answers_who_shows_a_certificate_of_our_authority(
    authority: Authority, stranger: TlsFiles
) -> None:
    server, client = authority.issue("reasoner"), authority.issue("worker")
    settings = CloudSettings(
        listen="127.0.0.1:0", tls_ca=server.ca, tls_certificate=server.certificate, tls_key=server.key
    )
    reasoner = Reasoner(settings, make_backend("protocol"))
    await reasoner.start()
    try:
        assert (await asked(reasoner.port, channel_credentials(client), 120))[-1] == "Finished"
        assert "too late" in (await asked(reasoner.port, None, 2))[-1], "plain text must not be answered"
        pretender = TlsFiles(client.ca, stranger.certificate, stranger.key)
        assert "too late" in (await asked(reasoner.port, channel_credentials(pretender), 2))[-1]
        doubter = TlsFiles(stranger.ca, client.certificate, client.key)
        assert "too late" in (await asked(reasoner.port, channel_credentials(doubter), 2))[-1]
    finally:
        await reasoner.stop()


@pytest.fixture(scope="module")
def secure_kafka(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if reason := kafka_missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("kafka")
    files = authority.issue("kafka")
    keystore = folder / "keystore.pem"
    keystore.write_text(Path(files.key).read_text() + Path(files.certificate).read_text())
    properties = _PROPERTIES.format(keystore=keystore, ca=files.ca)
    with ApacheKafka(folder / "data", log=folder / "kafka.log", properties=properties) as kafka:
        create_topics(kafka.brokers, tls=authority.issue("operator"))
        yield kafka.brokers


@pytest.mark.kafka
def test_the_doctor_looks_at_kafka_with_a_certificate_and_is_not_let_in_without(
    secure_kafka: str, authority: Authority, tmp_path: Path
) -> None:
    def said(*more: str) -> str:
        given = ["doctor", f"--state={tmp_path}", f"--brokers={secure_kafka}", "--json", *more]
        lines = CliRunner().invoke(main, given).output.splitlines()
        return next(line for line in lines if json.loads(line)["part"] == "broker")

    broker = json.loads(said(*options(authority.issue("doctor"))))
    assert broker["well"] and "topics of" in broker["seen"], broker
    assert not json.loads(said())["well"]


@pytest.mark.kafka
def test_a_signal_reaches_page_and_database_over_tls(secure_kafka: str, authority: Authority, tmp_path: Path) -> None:
    """Edge, worker, recorder and console, each with a certificate of its own; nothing listens in plain text."""
    page, brokers = free_port(), f"--brokers={secure_kafka}"
    database = EmbeddedPostgres(tmp_path / "postgres", log=tmp_path / "database.log")
    with database, ExitStack() as running:
        migrate(database.dsn, MIGRATIONS)
        for part, more in (
            ("stream", ["--reasoner="]),
            ("stream.recorder", [f"--dsn={database.dsn}", "--flush-s=1"]),
            ("cloud.console", [f"--dsn={database.dsn}", f"--port={page}"]),
            ("edge", ["--beds=normal", f"--spool={tmp_path / 'a.spool'}"]),
        ):
            secure = options(authority.issue(part))
            running.enter_context(Process(tmp_path / f"{part}.log", part, brokers, *more, *secure))
        end_s = time.monotonic() + 120
        stored, rate = 0, None
        while not (stored and rate):
            logs = {part: (tmp_path / f"{part}.log").read_text()[-600:] for part in ("edge", "stream", "cloud.console")}
            assert time.monotonic() < end_s, (stored, rate, logs)
            time.sleep(0.5)
            with psycopg.connect(database.dsn) as connection:
                stored = (connection.execute("SELECT coalesce(sum(stored), 0) FROM loss_ledger").fetchone() or (0,))[0]
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{page}/api/beds", timeout=5) as reply:
                    beds = json.load(reply)
            except OSError:
                continue
            vitals = beds[0]["vitals"] if beds else None
            rate = vitals["heart_rate_bpm"] if vitals else None
    assert 60 <= rate <= 100


@pytest.mark.kafka
def test_a_broker_does_not_take_a_strangers_segments(
    secure_kafka: str, authority: Authority, stranger: TlsFiles, tmp_path: Path
) -> None:
    """The agent goes on at the bedside, says what is wrong, and keeps everything on its disk."""
    pretender = TlsFiles(str(authority.ca), stranger.certificate, stranger.key)
    log = tmp_path / "edge.log"
    metrics = free_port()
    brokers, spool = f"--brokers={secure_kafka}", f"--spool={tmp_path / 'a.spool'}"
    command = [brokers, "--beds=normal", spool, f"--metrics-port={metrics}", *options(pretender)]
    with Process(log, "edge", *command):
        end_s = time.monotonic() + 90
        kept = 0.0
        while kept < 3 or "broker_unreachable" not in log.read_text():
            assert time.monotonic() < end_s, log.read_text()[-600:]
            time.sleep(0.5)
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as reply:
                    found = re.search(r"^vigil_edge_spool_segments (\S+)$", reply.read().decode(), re.M)
            except OSError:
                continue
            kept = float(found[1]) if found else 0.0
    assert "broker_connected" not in log.read_text()


def test_half_of_the_files_and_wrong_files_are_named(authority: Authority, stranger: TlsFiles) -> None:
    ours = authority.issue("worker")
    assert tls_files("", "", "") is None
    with pytest.raises(VigilError, match="tls_key not given"):
        tls_files(ours.ca, ours.certificate, "")
    with pytest.raises(VigilError, match=re.escape(stranger.key)):
        channel_credentials(TlsFiles(ours.ca, ours.certificate, stranger.key))
    with pytest.raises(VigilError, match="no-such-file"):
        channel_credentials(TlsFiles("no-such-file", ours.certificate, ours.key))
