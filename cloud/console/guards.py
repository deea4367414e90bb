"""Guards: what every HTTP answer carries and what no request may do. Plain ASGI, so that WebSockets pass through too."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Everything comes from this server; styles are files too. Images as data: are Swagger's and the strip cursor's.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 64 * 1024


def same_origin(headers: Headers) -> bool:
    """True where the request comes from a page of ours, or from no page at all."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


class Guards:
    """Adds the security headers; refuses requests from foreign pages and bodies over MAX_BODY_BYTES."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one ASGI connection."""
        if scope["type"] == "websocket":
            if not same_origin(Headers(scope=scope)):
                await send({"type": "websocket.close", "code": 1008, "reason": "foreign origin"})
                return
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith("/api") else "no-cache")
            await send(message)

        refusal = _refusal(scope)
        await (refusal or self._app)(scope, receive, guarded_send)


def _refusal(scope: Scope) -> JSONResponse | None:
    if scope["method"] in _SAFE_METHODS:
        return None
    headers = Headers(scope=scope)
    if not same_origin(headers):
        return JSONResponse({"error": "foreign origin", "reason": "requests of other sites' pages are refused"}, 403)
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdigit():
        return JSONResponse({"error": "length required", "reason": "send Content-Length"}, 411)
    if int(length) > MAX_BODY_BYTES:
        reason = f"{length} bytes, at most {MAX_BODY_BYTES} are read"
        return JSONResponse({"error": "body too large", "reason": reason}, 413)
    return None
