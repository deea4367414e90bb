"""Trend: heart rate of one bed over the last hours, one point every few seconds, in fixed memory."""

from __future__ import annotations

import math
from array import array

#: One point in 5 s for 2 h.
SPACING_S = 5.0
POINTS = 1440


class HeartRateTrend:
    """A ring of (time, heart rate); NaN where the rate was not measurable."""

    __slots__ = ("_bpm", "_next", "_time_s")

    def __init__(self) -> None:
        self._time_s = array("d")
        self._bpm = array("f")
        self._next = 0

    def add(self, time_s: float, bpm: float | None) -> None:
        """Takes a point where the last is SPACING_S old or more."""
        if self._time_s and time_s < self._time_s[self._next - 1] + SPACING_S:
            return
        value = math.nan if bpm is None else bpm
        if len(self._time_s) < POINTS:
            self._time_s.append(time_s)
            self._bpm.append(value)
            self._next = len(self._time_s) % POINTS
        else:
            self._time_s[self._next], self._bpm[self._next] = time_s, value
            self._next = (self._next + 1) % POINTS

    def points(self) -> tuple[list[float], list[float | None]]:
        """Times (UTC s) and rates (bpm, None where not measurable), oldest first."""
        cut = self._next if len(self._time_s) == POINTS else 0
        times = list(self._time_s[cut:]) + list(self._time_s[:cut])
        rates = list(self._bpm[cut:]) + list(self._bpm[:cut])
        return times, [None if math.isnan(bpm) else round(bpm, 1) for bpm in rates]
