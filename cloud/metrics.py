"""Metrics of the reasoner service, in a registry of their own so that two services in one process do not clash."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ecg.interpretation import Checked, InterpretEvent


class Metrics:
    """What the service counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "vigil_cloud_interpret_calls", "Interpret calls by how they ended", ["outcome"], registry=self.registry
        )
        self.claims = Counter("vigil_cloud_claims", "Claims by verdict", ["verdict"], registry=self.registry)
        self.seconds = Histogram(
            "vigil_cloud_interpret_seconds",
            "From acceptance to the end of an interpretation",
            buckets=(0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.waiting = Gauge("vigil_cloud_queue_waiting", "Escalations waiting", registry=self.registry)
        self.model = Gauge(
            "vigil_cloud_model", "1 for the model that serves", ["model_id", "provider"], registry=self.registry
        )

    def count_claims(self, event: InterpretEvent) -> None:
        """Counts the verdicts of a Checked event; other events pass."""
        if isinstance(event, Checked):
            for claim in event.claims:
                self.claims.labels(claim.verdict.value).inc()
