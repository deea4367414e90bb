"""TLS of the edge's way to Kafka."""

from __future__ import annotations

import ssl

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
