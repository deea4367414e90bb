"""Chains of alarms: which condition says all that another one would, and what waits under it.

A ventricular tachycardia is fast and is a run: the nurse is told of the tachycardia alone. Flutter says what makes the
beats irregular or fast. The conditions themselves are reported as ever; only no alarm is raised of one while a graver one
of its chain is alarmed and goes on. When that ends and the lesser one has not within UNCOVER_NS, it is raised. Owned by the
alarm cycle, which asks. Must not import it.

Source: the alarm chains of bedside monitors, where within a chain the gravest alone is announced (CLINICAL.md section 2).
"""

from __future__ import annotations

from collections.abc import Callable

from ecg.alarm_tracking import order
from ecg.conditions import ConditionCode, ConditionEvent, Origin

_C = ConditionCode
_VENTRICULAR = (_C.VFB, _C.VTA)
#: Per condition, those that say as much and more. None of the five stands under one that is not among them.
SUPERIORS: dict[ConditionCode, tuple[ConditionCode, ...]] = {
    _C.VTA: (_C.VFB,),
    _C.ETC: _VENTRICULAR,
    _C.TACHY: (*_VENTRICULAR, _C.ETC),
    _C.SVT: (*_VENTRICULAR, _C.ETC, _C.AFLT),
    _C.SVE_RUN: (*_VENTRICULAR, _C.SVT, _C.AFLT),
    _C.AFIB: (_C.AFLT,),
    _C.RUN: _VENTRICULAR,
    _C.AIVR: _VENTRICULAR,
    _C.COUPLET: _VENTRICULAR,
    _C.PVC_RATE: _VENTRICULAR,
    _C.EBR: (_C.ASY,),
    _C.BRADY: (_C.ASY, _C.EBR),
    _C.PAUSE: (_C.ASY,),
}


#: A condition under a graver one that ended has so long to end too: rates are means over many beats.
UNCOVER_NS = 5_000_000_000


class Covered:
    """The last reports of conditions that stand under a graver one; each origin's only moves forward."""

    def __init__(self) -> None:
        self._reports: dict[tuple[str, ConditionCode, Origin], ConditionEvent] = {}
        self._under_at_ns: dict[tuple[str, ConditionCode], int] = {}

    def keep(self, event: ConditionEvent, now_ns: int) -> None:
        """Takes up a report; one that was overtaken changes nothing."""
        key = (event.stream_id, event.condition.code, event.origin)
        known = self._reports.get(key)
        if known is None or order(event) > order(known):
            self._reports[key] = event
        self._under_at_ns.setdefault(key[:2], now_ns)

    def knows(self, stream_id: str, code: ConditionCode) -> bool:
        """Whether the condition stands, or stood just now, under a graver one."""
        return (stream_id, code) in self._under_at_ns

    def due(self, graver: Callable[[str, ConditionCode], bool], now_ns: int) -> list[ConditionEvent]:
        """Takes out what is no longer under a graver condition, and returns those reports that are active.

        Args:
            graver: Whether a graver condition of the chain is alarmed and goes on.
            now_ns: The time.
        """
        out: list[ConditionEvent] = []
        for (stream_id, code), under_ns in list(self._under_at_ns.items()):
            if graver(stream_id, code):
                self._under_at_ns[stream_id, code] = now_ns
            elif now_ns - under_ns >= UNCOVER_NS:
                out += [report for report in self.drop(stream_id, code) if report.condition.active]
        return out

    def drop(self, stream_id: str, code: ConditionCode) -> list[ConditionEvent]:
        """Forgets a condition; returns what was known of it."""
        self._under_at_ns.pop((stream_id, code), None)
        return [self._reports.pop(key) for key in list(self._reports) if key[:2] == (stream_id, code)]

    def lose(self, stream_id: str, code: ConditionCode | None, origin: Origin | None, before_epoch: int | None) -> None:
        """Nobody will report the end of these; None stands for all."""
        for key, report in list(self._reports.items()):
            old = before_epoch is None or report.epoch < before_epoch
            if key[0] == stream_id and code in (None, key[1]) and origin in (None, key[2]) and old:
                del self._reports[key]
