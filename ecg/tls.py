"""TLS: the three files by which a service proves who it is and knows whom to trust. Plain values; services open the files.

Mutual TLS or none (DESIGN.md §3): a service with a certificate but no authority, or the other way round, does not start.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.errors import VigilError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Paths of PEM files.

    Attributes:
        ca: The authority whose certificates are believed, of servers and of clients.
        certificate: Ours, with the chain that leads to the authority.
        key: Of our certificate, not encrypted.
    """

    ca: str
    certificate: str
    key: str


def tls_files(ca: str, certificate: str, key: str) -> TlsFiles | None:
    """The files of a service's settings; None where none is given: plain text, for one machine and its loopback.

    Raises:
        VigilError: Some are given and some are not.
    """
    given = {"tls_ca": ca, "tls_certificate": certificate, "tls_key": key}
    missing = [name for name, path in given.items() if not path]
    if len(missing) == len(given):
        return None
    if missing:
        raise VigilError(f"TLS is mutual, so all three files are needed: {', '.join(missing)} not given")
    return TlsFiles(ca, certificate, key)
