"""Settings of the stream worker, read once in its __main__. Thresholds are none: they are code and manifest."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ecg.tls import TlsFiles, tls_files


class Settings(BaseSettings):
    """Environment variables VIGIL_STREAM_*; each is also an option of `vigil stream`."""

    model_config = SettingsConfigDict(env_prefix="VIGIL_STREAM_", frozen=True, protected_namespaces=())

    brokers: str = Field("127.0.0.1:9092", description="Kafka, host:port[,host:port]")
    group: str = Field("vigil-stream", description="Kafka consumer group")
    reasoner: str = Field("127.0.0.1:50051", description="gRPC reasoner, host:port; empty: nothing is escalated")
    model: Path | None = Field(None, description="Folder of the screening model; none: every window is unscreened")
    providers: str = Field(
        "", description="ONNX Runtime providers in order, comma-separated; empty: TensorRT, CUDA, CPU"
    )
    encoder_threads: int = Field(1, ge=1, le=64, description="Threads of one encoder run on the CPU")
    hop_s: float = Field(2.0, gt=0, le=10, description="Seconds between screened windows of a bed")
    readback_s: float = Field(20.0, ge=0, le=300, description="Signal read back at start to rebuild the detectors")
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
