"""Prometheus metrics of the stream worker, all in one place. No stream_id in a label: only counts and times."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

REGISTRY = CollectorRegistry()

MESSAGES = Counter("vigil_stream_messages", "Messages taken from a topic", ["topic"], registry=REGISTRY)
SEGMENTS = Counter(
    "vigil_stream_segments",
    "Segments by what became of them: live, held, late, duplicate, backfill; and gap, clock_jump by event",
    ["fate"],
    registry=REGISTRY,
)
DEAD_LETTERS = Counter("vigil_stream_dead_letters", "Dead letters by error", ["error"], registry=REGISTRY)
ALERTS = Counter(
    "vigil_stream_alert_events", "Alarm events by kind and priority", ["kind", "priority"], registry=REGISTRY
)
WINDOWS = Counter("vigil_stream_windows", "Windows by screening status", ["status"], registry=REGISTRY)
BEDS = Gauge("vigil_stream_beds", "Streams with a segment in the last 30 s", registry=REGISTRY)
OPEN_ALARMS = Gauge("vigil_stream_open_alarms", "Alarms that are not cleared", registry=REGISTRY)

STEP_S = Histogram(
    "vigil_stream_step_seconds",
    "Time the processor takes for one message",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1),
    registry=REGISTRY,
)
AGE_S = Histogram(
    "vigil_stream_age_seconds",
    "From an agent closing a batch to its vitals being published",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60),
    registry=REGISTRY,
)
SCREEN_S = Histogram(
    "vigil_stream_screen_seconds",
    "From a window being due to its scores",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)
SCREEN_BATCH = Histogram(
    "vigil_stream_screen_batch_windows",
    "Windows that go through the encoder together",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
    registry=REGISTRY,
)
ENCODER = Gauge(
    "vigil_stream_encoder", "1 for the model and the provider that really run", ["model_id", "provider"],
    registry=REGISTRY,
)  # fmt: skip
ESCALATIONS = Counter(
    "vigil_stream_escalations", "Escalations by outcome: done, failed, dropped", ["outcome"], registry=REGISTRY
)
ESCALATION_QUEUE = Gauge("vigil_stream_escalation_queue", "Escalations waiting for the reasoner", registry=REGISTRY)
ESCALATION_S = Histogram(
    "vigil_stream_escalation_seconds",
    "From an escalation being queued to the end of its interpretation",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120),
    registry=REGISTRY,
)
RECOVERY_S = Gauge("vigil_stream_recovery_seconds", "Time the last read-back took", registry=REGISTRY)


def serve(port: int) -> None:
    """Serves the metrics on loopback; port 0 does not."""
    if port:
        start_http_server(port, addr="127.0.0.1", registry=REGISTRY)
