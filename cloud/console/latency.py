"""Latency and counters of the console: edge → console times over the last minutes, and Prometheus metrics.

Owns its own Prometheus registry, so that two consoles in one process (tests) do not meet.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

#: Batches remembered for the percentiles: at 50 agents a minute's worth.
_WINDOW = 3000


class Telemetry:
    """What the console measures of itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._ages_s: deque[float] = deque(maxlen=_WINDOW)
        self.edge_to_console = Histogram(
            "vigil_console_edge_to_console_seconds",
            "Age of a segment batch when the console has it",
            buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
            registry=self.registry,
        )
        self.bad_messages = Counter(
            "vigil_console_bad_messages", "Messages that could not be read", ["topic"], registry=self.registry
        )
        self.messages = Counter("vigil_console_messages", "Messages read", ["topic"], registry=self.registry)
        self.dropped_strips = Counter(
            "vigil_console_dropped_strips", "Strips not sent because a browser was too slow", registry=self.registry
        )
        self.clients = Gauge("vigil_console_clients", "Pages connected", registry=self.registry)
        self.beds = Gauge("vigil_console_beds", "Beds known", registry=self.registry)
        self.unpublished = Gauge(
            "vigil_console_unpublished_commands", "Commands not on Kafka yet", registry=self.registry
        )
        self.kafka_up = Gauge("vigil_console_kafka_up", "1 while Kafka is read", registry=self.registry)

    def batch_age(self, age_s: float) -> None:
        """Takes the age of one live batch on arrival."""
        self._ages_s.append(age_s)
        self.edge_to_console.observe(max(age_s, 0.0))

    def percentiles_s(self) -> tuple[float, float] | None:
        """(p50, p99) of the remembered batches, seconds; None before the first."""
        if not self._ages_s:
            return None
        p50, p99 = np.percentile(np.fromiter(self._ages_s, float), (50, 99))
        return float(p50), float(p99)
