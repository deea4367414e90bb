"""Service routes: health, metrics, sign-in, the audit log and the live WebSocket."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response, WebSocket
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from cloud.console.live import Page
from cloud.console.routes.asking import Actor, RuntimeOf, SignedIn, database_of, remote_of
from cloud.console.schemas import ProblemOut, SessionIn, SessionOut, StatusOut, ViewIn
from cloud.console.session import COOKIE, LIFETIME_S
from cloud.console.views import alarm_view, bed_view, interpretation_view
from ecg.errors import Unavailable

router = APIRouter()


@router.get("/healthz", tags=["service"])
async def healthz(runtime: RuntimeOf) -> StatusOut:
    """How the console is; 200 as long as it serves, `status` says whether its neighbours do."""
    return runtime.status()


@router.get("/metrics", tags=["service"], response_class=Response)
async def metrics(runtime: RuntimeOf) -> Response:
    """Prometheus metrics."""
    runtime.status()
    return Response(generate_latest(runtime.core.telemetry.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/session", tags=["session"])
async def who(runtime: RuntimeOf, user: SignedIn) -> SessionOut:
    """Who is signed in, and the names to choose from."""
    return SessionOut(user=user, users=await runtime.users())


@router.post("/api/session", tags=["session"], responses={403: {"model": ProblemOut}})
async def sign_in(runtime: RuntimeOf, request: Request, response: Response, body: SessionIn) -> SessionOut:
    """Signs in under one of the names offered. The demo's sign-in: it asks for no proof."""
    users = await runtime.users()
    if body.user not in users:
        raise HTTPException(403, f"{body.user!r} is not one of the users of this console")
    await _note(runtime, body.user, "sign_in", request)
    response.set_cookie(
        COOKIE,
        runtime.signer.issue(body.user),
        max_age=LIFETIME_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return SessionOut(user=body.user, users=users)


@router.delete("/api/session", tags=["session"])
async def sign_out(runtime: RuntimeOf, request: Request, response: Response, user: SignedIn) -> SessionOut:
    """Signs out."""
    if user is not None:
        await _note(runtime, user, "sign_out", request)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return SessionOut(user=None, users=await runtime.users())


@router.get("/api/audit", tags=["session"], responses={401: {"model": ProblemOut}, 503: {"model": ProblemOut}})
async def audit(
    runtime: RuntimeOf, user: Actor, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[dict[str, Any]]:
    """Who did what, youngest first. Needs the database."""
    return await database_of(runtime).audit(limit)


async def _note(runtime: RuntimeOf, user: str, action: str, request: Request) -> None:
    if runtime.history is None:
        return
    try:
        await runtime.history.store_act(user, action, runtime.core.now_ns(), remote_of(request))
    except Unavailable:
        # Nobody may be kept from a patient's alarms because the log is down; the act itself is audited again.
        return


@router.websocket("/ws")
async def live(socket: WebSocket, runtime: RuntimeOf) -> None:
    """The live page: state as text, strips as binary frames (`cloud/console/frames.py`); the page sends ViewIn."""
    await socket.accept()
    core = runtime.core

    def hello() -> dict[str, Any]:
        return {
            "type": "hello",
            "beds": [bed_view(bed).model_dump() for bed in core.board.by_handle],
            "alarms": [alarm_view(entry).model_dump() for entry in core.book.listed()[:300]],
            "status": [runtime.status().model_dump()],
        }

    async def view_changed(page: Page, before: ViewIn) -> None:
        alarm_id = page.view.alarm
        if alarm_id is None or alarm_id == before.alarm:
            return
        try:
            entry = await runtime.entry(alarm_id)
        except Unavailable:
            return  # the detail request says so
        for record in entry.latest_interpretation() if entry else ():
            event = interpretation_view(record)
            page.add_change("interpretations", f"{event.escalation_id}/{event.number}", event.model_dump())

    await core.hub.serve(socket, hello, view_changed)
