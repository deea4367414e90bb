"""Settings of the reasoner service, read once in its __main__. Clinical thresholds are code, never settings."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecg.tls import TlsFiles, tls_files


class Settings(BaseSettings):
    """Environment variables VIGIL_CLOUD_*; each is also an option of `vigil cloud`."""

    model_config = SettingsConfigDict(env_prefix="VIGIL_CLOUD_", frozen=True)

    listen: str = Field("127.0.0.1:50051", description="Address to serve gRPC on, host:port; port 0 takes a free one")
    backend: str = Field("protocol", description="Who interprets: protocol (deterministic, no learnt model)")
    workers: int = Field(2, ge=1, le=64, description="Interpretations at a time")
    queue_size: int = Field(256, ge=1, le=100_000, description="Escalations that may wait; beyond it UNAVAILABLE")
    replay_size: int = Field(1024, ge=1, le=1_000_000, description="Finished interpretations kept for repeated ids")
    max_message_kb: int = Field(2048, ge=64, le=65_536, description="Largest request taken")
    stop_s: float = Field(5.0, ge=0, le=60, description="Seconds to finish open calls when told to stop")
    reflection: bool = Field(False, description="Serve gRPC reflection (needs grpcio-reflection)")
    tls_ca: str = Field("", description="PEM file of the authority to believe; with the next two: mutual TLS")
    tls_certificate: str = Field("", description="PEM file of this service's certificate and its chain")
    tls_key: str = Field("", description="PEM file of the certificate's key")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus metrics on loopback; 0 is off")

    @property
    def tls(self) -> TlsFiles | None:
        """The three files; None for plain text.

        Raises:
            VigilError: One or two of them are missing.
        """
        return tls_files(self.tls_ca, self.tls_certificate, self.tls_key)
