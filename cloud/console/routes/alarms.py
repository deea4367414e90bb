"""Alarm routes: the list, one alarm with its strip and interpretation, and what a person does to it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response

from cloud.console.alarm_book import Entry
from cloud.console.frames import HISTORY, NO_HANDLE, pack_frame, pack_strip
from cloud.console.routes.asking import ACT_REFUSED, NOT_FOUND, Actor, RuntimeOf, remote_of
from cloud.console.runtime import Runtime, entries_of
from cloud.console.schemas import (
    AcknowledgeIn,
    AlarmDetailOut,
    AlarmOut,
    AlarmState,
    JudgeIn,
    ReceiptOut,
    StripOut,
)
from cloud.console.views import alarm_view, event_view, interpretation_view, strip_view
from ecg.alarms import CommandKind

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


async def _entry(runtime: Runtime, alarm_id: str) -> Entry:
    entry = await runtime.entry(alarm_id)
    if entry is None:
        raise HTTPException(404, f"alarm {alarm_id!r} is not known")
    return entry


@router.get("")
async def list_alarms(
    runtime: RuntimeOf,
    bed: str | None = None,
    state: Annotated[list[AlarmState] | None, Query()] = None,
    priority: Annotated[list[Literal["high", "medium", "low", "technical"]] | None, Query()] = None,
    since_ms: float | None = None,
    until_ms: Annotated[float | None, Query(description="raised before; reads on into the database")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> list[AlarmOut]:
    """Alarms, most urgent first: standing before cleared, then by priority, then the youngest."""
    entries = runtime.core.book.listed()
    if until_ms is not None and runtime.history is not None:
        known = {entry.alarm.alarm_id for entry in entries}
        older = entries_of(await runtime.history.alarm_events_before(round(until_ms * 1e6), limit))
        entries += [entry for entry in older if entry.alarm.alarm_id not in known]
    views = (alarm_view(entry) for entry in entries)
    chosen = [
        view
        for view in views
        if (bed is None or view.bed == bed)
        and (not state or view.state in state)
        and (not priority or view.priority in priority)
        and (since_ms is None or view.raised_time_ms >= since_ms)
        and (until_ms is None or view.raised_time_ms < until_ms)
    ]
    return chosen[:limit]


@router.get("/{alarm_id}", responses=NOT_FOUND)
async def get_alarm(runtime: RuntimeOf, alarm_id: str) -> AlarmDetailOut:
    """One alarm with its events, its strip and what the reasoner said."""
    entry = await _entry(runtime, alarm_id)
    strip = await runtime.strip(entry)
    return AlarmDetailOut(
        alarm=alarm_view(entry),
        events=[event_view(entry.events[number]) for number in sorted(entry.events)],
        interpretation=[interpretation_view(record) for record in entry.latest_interpretation()],
        strip=strip_view(entry.alarm.condition.stream_id, strip) if strip else None,
    )


@router.get("/{alarm_id}/strip", responses={**NOT_FOUND, 200: {"content": {"application/octet-stream": {}}}})
async def get_strip(
    runtime: RuntimeOf,
    alarm_id: str,
    as_format: Annotated[
        Literal["json", "frame"], Query(alias="format", description="frame: cloud/console/frames.py")
    ] = "json",
) -> StripOut:
    """The strip stored with an alarm: at least 10 s before its onset where the signal was there.

    Where no signal is stored, JSON is a 404 and a frame has no strips.
    """
    entry = await _entry(runtime, alarm_id)
    strip = await runtime.strip(entry)
    if as_format == "frame":
        bed = runtime.core.board.beds.get(entry.alarm.condition.stream_id)
        handle = bed.handle if bed else NO_HANDLE
        frame = pack_frame([] if strip is None else [pack_strip(strip, handle, HISTORY)])
        return Response(frame, media_type="application/octet-stream")  # type: ignore[return-value]
    if strip is None:
        raise HTTPException(404, f"no signal is stored for alarm {alarm_id!r}")
    return strip_view(entry.alarm.condition.stream_id, strip)


async def _act(
    runtime: Runtime, request: Request, alarm_id: str, kind: CommandKind, user: str, comment: str
) -> ReceiptOut:
    entry = await _entry(runtime, alarm_id)
    receipt = await runtime.desk.submit(entry.alarm, kind, user, comment, runtime.core.now_ns(), remote_of(request))
    return ReceiptOut(
        command_id=receipt.command_id, stored=receipt.stored, published=receipt.published, alarm=alarm_view(entry)
    )


@router.post("/{alarm_id}/acknowledge", responses=ACT_REFUSED)
async def acknowledge(
    runtime: RuntimeOf, request: Request, alarm_id: str, user: Actor, body: AcknowledgeIn | None = None
) -> ReceiptOut:
    """Acknowledges an alarm; a second time changes nothing. The state changes when the stream has said so."""
    comment = body.comment if body else ""
    return await _act(runtime, request, alarm_id, CommandKind.ACKNOWLEDGE, user, comment)


@router.post("/{alarm_id}/pause", responses=ACT_REFUSED)
async def pause(
    runtime: RuntimeOf, request: Request, alarm_id: str, user: Actor, body: AcknowledgeIn | None = None
) -> ReceiptOut:
    """Silences an alarm for two minutes; it sounds again if the condition persists."""
    comment = body.comment if body else ""
    return await _act(runtime, request, alarm_id, CommandKind.AUDIO_PAUSE, user, comment)


@router.post("/{alarm_id}/judge", responses=ACT_REFUSED)
async def judge(runtime: RuntimeOf, request: Request, alarm_id: str, user: Actor, body: JudgeIn) -> ReceiptOut:
    """Says whether an alarm was true or false: the answer goes into the next training set."""
    kind = CommandKind.JUDGE_TRUE if body.verdict == "true" else CommandKind.JUDGE_FALSE
    return await _act(runtime, request, alarm_id, kind, user, body.comment)
