"""Settings of the recorder, read once in its __main__."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecg.tls import TlsFiles, tls_files


class Settings(BaseSettings):
    """Environment variables VIGIL_RECORDER_*; each is also an option of `vigil recorder`."""

    model_config = SettingsConfigDict(env_prefix="VIGIL_RECORDER_", frozen=True)

    brokers: str = Field("127.0.0.1:9092", description="Kafka, host:port[,host:port]")
    dsn: str = Field("postgresql://postgres@127.0.0.1:5432/postgres", description="PostgreSQL or TimescaleDB")
    group: str = Field("vigil-recorder", description="Kafka consumer group")
    flush_s: float = Field(10.0, gt=0, le=60, description="Seconds of signal in one stored block")
    max_buffer_mb: float = Field(256, gt=0, description="Stop reading Kafka above this while the database is away")
    tls_ca: str = Field("", description="PEM file of the authority to believe; with the next two: mutual TLS to Kafka")
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
