"""Sessions: who acts. A name picked from a list, kept in a signed cookie; every act is put down to it.

This is the demo's sign-in: it says who acted, it proves nothing. Must not import Kafka or the database.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time

COOKIE = "vigil_user"
#: A shift and its hand-over.
LIFETIME_S = 12 * 3600
MAX_NAME = 64


class SessionSigner:
    """Makes and reads the sign-in cookie.

    Args:
        secret: Key; empty makes a fresh one, so that cookies of earlier runs are void.
    """

    def __init__(self, secret: str = "") -> None:
        self._key = (secret or secrets.token_hex(32)).encode()

    def _signature(self, body: str) -> str:
        return hmac.new(self._key, body.encode(), "sha256").hexdigest()

    def issue(self, user: str, now_s: float | None = None) -> str:
        """The cookie that says user until LIFETIME_S from now."""
        expires = int((time.time() if now_s is None else now_s) + LIFETIME_S)
        body = f"{base64.urlsafe_b64encode(user.encode()).decode()}.{expires}"
        return f"{body}.{self._signature(body)}"

    def user(self, cookie: str | None, now_s: float | None = None) -> str | None:
        """Whom a cookie names; None where it is missing, altered or too old."""
        if not cookie or cookie.count(".") != 2:
            return None
        body, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        name, _, expires = body.partition(".")
        try:
            if int(expires) < (time.time() if now_s is None else now_s):
                return None
            return base64.urlsafe_b64decode(name).decode()
        except (ValueError, binascii.Error):
            return None
