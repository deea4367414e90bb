"""Single beats of a window for chain questions: where their waves are, and values measured in one of them.

Owns the reading of the delineation beat by beat. Must not know questions or answers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg.delineation.delineate import Marks, mark
from ecg.measurements.measurement import MeasurementTable
from ecg.protocol.quantities import quantity
from ecg.windows import Window
from training.evaluation.chain_questions import TimeRange

Array = NDArray[np.float64]
_P_ON, _P_OFF, _QRS_ON, _R, _QRS_OFF, _T_ON, _T_OFF = 0, 2, 3, 4, 5, 6, 8
_SPANS = {"P": (_P_ON, _P_OFF), "QRS": (_QRS_ON, _QRS_OFF), "T": (_T_ON, _T_OFF), "ST-T": (_QRS_OFF, _T_OFF)}
#: A beat this much earlier than the median of the RR intervals is premature (as ecg.measurements counts them).
_EARLY = 0.85


class BeatReader:
    """The beats of one window."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._rows = {lead: row for row, lead in enumerate(window.lead_names)}
        self._marks: Marks = mark(window.signal_mv, window.fs_hz)
        self._at_s: Array = self._marks.beats_ms / 1000.0

    @property
    def count(self) -> int:
        """Beats found."""
        return int(self._at_s.size)

    def best_overlap(self, when: TimeRange, kind: str, leads: Sequence[str]) -> tuple[float, int | None]:
        """How well a time range meets a wave of a kind, and the beat it belongs to.

        Args:
            when: The range.
            kind: P, QRS, T, ST-T, premature (QRS of an early beat) or blocked (P without QRS).
            leads: Leads to look at; all where empty.

        Returns:
            Intersection over union (0 and below: the distance in s, negative), and the index of the beat.
        """
        if kind == "blocked":
            return self._blocked(when)
        spans = self._spans(_SPANS["QRS" if kind == "premature" else kind], leads)
        best, index = -np.inf, None
        early = self.premature()
        for beat, (start, end) in enumerate(spans):
            if not np.isfinite(start) or not np.isfinite(end) or end <= start:
                continue
            if kind == "premature" and beat not in early:
                continue
            score = when.overlap(start, end) or -abs((when.start_s + when.end_s - start - end) / 2)
            if score > best:
                best, index = score, beat
        if kind == "premature" and index is None:
            return self._earliest(when)
        return best, index

    def premature(self) -> set[int]:
        """Indices of beats that come early."""
        if self.count < 3:
            return set()
        rr = np.diff(self._at_s)
        usual = float(np.median(rr))
        return {int(beat) + 1 for beat in np.flatnonzero(rr < _EARLY * usual)}

    def rr_s(self, first: int, second: int) -> float:
        """Seconds between two beats; -inf where one is not there."""
        if not (0 <= first < self.count and 0 <= second < self.count):
            return -np.inf
        return float(self._at_s[second] - self._at_s[first])

    def index_at(self, when: TimeRange) -> int:
        """The beat nearest to a time range."""
        return int(np.argmin(np.abs(self._at_s - (when.start_s + when.end_s) / 2))) if self.count else 0

    def value(self, name: str, beat: int | None, lead: str | None, table: MeasurementTable) -> float:
        """A quantity in one beat; the window's value where it is not of a beat, or cannot be had there."""
        if beat is not None:
            own = self._of_beat(name, beat, lead)
            if own is not None and np.isfinite(own):
                return own
        rows = (quantity(table, name, lead), quantity(table, name))
        return next((row.value for row in rows if row.value is not None), 0.0)

    def _of_beat(self, name: str, beat: int, lead: str | None) -> float | None:
        marks = self._marks.marks_ms[:, beat]
        if name == "qrs_duration":
            return float(np.nanmax(marks[:, _QRS_OFF]) - np.nanmin(marks[:, _QRS_ON]))
        if name == "pr_interval":
            return float(np.nanmin(marks[:, _QRS_ON]) - np.nanmin(marks[:, _P_ON]))
        if name in ("r_amplitude", "s_depth") and lead in self._rows:
            return self._deflection(beat, self._rows[lead], up=name == "r_amplitude")
        return None

    def _deflection(self, beat: int, row: int, *, up: bool) -> float | None:
        """Height or depth of the QRS from the level at its onset, mV."""
        on, off = (self._marks.marks_ms[:, beat, column] for column in (_QRS_ON, _QRS_OFF))
        start, end = np.nanmin(on), np.nanmax(off)
        if not np.isfinite(start + end):
            return None
        fs = self._window.fs_hz / 1000.0
        qrs = self._window.signal_mv[row, max(0, int(start * fs)) : int(end * fs) + 1].astype(np.float64)
        if qrs.size == 0:
            return None
        level = float(np.mean(qrs[: max(1, round(4 * fs))]))
        return max(0.0, float(qrs.max()) - level if up else level - float(qrs.min()))

    def _spans(self, columns: tuple[int, int], leads: Sequence[str]) -> Array:
        """(n_beats, 2) s: the median over leads of a wave's ends."""
        rows = [self._rows[lead] for lead in leads if lead in self._rows] or list(self._rows.values())
        marks = self._marks.marks_ms[rows][:, :, list(columns)] / 1000.0
        out = np.full((self.count, 2), np.nan)
        for beat in range(self.count):
            for end in range(2):
                seen = marks[:, beat, end][np.isfinite(marks[:, beat, end])]
                if seen.size:
                    out[beat, end] = np.median(seen)
        return out

    def _blocked(self, when: TimeRange) -> tuple[float, int | None]:
        """How well a time range meets a P wave that stands before no QRS; failing that, any P wave."""
        own = self._marks.marks_ms[:, :, _P_ON]
        best = -np.inf
        for row, waves in enumerate(self._marks.waves_ms[0]):
            for on, _, off, _ in waves:
                conducted = bool(np.nanmin(np.abs(own[row] - on), initial=np.inf) < 1.0)
                share = when.overlap(on / 1000.0, off / 1000.0)
                best = max(best, share * (0.5 if conducted else 1.0))
        return best, None

    def _earliest(self, when: TimeRange) -> tuple[float, int | None]:
        """No beat is early enough to be called so: the range whose beat comes soonest after its predecessor."""
        index = self.index_at(when)
        if self.count < 3 or index == 0 or abs(self._at_s[index] - (when.start_s + when.end_s) / 2) > 0.1:
            return -np.inf, None
        return -float(self._at_s[index] - self._at_s[index - 1]), index
