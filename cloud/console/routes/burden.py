"""Burden route: what the alarms ask of the people who answer them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from cloud.console.routes.asking import RuntimeOf, database_of
from cloud.console.schemas import BurdenOut, ProblemOut

router = APIRouter(prefix="/api", tags=["alarms"])
_HOUR_NS = 3_600_000_000_000


@router.get("/burden", responses={503: {"model": ProblemOut}})
async def get_burden(runtime: RuntimeOf, hours: Annotated[float, Query(gt=0, le=31 * 24)] = 24.0) -> BurdenOut:
    """Alarms per bed and day by priority and kind, the share acknowledged, times to answer, the most alarming beds.

    Counts the alarms raised in the last hours. Needs the database.
    """
    now_ns = runtime.core.now_ns()
    return await database_of(runtime).burden(now_ns - round(hours * _HOUR_NS), now_ns)
