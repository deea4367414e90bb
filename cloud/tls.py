"""TLS of the reasoner's server and of the console's way to Kafka."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import grpc

from ecg.errors import VigilError
from ecg.tls import TlsFiles


def context(files: TlsFiles) -> ssl.SSLContext:
    """What a Kafka client trusts and shows; the broker's name is checked against its certificate.

    Raises:
        VigilError: A file is not there, is no PEM, or key and certificate do not belong together.
    """
    try:
        made = ssl.create_default_context(cafile=files.ca)
        made.load_cert_chain(files.certificate, files.key)
    except OSError as error:  # ssl.SSLError is one
        raise VigilError(f"TLS: {files.ca}, {files.certificate} and {files.key} cannot be used: {error}") from error
    return made


def kafka_options(files: TlsFiles | None) -> dict[str, Any]:
    """Arguments of an aiokafka client; none where there is no TLS."""
    return {} if files is None else {"security_protocol": "SSL", "ssl_context": context(files)}


def server_credentials(files: TlsFiles) -> grpc.ServerCredentials:
    """What the reasoner shows, and whom it asks for a certificate: everyone.

    Raises:
        VigilError: A file is not there, is no PEM, or key and certificate do not belong together.
    """
    context(files)  # gRPC itself says only that the handshake failed
    ca, certificate, key = (Path(path).read_bytes() for path in (files.ca, files.certificate, files.key))
    return grpc.ssl_server_credentials([(key, certificate)], root_certificates=ca, require_client_auth=True)
