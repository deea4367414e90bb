"""The API: what each endpoint answers, to good requests and to bad ones. State comes from real encoded messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from cloud.console.app import create_app
from cloud.console.commands import CommandDesk
from cloud.console.frames import read_frame
from cloud.console.runtime import Runtime
from cloud.console.session import LIFETIME_S, SessionSigner
from cloud.console.settings import Settings
from ecg.alarms import AlertKind
from ecg.interpretation import Checked, Claim, ClaimKind, InterpretationRecord, Step, Verdict
from ecg.wire import encode_alert_event
from ecg.wire.reasoner import encode_interpretation
from tests.unit.console.test_commands import Topic
from tests.unit.console.wire_samples import FS_HZ, T0_NS, S, batch, condition, event, segment, vitals

ATTACK = "<img src=x onerror=alert(1)>"


class Console:
    """The application with a runtime that reads no Kafka: its handlers are fed by hand."""

    def __init__(self) -> None:
        settings = Settings(brokers="127.0.0.1:1", dsn="")
        app = create_app(settings)
        self.runtime = Runtime(settings)
        self.topic = Topic()
        core = self.runtime.core
        self.runtime.desk = CommandDesk(core.book, self.topic, None, core.telemetry)
        app.state.runtime = self.runtime
        self.client = TestClient(app)

    def sign_in(self) -> None:
        """Signs in as the demo nurse."""
        assert self.client.post("/api/session", json={"user": "Demo nurse"}).status_code == 200


@pytest.fixture
def console() -> Iterator[Console]:
    """A console that has seen 30 s of one bed, and an alarm with an explanation."""
    console = Console()
    core = console.runtime.core
    core.now_ns = lambda: T0_NS + 30 * S
    core.on_segments(batch(*(segment(seq=seq) for seq in range(24))))
    core.on_alarm(encode_alert_event(event(0, AlertKind.RAISED)))
    for seq in range(24, 40):
        core.on_segments(batch(segment(seq=seq), sent_ns=T0_NS + 30 * S - 80_000_000))
    core.on_vitals(vitals(39, 71.26))
    claim = Claim("HR 70", 1, ClaimKind.NUMBER, Verdict.CONTRADICTED, "heart rate 92 bpm", 0, 5)
    for number, said in enumerate((Step(1, "Rate", f"HR 70 {ATTACK}"), Checked((claim,)))):
        record = InterpretationRecord("e1", "alarm-1", "bed-1", 1, 0, 2500, FS_HZ, T0_NS, "m", number, said)
        core.on_interpretation(encode_interpretation(record))
    yield console
    console.client.close()


def test_beds_have_their_numbers_and_their_alarm(console: Console) -> None:
    (bed,) = console.client.get("/api/beds").json()
    assert (bed["bed"], bed["leads"], bed["fs_hz"]) == ("bed-1", ["V1", "II"], 250.0)
    assert bed["vitals"]["heart_rate_bpm"] == 71.3
    assert bed["vitals"]["rhythm_name"] == "No arrhythmia found"
    assert bed["vitals"]["quality"] == [{"lead": "II", "index": 0.5, "problems": ["muscle"]}]
    assert bed["alarm"]["code"] == "VFB"


def test_a_heart_rate_that_cannot_be_measured_is_null_never_zero(console: Console) -> None:
    console.runtime.core.on_vitals(vitals(41, None))
    assert console.client.get("/api/beds").json()[0]["vitals"]["heart_rate_bpm"] is None


def test_an_alarm_comes_with_life_explanation_and_strip(console: Console) -> None:
    detail = console.client.get("/api/alarms/alarm-1").json()
    assert detail["alarm"]["state"] == "active"
    assert [e["kind"] for e in detail["events"]] == ["raised"]
    assert [e["kind"] for e in detail["interpretation"]] == ["step", "claims"]
    assert detail["interpretation"][1]["body"]["claims"][0]["verdict"] == "contradicted"
    assert [lead["name"] for lead in detail["strip"]["leads"]] == ["V1", "II"]
    assert len(detail["strip"]["leads"][0]["mv"]) == (4 + 12 + 10) * FS_HZ
    frame = console.client.get("/api/alarms/alarm-1/strip", params={"format": "frame"})
    (strip,) = read_frame(frame.content)
    assert strip.samples.shape == (2, 26 * 250)
    assert strip.first_sample == 8 * 250


def test_an_alarm_without_stored_signal_says_so(console: Console) -> None:
    about = condition(stream_id="bed-unseen")
    console.runtime.core.on_alarm(encode_alert_event(event(0, AlertKind.RAISED, "alarm-2", about)))
    assert console.client.get("/api/alarms/alarm-2").json()["strip"] is None
    assert console.client.get("/api/alarms/alarm-2/strip").status_code == 404
    assert list(read_frame(console.client.get("/api/alarms/alarm-2/strip?format=frame").content)) == []


@pytest.mark.parametrize(
    ("query", "n"),
    [("", 1), ("?state=active", 1), ("?state=cleared", 0), ("?priority=high&priority=low", 1), ("?priority=low", 0),
     ("?bed=bed-1", 1), ("?bed=other", 0), (f"?since_ms={T0_NS / 1e6}", 1), (f"?until_ms={T0_NS / 1e6}", 0)],
)  # fmt: skip
def test_the_list_is_filtered(console: Console, query: str, n: int) -> None:
    assert len(console.client.get(f"/api/alarms{query}").json()) == n


@pytest.mark.parametrize(
    "path", ["/api/alarms/none", "/api/alarms/none/strip", "/api/beds/none/strip", "/api/beds/none/trend", "/nowhere"]
)
def test_what_is_not_there_is_404_and_named(console: Console, path: str) -> None:
    answer = console.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"] == "not found"
    assert path == "/nowhere" or "none" in answer.json()["reason"]


@pytest.mark.parametrize("query", ["?state=odd", "?limit=0", "?limit=x", "?priority=urgent"])
def test_a_bad_filter_is_422_and_named(console: Console, query: str) -> None:
    answer = console.client.get(f"/api/alarms{query}")
    assert answer.status_code == 422
    assert query[1:].split("=")[0] in answer.json()["reason"]


def test_nobody_acts_without_a_name(console: Console) -> None:
    for act, body in (("acknowledge", {}), ("pause", {}), ("judge", {"verdict": "true"})):
        answer = console.client.post(f"/api/alarms/alarm-1/{act}", json=body)
        assert answer.status_code == 401
        assert answer.json()["error"] == "not signed in"
    assert console.topic.sent == []


def test_an_acknowledgement_goes_out_once_in_the_name_of_who_is_signed_in(console: Console) -> None:
    console.sign_in()
    first = console.client.post("/api/alarms/alarm-1/acknowledge", json={"comment": "at the bed"}).json()
    second = console.client.post("/api/alarms/alarm-1/acknowledge").json()
    assert first["published"] is True
    assert first["command_id"] == second["command_id"]
    assert first["alarm"]["state"] == "active", "only the stream changes the alarm"
    assert [(c.user, c.comment) for c in console.topic.sent] == [("Demo nurse", "at the bed")]
    console.runtime.core.on_alarm(encode_alert_event(event(1, AlertKind.ACKNOWLEDGED, actor="Demo nurse")))
    third = console.client.post("/api/alarms/alarm-1/acknowledge").json()
    assert (third["command_id"], third["alarm"]["state"]) == ("", "acknowledged")


def test_pause_and_judgement_go_out(console: Console) -> None:
    console.sign_in()
    assert console.client.post("/api/alarms/alarm-1/pause").status_code == 200
    assert console.client.post("/api/alarms/alarm-1/judge", json={"verdict": "false"}).status_code == 200
    assert console.client.post("/api/alarms/alarm-1/judge", json={"verdict": "maybe"}).status_code == 422
    assert [c.kind.value for c in console.topic.sent] == ["audio_pause", "judge_false"]
    assert console.client.post("/api/alarms/none/acknowledge").status_code == 404


def test_a_broker_that_is_down_is_503_with_a_time_to_come_back(console: Console) -> None:
    console.sign_in()
    console.topic.up = False
    answer = console.client.post("/api/alarms/alarm-1/acknowledge")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert "broker down" in answer.json()["reason"]


def test_only_offered_names_sign_in_and_cookies_are_not_forged(console: Console) -> None:
    assert console.client.post("/api/session", json={"user": "Nobody"}).status_code == 403
    console.client.cookies.set("vigil_user", SessionSigner("other").issue("Demo nurse"))
    assert console.client.get("/api/session").json()["user"] is None
    console.client.cookies.clear()
    console.sign_in()
    assert console.client.get("/api/session").json()["user"] == "Demo nurse"
    console.client.delete("/api/session")
    assert console.client.get("/api/session").json()["user"] is None


def test_a_session_ends_and_garbage_is_nobody() -> None:
    signer = SessionSigner("k")
    cookie = signer.issue("Zoë", 1000.0)
    assert signer.user(cookie, 1000.0 + LIFETIME_S - 1) == "Zoë"
    assert signer.user(cookie, 1000.0 + LIFETIME_S + 1) is None
    for bad in (None, "", "a.b.c", cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), "é.1.2"):
        assert signer.user(bad, 1000.0) is None


def test_foreign_pages_and_large_bodies_are_refused(console: Console) -> None:
    foreign = console.client.post("/api/session", json={"user": "Demo nurse"}, headers={"Origin": "http://evil"})
    assert foreign.status_code == 403
    large = console.client.post("/api/session", content=b"x" * 70_000, headers={"Content-Type": "application/json"})
    assert large.status_code == 413
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        console.client.websocket_connect("/ws", headers={"Origin": "http://evil"}),
    ):
        pass
    assert refused.value.code == 1008


def test_every_answer_carries_the_security_headers_and_no_foreign_address(console: Console) -> None:
    for path in ("/", "/docs", "/api/beds", "/nowhere", "/js/main.js", "/vendor/uplot/uPlot.esm.js"):
        headers = console.client.get(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    for page in ("/", "/docs"):
        assert "://" not in console.client.get(page).text
    assert console.client.get("/openapi.json").json()["info"]["title"] == "Vigil console"


def test_health_and_metrics_tell_the_latency(console: Console) -> None:
    health = console.client.get("/healthz").json()
    assert health["status"] == "degraded"
    assert health["kafka"] is False
    assert health["history"] == "off"
    assert health["edge_to_console_p50_ms"] == pytest.approx(80.0, abs=0.5)
    metrics = console.client.get("/metrics").text
    assert "vigil_console_beds 1.0" in metrics
    assert "vigil_console_edge_to_console_seconds_count 17.0" in metrics


def test_the_ledger_counts_what_is_missing_here(console: Console) -> None:
    console.runtime.core.on_segments(batch(segment(seq=45)))
    ledger = console.client.get("/api/ledger").json()
    assert ledger["source"] == "console"
    (row,) = ledger["rows"]
    assert (row["received"], row["missing"], row["missing_ranges"]) == (41, 5, [[40, 45]])


def test_the_audit_log_needs_a_database(console: Console) -> None:
    console.sign_in()
    assert console.client.get("/api/audit").status_code == 503


def test_a_page_gets_everything_first_and_then_only_what_it_looks_at(console: Console) -> None:
    core = console.runtime.core
    core.on_segments(batch(segment("bed-2", seq=0), agent_id="agent-2"))
    with console.client.websocket_connect("/ws") as page:
        hello = page.receive_json()
        assert hello["type"] == "hello"
        assert [bed["bed"] for bed in hello["beds"]] == ["bed-1", "bed-2"]
        assert [alarm["alarm_id"] for alarm in hello["alarms"]] == ["alarm-1"]
        page.send_json({"type": "view", "beds": ["bed-1"], "leads": 1, "focus": None, "alarm": "alarm-1"})
        state = page.receive_json()
        assert state["vitals"][0]["bed"] == "bed-1"
        assert [e["kind"] for e in state["interpretations"]] == ["step", "claims"]
        history = list(read_frame(page.receive_bytes()))
        assert len(history) == 10
        assert {s.flags for s in history} == {1}
        assert {lead.name for s in history for lead in s.leads} == {"II"}

        def feed() -> None:
            core.on_segments(batch(segment(seq=40), segment("bed-2", seq=1)))

        page.portal.call(feed)
        (live,) = read_frame(page.receive_bytes())
        assert (live.handle, live.flags, live.first_sample) == (0, 0, 40 * 250)
        page.portal.call(core.on_alarm, encode_alert_event(event(1, AlertKind.ACKNOWLEDGED, actor="x")))
        assert page.receive_json()["alarms"][0]["state"] == "acknowledged"


@pytest.mark.parametrize(
    ("message", "reason"),
    [("nonsense", "JSON"), ('{"type": "view", "leads": 99}', "leads"), ('{"type": "order"}', "type"),
     ('{"type": "view", "extra": 1}', "extra"), (b"\x00\x01", "text message")],
)  # fmt: skip
def test_a_malformed_message_closes_the_connection_with_the_reason(
    console: Console, message: str | bytes, reason: str
) -> None:
    with console.client.websocket_connect("/ws") as page:
        page.receive_json()
        if isinstance(message, bytes):
            page.send_bytes(message)
        else:
            page.send_text(message)
        with pytest.raises(WebSocketDisconnect) as closed:
            page.receive_json()
    assert closed.value.code == 1008
    assert reason in closed.value.reason


def test_the_burden_needs_a_database_and_a_period(console: Console) -> None:
    answer = console.client.get("/api/burden")
    assert answer.status_code == 503 and "without a database" in answer.json()["reason"]
    assert console.client.get("/api/burden?hours=0").status_code == 422
    assert console.client.get("/api/burden?hours=9999").status_code == 422
    page = console.client.get("/burden")
    assert page.status_code == 200 and "/js/burden.js" in page.text
