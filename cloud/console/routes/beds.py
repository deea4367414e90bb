"""Bed routes: every bed as it is now, its last seconds of signal, its heart rate trend, and the loss ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

from cloud.console.bed_board import Bed
from cloud.console.routes.asking import NOT_FOUND, RuntimeOf
from cloud.console.runtime import Runtime
from cloud.console.schemas import BedStatusOut, LedgerOut, LedgerRowOut, StripOut, TrendOut
from cloud.console.strips import StripRange, assemble
from cloud.console.views import alarm_view, bed_view, strip_view, vitals_view

router = APIRouter(prefix="/api", tags=["beds"])


def _bed(runtime: Runtime, stream_id: str) -> Bed:
    bed = runtime.core.board.beds.get(stream_id)
    if bed is None:
        raise HTTPException(404, f"bed {stream_id!r} is not known")
    return bed


@router.get("/beds")
async def list_beds(runtime: RuntimeOf) -> list[BedStatusOut]:
    """Every bed, in the order they were first seen."""
    core = runtime.core
    urgent = core.urgent_by_bed()
    beds = []
    for bed in core.board.by_handle:
        age_s = core.signal_age_s(bed)
        entry = urgent.get(bed.stream_id)
        beds.append(
            BedStatusOut(
                **bed_view(bed).model_dump(),
                signal_age_s=None if age_s is None else round(age_s, 3),
                signal_time_ms=bed.signal_time_ns / 1e6 if bed.signal_time_ns else None,
                vitals=vitals_view(bed.vitals) if bed.vitals is not None else None,
                alarm=alarm_view(entry) if entry else None,
            )
        )
    return beds


@router.get("/beds/{stream_id}/strip", responses=NOT_FOUND)
async def bed_strip(
    runtime: RuntimeOf, stream_id: str, seconds: Annotated[float, Query(gt=0, le=60)] = 10.0
) -> StripOut:
    """The last seconds of a bed's signal, every lead, in millivolts."""
    bed = _bed(runtime, stream_id)
    if not bed.recent:
        raise HTTPException(404, f"bed {stream_id!r} has sent no signal")
    newest = bed.recent[-1]
    end = newest.first_sample + newest.n_samples
    first = max(0, end - round(seconds * newest.fs_hz))
    wanted = StripRange(stream_id, newest.epoch, first, end, 0, 0)
    strip = assemble(runtime.core.board.segments_between(stream_id, newest.epoch, first, end), wanted)
    if strip is None:
        raise HTTPException(404, f"the signal of bed {stream_id!r} cannot be used: {bed.rejected}")
    return strip_view(stream_id, strip)


@router.get("/beds/{stream_id}/trend", responses=NOT_FOUND)
async def bed_trend(runtime: RuntimeOf, stream_id: str) -> TrendOut:
    """Heart rate of a bed over the last hours."""
    time_s, bpm = _bed(runtime, stream_id).trend.points()
    return TrendOut(time_s=time_s, heart_rate_bpm=bpm)


@router.get("/ledger")
async def ledger(runtime: RuntimeOf) -> LedgerOut:
    """Where every sequence number is: the database's ledger where there is one, else what this console counted."""
    if runtime.history is not None:
        rows = [LedgerRowOut.model_validate(row) for row in await runtime.history.ledger()]
        return LedgerOut(source="database", rows=rows)
    rows = [
        LedgerRowOut.model_validate(
            {
                "stream_id": bed.stream_id,
                "epoch": bed.sequence.epoch,
                "first_seq": bed.sequence.first_seq,
                "next_seq": bed.sequence.next_seq,
                "received": bed.sequence.received,
                "missing": bed.sequence.missing_count,
                "missing_ranges": bed.sequence.missing,
                "duplicates": bed.sequence.duplicates,
            }
        )
        for bed in runtime.core.board.by_handle
    ]
    return LedgerOut(source="console", rows=rows)
