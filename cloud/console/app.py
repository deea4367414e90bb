"""App: the FastAPI application of the console: its routes, its files, and errors as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from cloud.console.guards import Guards
from cloud.console.routes import alarms, beds, burden, service
from cloud.console.runtime import Runtime
from cloud.console.settings import Settings
from ecg.errors import Unavailable

log = structlog.get_logger()
WEB = Path(__file__).parent / "web"
_NOTICE = "Research software: a secondary display and second reader, never the sole source of alarms."


def create_app(settings: Settings) -> FastAPI:
    """The application; its runtime starts and stops with it.

    Args:
        settings: Where its neighbours are.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = Runtime(settings)
        app.state.runtime = runtime
        await runtime.start()
        try:
            yield
        finally:
            await runtime.stop()

    app = FastAPI(
        title="Vigil console", version="1", description=_NOTICE, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.add_middleware(Guards)
    for router in (service.router, beds.router, alarms.router, burden.router):
        app.include_router(router)
    _add_errors(app)
    _add_files(app)
    return app


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        words = {401: "not signed in", 403: "not allowed", 404: "not found", 405: "method not allowed"}
        body = {"error": words.get(error.status_code, "error"), "reason": str(error.detail)}
        return JSONResponse(body, error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        reasons = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
        return JSONResponse({"error": "invalid request", "reason": "; ".join(reasons)}, 422)

    @app.exception_handler(Unavailable)
    async def unavailable(_: Request, error: Unavailable) -> JSONResponse:
        headers = {"Retry-After": str(max(1, round(error.retry_after_s)))}
        return JSONResponse({"error": "unavailable", "reason": str(error)}, 503, headers=headers)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request_failed", path=request.url.path, error=repr(error))
        return JSONResponse({"error": "internal error", "reason": "the console's log says more"}, 500)


def _add_files(app: FastAPI) -> None:
    for folder in ("js", "css", "vendor"):
        app.mount(f"/{folder}", StaticFiles(directory=WEB / folder), name=folder)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(WEB / "index.html")

    @app.get("/burden", include_in_schema=False)
    async def burden_page() -> FileResponse:
        return FileResponse(WEB / "burden.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(WEB / "docs.html")

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> FileResponse:
        return FileResponse(WEB / "css" / "icon.svg", media_type="image/svg+xml")
