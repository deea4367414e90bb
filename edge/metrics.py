"""Metrics of an edge agent, for Prometheus on loopback. Owns names and help texts only."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server


class EdgeMetrics:
    """Counters of one agent, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.segments = Counter("vigil_edge_segments", "Segments taken from devices", registry=r)
        self.batches = Counter("vigil_edge_batches", "Batches by what became of them", ["fate"], registry=r)
        self.gaps = Counter("vigil_edge_gap_segments", "Sequence numbers declared missing", ["reason"], registry=r)
        self.conditions = Counter("vigil_edge_condition_events", "Condition events raised here", ["code"], registry=r)
        self.rejected = Counter("vigil_edge_rejected_segments", "Segments the local monitor refused", registry=r)
        self.monitor_failures = Counter("vigil_edge_monitor_failures", "Ticks without local rules", registry=r)
        self.tick_s = Histogram(
            "vigil_edge_tick_seconds", "Wall time of a tick's work", registry=r,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
        )  # fmt: skip
        self.tick_late_s = Gauge("vigil_edge_tick_late_seconds", "How late the last tick began", registry=r)
        self.connected = Gauge("vigil_edge_connected", "1 while the broker takes messages", registry=r)
        self.spool_bytes = Gauge("vigil_edge_spool_bytes", "Batches waiting on disk, bytes", registry=r)
        self.spool_segments = Gauge("vigil_edge_spool_segments", "Segments waiting on disk", registry=r)
        self.spool_failures = Counter("vigil_edge_spool_failures", "Ticks the disk would not store", registry=r)
        self.devices = Gauge("vigil_edge_devices", "Devices by state", ["state"], registry=r)
        self.clock_jumps = Counter("vigil_edge_clock_jumps", "Jumps of the wall clock", registry=r)

    def serve(self, port: int) -> None:
        """Serves them on 127.0.0.1; port 0 does not."""
        if port:
            start_http_server(port, addr="127.0.0.1", registry=self.registry)
