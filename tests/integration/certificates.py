"""An authority and the certificates it signs, made by openssl for one test run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ecg.tls import TlsFiles


def missing() -> str:
    """What keeps certificates from being made here; empty when nothing does."""
    return "" if shutil.which("openssl") else "openssl is not installed"


class Authority:
    """Signs certificates for 127.0.0.1 in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True)
        self.folder, self.ca = folder, folder / "ca.pem"
        self._key = folder / "ca.key"
        self._openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self._key, "-out", self.ca,
        )  # fmt: skip

    def issue(self, name: str) -> TlsFiles:
        """A certificate for 127.0.0.1 and localhost, good for a server and for a client."""
        key, request, certificate, extensions = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem", "ext"))
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extensions.write_text(
            "subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-CAcreateserial", "-days", "2",
            "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        return TlsFiles(str(self.ca), str(certificate), str(key))

    def _openssl(self, *arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
