"""Settings of the console, read once in `__main__`. Clinical thresholds are code, never settings."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecg.tls import TlsFiles, tls_files


class Settings(BaseSettings):
    """Where the console finds its neighbours and where it listens."""

    model_config = SettingsConfigDict(env_prefix="VIGIL_CONSOLE_", frozen=True)

    brokers: str = Field("127.0.0.1:9092", description="Kafka brokers, host:port,host:port")
    dsn: str = Field("", description="PostgreSQL address; empty: the page works from Kafka alone, history off")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 picks a free one")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="Prometheus on loopback; 0: off (/metrics is always there)"
    )
    users: str = Field(
        "Demo nurse,Charge nurse,Physician", description="names offered at sign-in where the database has none"
    )
    session_secret: SecretStr = Field(
        SecretStr(""),
        description="signs the sign-in cookie; empty: a fresh one at each start, so that people sign in again",
    )
    strip_buffer_s: int = Field(40, ge=15, le=300, description="seconds of every bed's signal kept in memory")
    tls_ca: str = Field("", description="PEM file of the authority to believe; with the next two: mutual TLS to Kafka")
    tls_certificate: str = Field("", description="PEM file of this service's certificate and its chain")
    tls_key: str = Field("", description="PEM file of the certificate's key")

    @property
    def tls(self) -> TlsFiles | None:
        """The three files; None for plain text.

        Raises:
            VigilError: One or two of them are missing.
        """
        return tls_files(self.tls_ca, self.tls_certificate, self.tls_key)
