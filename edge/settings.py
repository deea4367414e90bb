"""Settings of the edge agent, read once in its __main__. Thresholds of the rules are none: they are code."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecg.tls import TlsFiles, tls_files
from edge.beds import DEMO_BEDS


class Settings(BaseSettings):
    """Environment variables VIGIL_EDGE_*; each is also an option of `vigil edge`."""

    model_config = SettingsConfigDict(env_prefix="VIGIL_EDGE_", frozen=True)

    agent_id: str = Field("edge-1", min_length=1, max_length=64, description="This agent; key of all it sends")
    brokers: str = Field("127.0.0.1:9092", description="Kafka, host:port[,host:port]")
    beds: str = Field(DEMO_BEDS, description="Beds to run; grammar in --help")
    wfdb: Path | None = Field(None, description="Folder of WFDB records to replay, one bed each, in place of --beds")
    records: str = Field("", description="Records of --wfdb to take, comma-separated; empty: all")
    leads: str = Field("", description="Channels of records to take, comma-separated; empty: every ECG channel")
    count: int = Field(0, ge=0, le=100_000, description="Beds in all, taking the list again and again; 0: one each")
    first_bed: int = Field(1, ge=0, description="Number of the first stream id, bed-01 and on")
    speed: float = Field(1.0, gt=0, le=1000, description="Seconds of signal per second")
    once: bool = Field(False, description="Play records once instead of over and over")
    seed: int = Field(1, ge=0, description="Of the simulation")
    spool: Path | None = Field(None, description="Spool file, one per agent; none: .vigil/AGENT_ID.spool")
    max_spool_mb: float = Field(1024.0, gt=0, description="Most that waits on disk; above it the oldest is dropped")
    max_spool_h: float = Field(72.0, gt=0, description="Longest that anything waits on disk")
    backfill_kb_s: int = Field(1000, gt=0, description="Most that is sent from the spool per second, after an outage")
    alarm_file: Path | None = Field(None, description="Local alarms as JSON lines, for a display at the bedside")
    monitor: bool = Field(True, description="Run the lethal rules here; only a benchmark of the rest turns them off")
    idempotent: bool = Field(True, description="Ask the broker for idempotent production")
    tls_ca: str = Field("", description="PEM file of the authority to believe; with the next two: mutual TLS to Kafka")
    tls_certificate: str = Field("", description="PEM file of this service's certificate and its chain")
    tls_key: str = Field("", description="PEM file of the certificate's key")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus metrics on loopback; 0 is off")
    verbose: bool = Field(False, description="Log at debug level; record names appear there, on the edge alone")

    @property
    def spool_path(self) -> Path:
        """Where the spool is."""
        return self.spool or Path(".vigil") / f"{self.agent_id}.spool"

    @property
    def tls(self) -> TlsFiles | None:
        """The three files; None for plain text.

        Raises:
            VigilError: One or two of them are missing.
        """
        return tls_files(self.tls_ca, self.tls_certificate, self.tls_key)
