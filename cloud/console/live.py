"""Live pages: what each connected page looks at, and what is waiting to be sent to it.

State changes are merged per page (the last word on a bed or an alarm replaces the one before), so that a slow page
never holds more than one of each; strips are dropped, oldest first, when a page cannot take them, and counted. Only
beds that a page shows are unpacked. Must not import Kafka or the database.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import anyio
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from cloud.console.alarm_book import Entry
from cloud.console.bed_board import Arrival, Bed, BedBoard
from cloud.console.frames import MAX_STRIPS, pack_frame
from cloud.console.latency import Telemetry
from cloud.console.schemas import InterpretationEventOut, StatusOut, ViewIn
from cloud.console.views import alarm_view, bed_view, vitals_view
from vigil.v1 import signal_pb2

#: Changes are gathered this long before they are sent: 20 messages a second at most.
_GATHER_S = 0.05
_SEND_TIMEOUT_S = 10.0
#: What may wait for one page: about 20 s of 48 beds.
_MAX_WAITING_BYTES = 2 * 1024 * 1024


class Page:
    """One connected page.

    Args:
        socket: Its connection, accepted.
        telemetry: Counts dropped strips.
    """

    def __init__(self, socket: WebSocket, telemetry: Telemetry) -> None:
        self.view = ViewIn(type="view")
        self._socket = socket
        self._telemetry = telemetry
        self._strips: list[bytes] = []
        self._waiting_bytes = 0
        self._changes: dict[str, dict[str, Any]] = defaultdict(dict)
        self._wake = asyncio.Event()

    def add_strip(self, strip: bytes) -> None:
        """Queues one packed strip."""
        self._strips.append(strip)
        self._waiting_bytes += len(strip)
        while self._waiting_bytes > _MAX_WAITING_BYTES:
            self._waiting_bytes -= len(self._strips.pop(0))
            self._telemetry.dropped_strips.inc()
        self._wake.set()

    def add_change(self, section: str, key: str, value: Any) -> None:
        """Queues one change; a later one of the same key replaces it."""
        self._changes[section][key] = value
        self._wake.set()

    async def send_until_closed(self) -> None:
        """Sends what waits, until the page has gone or takes longer than _SEND_TIMEOUT_S for one message."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER_S)
            self._wake.clear()
            strips, self._strips, self._waiting_bytes = self._strips, [], 0
            changes, self._changes = self._changes, defaultdict(dict)
            with anyio.fail_after(_SEND_TIMEOUT_S):
                if changes:
                    state: dict[str, Any] = {section: list(parts.values()) for section, parts in changes.items()}
                    state["type"] = "state"
                    await self._socket.send_text(json.dumps(state, separators=(",", ":")))
                for start in range(0, len(strips), MAX_STRIPS):
                    await self._socket.send_bytes(pack_frame(strips[start : start + MAX_STRIPS]))


class LiveHub:
    """All connected pages.

    Args:
        board: The beds.
        telemetry: Counters.
    """

    def __init__(self, board: BedBoard, telemetry: Telemetry) -> None:
        self._board = board
        self._telemetry = telemetry
        self._pages: set[Page] = set()
        self._watchers: dict[str, list[Page]] = {}

    @property
    def pages(self) -> int:
        """Pages connected."""
        return len(self._pages)

    async def serve(self, socket: WebSocket, hello: Callable[[], dict[str, Any]], view_changed: ViewChanged) -> None:
        """Serves one accepted connection until it ends.

        Args:
            socket: The connection.
            hello: Makes the first message, the whole state.
            view_changed: Called with the page after it said what it looks at.
        """
        page = Page(socket, self._telemetry)
        await socket.send_text(json.dumps(hello(), separators=(",", ":")))
        self._pages.add(page)
        self._telemetry.clients.set(len(self._pages))
        closing: list[tuple[int, str]] = []

        async def send() -> None:
            try:
                await page.send_until_closed()
            except TimeoutError:
                closing.append((1013, "this page takes its messages too slowly"))
            except (WebSocketDisconnect, RuntimeError):
                pass  # it has gone; the receiving side sees it too
            group.cancel_scope.cancel()

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(send)
                try:
                    await self._receive(socket, page, view_changed)
                except WebSocketDisconnect:
                    pass
                except ValueError as error:
                    closing.append((1008, str(error)[:120]))
                group.cancel_scope.cancel()
        finally:
            self._pages.discard(page)
            self._telemetry.clients.set(len(self._pages))
            self._rebuild_watchers()
        for code, reason in closing[:1]:
            await socket.close(code, reason)

    async def _receive(self, socket: WebSocket, page: Page, view_changed: ViewChanged) -> None:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1000))
            text = message.get("text")
            if text is None:
                raise ValueError("a text message was expected, these are bytes")
            before = page.view
            page.view = _parse_view(text)
            self._rebuild_watchers()
            self._send_what_is_new(page, before)
            await view_changed(page, before)

    def _send_what_is_new(self, page: Page, before: ViewIn) -> None:
        """The last seconds and the numbers of beds that come into view."""
        fuller = page.view.leads > before.leads
        for stream_id in _shown(page.view):
            bed = self._board.beds.get(stream_id)
            newly_focused = stream_id == page.view.focus and stream_id != before.focus
            if bed is None or (stream_id in _shown(before) and not newly_focused and not fuller):
                continue
            for strip in self._board.pack_recent(bed, _leads_for(page, stream_id)):
                page.add_strip(strip)
            if bed.vitals is not None:
                page.add_change("vitals", stream_id, vitals_view(bed.vitals).model_dump())

    def _rebuild_watchers(self) -> None:
        watchers: dict[str, list[Page]] = {}
        for page in self._pages:
            for stream_id in _shown(page.view):
                watchers.setdefault(stream_id, []).append(page)
        self._watchers = watchers

    # What comes in

    def on_arrival(self, arrival: Arrival) -> None:
        """Hands new signal to the pages that show the bed; each number of leads is packed once."""
        for bed in arrival.new_beds:
            self.on_bed(bed)
        if not self._watchers:
            return
        for bed, message in arrival.segments:
            pages = self._watchers.get(bed.stream_id)
            if pages:
                self._hand_out(bed, message, pages)

    def _hand_out(self, bed: Bed, message: signal_pb2.Segment, pages: list[Page]) -> None:
        packed: dict[int | None, bytes | None] = {}
        for page in pages:
            n_leads = _leads_for(page, bed.stream_id)
            if n_leads not in packed:
                packed[n_leads] = self._board.pack(bed, message, n_leads)
            strip = packed[n_leads]
            if strip is not None:
                page.add_strip(strip)

    def on_vitals(self, beds: Iterable[Bed]) -> None:
        """Hands new numbers to the pages that show the bed."""
        for bed in beds:
            pages = self._watchers.get(bed.stream_id)
            if pages and bed.vitals is not None:
                view = vitals_view(bed.vitals).model_dump()
                for page in pages:
                    page.add_change("vitals", bed.stream_id, view)

    def on_bed(self, bed: Bed) -> None:
        """Tells every page of a new bed or of a change in its device's state."""
        if self._pages:
            self._tell_all("beds", bed.stream_id, bed_view(bed).model_dump())

    def on_alarm(self, entry: Entry) -> None:
        """Tells every page of an alarm's new state."""
        if self._pages:
            self._tell_all("alarms", entry.alarm.alarm_id, alarm_view(entry).model_dump())

    def on_interpretation(self, event: InterpretationEventOut) -> None:
        """Hands one more event of an interpretation to the pages that show the alarm."""
        for page in self._pages:
            if page.view.alarm == event.alarm_id:
                page.add_change("interpretations", f"{event.escalation_id}/{event.number}", event.model_dump())

    def on_status(self, status: StatusOut) -> None:
        """Tells every page how the console is; it also shows that the connection lives."""
        self._tell_all("status", "status", status.model_dump())

    def _tell_all(self, section: str, key: str, value: Any) -> None:
        for page in self._pages:
            page.add_change(section, key, value)


ViewChanged = Callable[[Page, ViewIn], Any]


def _parse_view(text: str) -> ViewIn:
    try:
        return ViewIn.model_validate_json(text)
    except ValueError as error:
        errors = getattr(error, "errors", None)
        first = errors()[0] if callable(errors) else {"loc": (), "msg": str(error)}
        raise ValueError(f"view message: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _shown(view: ViewIn) -> set[str]:
    return set(view.beds) | ({view.focus} if view.focus else set())


def _leads_for(page: Page, stream_id: str) -> int | None:
    """Leads the page wants of a bed: None, all of them, for the bed in focus."""
    return None if stream_id == page.view.focus else page.view.leads
