"""Settings of the recorder, read once in its __main__."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables VIGIL_RECORDER_*; each is also an option of `vigil recorder`."""

    model_config = SettingsConfigDict(env_prefix="VIGIL_RECORDER_", frozen=True)

    brokers: str = Field("127.0.0.1:9092", description="Kafka, host:port[,host:port]")
    dsn: str = Field("postgresql://postgres@127.0.0.1:5432/postgres", description="PostgreSQL or TimescaleDB")
    group: str = Field("vigil-recorder", description="Kafka consumer group")
    flush_s: float = Field(10.0, gt=0, le=60, description="Seconds of signal in one stored block")
    max_buffer_mb: float = Field(256, gt=0, description="Stop reading Kafka above this while the database is away")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus metrics on loopback; 0 is off")
