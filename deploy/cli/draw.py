"""Draws a window as an ECG printout: 25 mm/s, 10 mm/mV, grid, calibration pulse, beats by class, measurements, findings.

Owns the layout on paper; everything is placed in millimetres. Must not read recordings or measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ecg.beats.beat import Beat, BeatClass
from ecg.lead_geometry import STANDARD_LEADS
from ecg.measurements.leads import canonical
from ecg.measurements.measurement import MeasurementTable
from ecg.windows import Window

FloatArray = NDArray[np.float64]

MM_PER_S, MM_PER_MV = 25.0, 10.0
_MM_PER_INCH, _DPI = 25.4, 160
# Heights of lines and the pulse's width are whole 5 mm squares.
_MARGIN_MM, _HEADER_MM, _FOOTER_MM, _PULSE_MM = 8.0, 24.0, 9.0, 15.0
#: Band above a line where the beats' classes stand.
_GUTTER_MM = 5.0
_LINE_S = 10.0
#: A trace may run into its neighbours, as on paper; only an artefact goes further than 4.5 mV.
_TALLEST_MM = 45.0
_PAPER, _FINE, _COARSE, _INK = "#fffaf8", "#f6d5cf", "#e9a79d", "#101418"
_BEAT_INK = {
    BeatClass.VENTRICULAR: "#c4001a",
    BeatClass.FUSION: "#c4001a",
    BeatClass.SUPRAVENTRICULAR: "#0050b8",
    BeatClass.PACED: "#7a3fb0",
}
#: Printed layout of 12 leads: three rows of four, 2.5 s each.
_GRID = (("I", "aVR", "V1", "V4"), ("II", "aVL", "V2", "V5"), ("III", "aVF", "V3", "V6"))
#: What the header prints, in this order.
_HEADLINE = (
    ("heart_rate", "Rate"),
    ("pr_interval", "PR"),
    ("qrs_duration", "QRS"),
    ("qt_interval", "QT"),
    ("qtc_bazett", "QTc (Bazett)"),
)


@dataclass(frozen=True, slots=True)
class _Strip:
    """One piece of one lead on one line: which samples, and where on the paper it starts."""

    row: int
    label: str
    first_s: float
    last_s: float
    x_mm: float
    line: int
    marks_beats: bool


@dataclass(frozen=True, slots=True)
class _Track:
    """The room of one line, in mm: beats' letters on top, then what is above and below its middle."""

    gutter_mm: float
    above_mm: float
    below_mm: float

    @property
    def height_mm(self) -> float:
        return self.gutter_mm + self.above_mm + self.below_mm


def draw_strip(
    window: Window, beats: Sequence[Beat], measurements: MeasurementTable, findings: Sequence[str], path: Path
) -> None:
    """Draws a window to a PNG file.

    Args:
        window: Any leads. 12 standard leads are printed 3 x 4 over a rhythm strip of lead II (the first 10 s); others
            one below the other in lines of 10 s.
        beats: Samples counted from the window's first.
        measurements: For the header.
        findings: One line of text each.
        path: File to write.
    """
    strips, pitch_mm = _layout(window)
    width = 2 * _MARGIN_MM + _PULSE_MM + MM_PER_S * _LINE_S
    signal = _centred(window)
    tracks = _tracks(signal, window.fs_hz, strips, pitch_mm)
    height = _HEADER_MM + sum(track.height_mm for track in tracks) + _FOOTER_MM
    figure = Figure(figsize=(width / _MM_PER_INCH, height / _MM_PER_INCH), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    bottom, top = _FOOTER_MM, height - _HEADER_MM
    _draw_grid(axes, width, bottom, top)
    middles, letters, y = [], [], top
    for track in tracks:
        letters.append(y - 0.5 * _GUTTER_MM)
        middles.append(y - track.gutter_mm - track.above_mm)
        y -= track.height_mm
    for middle in middles:
        _draw_pulse(axes, middle)
    for strip in strips:
        _draw_lead(axes, signal[strip.row], window.fs_hz, strip, middles[strip.line], pitch_mm)
        if strip.marks_beats:
            _draw_beats(axes, beats, window.fs_hz, strip, letters[strip.line])
    _draw_header(axes, window, measurements, findings, width, height)
    _draw_footer(axes, window, strips, width)
    figure.savefig(path, format="png", facecolor=_PAPER)


def _layout(window: Window) -> tuple[list[_Strip], float]:
    """Strips and the height of a line in mm."""
    names = canonical(window.lead_names)
    left = _MARGIN_MM + _PULSE_MM
    if set(STANDARD_LEADS) <= set(names):
        column_s = _LINE_S / 4
        strips = []
        for line, leads in enumerate(_GRID):
            for column, lead in enumerate(leads):
                first = column * column_s
                x = left + first * MM_PER_S
                strips.append(_Strip(names.index(lead), lead, first, first + column_s, x, line, False))
        strips.append(_Strip(names.index("II"), "II", 0.0, _LINE_S, left, 3, True))
        return strips, 35.0
    n_lines = max(1, int(np.ceil(window.duration_s / _LINE_S - 1e-6)))
    strips = [
        _Strip(row, name, k * _LINE_S, (k + 1) * _LINE_S, left, k * len(names) + row, row == 0)
        for k in range(n_lines)
        for row, name in enumerate(window.lead_names)
    ]
    return strips, 35.0 if len(strips) <= 6 else 30.0


def _tracks(signal_mv: FloatArray, fs_hz: float, strips: Sequence[_Strip], pitch_mm: float) -> list[_Track]:
    """Room for each line. A trace may run into its neighbours, but into no letters: those lines get what it takes."""
    n_lines = 1 + max(strip.line for strip in strips)
    above, below = np.zeros(n_lines), np.zeros(n_lines)
    for strip in strips:
        course = signal_mv[strip.row, round(strip.first_s * fs_hz) : round(strip.last_s * fs_hz)]
        seen = np.clip(course[np.isfinite(course)] * MM_PER_MV, -_TALLEST_MM, _TALLEST_MM)
        if len(seen):
            above[strip.line] = max(above[strip.line], seen.max())
            below[strip.line] = max(below[strip.line], -seen.min())
    lettered = {strip.line for strip in strips if strip.marks_beats}

    def room(reach_mm: float) -> float:
        whole = 5.0 * float(np.ceil((reach_mm - pitch_mm / 2) / 5.0))  # grows by whole squares of the grid
        return pitch_mm / 2 + max(0.0, whole)

    return [
        _Track(
            _GUTTER_MM if line in lettered else 0.0,
            room(above[line] if line in lettered else 0.0),
            room(below[line] if line + 1 in lettered else 0.0),
        )
        for line in range(n_lines)
    ]


def _draw_grid(axes: Axes, width: float, bottom: float, top: float) -> None:
    """1 mm and 5 mm squares, aligned with the left margin."""
    for step, ink, weight in ((1.0, _FINE, 0.35), (5.0, _COARSE, 0.6)):
        x = np.arange(_MARGIN_MM, width - _MARGIN_MM + 1e-6, step)
        y = np.arange(bottom, top + 1e-6, step)
        across = [((_MARGIN_MM, at), (x[-1], at)) for at in y]
        down = [((at, bottom), (at, y[-1])) for at in x]
        axes.add_collection(LineCollection(across + down, colors=ink, linewidths=weight, zorder=1))


def _draw_pulse(axes: Axes, middle: float) -> None:
    """1 mV for 200 ms, with its feet."""
    x = _MARGIN_MM + np.array([2.0, 5.0, 5.0, 10.0, 10.0, 13.0])
    y = middle + np.array([0, 0, MM_PER_MV, MM_PER_MV, 0, 0])
    axes.plot(x, y, color=_INK, linewidth=0.9, solid_joinstyle="miter", zorder=3)


def _draw_lead(axes: Axes, lead_mv: FloatArray, fs_hz: float, strip: _Strip, middle: float, pitch_mm: float) -> None:
    first, last = round(strip.first_s * fs_hz), min(round(strip.last_s * fs_hz), len(lead_mv))
    course = lead_mv[first:last]
    x = strip.x_mm + np.arange(len(course)) / fs_hz * MM_PER_S
    y = middle + np.clip(course * MM_PER_MV, -_TALLEST_MM, _TALLEST_MM)
    axes.plot(x, y, color=_INK, linewidth=0.75, solid_joinstyle="round", zorder=3)
    end_x = strip.x_mm + (strip.last_s - strip.first_s) * MM_PER_S
    if not np.isfinite(course).any():
        axes.text((strip.x_mm + end_x) / 2, middle, "no signal", ha="center", va="center", fontsize=8, color="#8a1020")
    label_x = _MARGIN_MM + 2.0
    if strip.x_mm > _MARGIN_MM + _PULSE_MM + 1:  # where one lead gives way to the next
        label_x = strip.x_mm + 1.2
        axes.plot([strip.x_mm, strip.x_mm], [middle - 3, middle + 3], color=_INK, linewidth=0.7, zorder=3)
    axes.text(label_x, middle + 0.35 * pitch_mm, strip.label, fontsize=9, weight="bold", color=_INK, zorder=4)


def _draw_beats(axes: Axes, beats: Sequence[Beat], fs_hz: float, strip: _Strip, y: float) -> None:
    for beat in beats:
        at_s = beat.sample / fs_hz
        if strip.first_s <= at_s < strip.last_s:
            x = strip.x_mm + (at_s - strip.first_s) * MM_PER_S
            ink = _BEAT_INK.get(beat.label, "#6b6f76")
            axes.text(x, y, beat.label.value, ha="center", va="center", fontsize=7.5, color=ink, zorder=5)


def _draw_header(
    axes: Axes, window: Window, table: MeasurementTable, findings: Sequence[str], width: float, height: float
) -> None:
    words = []
    for name, label in _HEADLINE:
        row = table.get(name)
        words.append(f"{label} {row.value:.0f} {row.unit}" if row.value is not None else f"{label} –")
    axis = [table.get(name) for name in ("p_axis", "qrs_axis", "t_axis")]
    words.append("P-QRS-T axis " + " / ".join("–" if a.value is None else f"{a.value:.0f}°" for a in axis))
    y = height - 7.5
    start_s = window.first_sample / window.fs_hz
    where = f"{window.stream_id}   {start_s:g} – {start_s + window.duration_s:g} s"
    axes.text(_MARGIN_MM, y, where, fontsize=10, weight="bold", color=_INK, va="center")
    axes.text(width - _MARGIN_MM, y, "   ".join(words), fontsize=9, color=_INK, va="center", ha="right")
    for k, line in enumerate(_wrapped([finding for finding in findings if finding], 165, 2)):
        axes.text(_MARGIN_MM, y - 6.5 - 5.2 * k, line, fontsize=9, color=_INK, va="center")


def _wrapped(findings: Sequence[str], width: int, most: int) -> list[str]:
    """Findings joined by semicolons on at most so many lines."""
    lines = [""]
    for finding in findings:
        piece = finding if not lines[-1] else f"; {finding}"
        if len(lines[-1]) + len(piece) > width and lines[-1]:
            lines.append(finding)
        else:
            lines[-1] += piece
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1][: width - 2]} …"]
    return lines


def _draw_footer(axes: Axes, window: Window, strips: Sequence[_Strip], width: float) -> None:
    drawn_s = max(strip.last_s for strip in strips)
    part = f"   first {drawn_s:g} s of {window.duration_s:g} s" if drawn_s < window.duration_s - 0.05 else ""
    text = f"25 mm/s   10 mm/mV   {window.fs_hz:g} Hz   median of each lead removed{part}"
    axes.text(_MARGIN_MM, 4.5, text, fontsize=7.5, color=_INK, va="center")
    notice = "Vigil · research software, a second reader: never the sole source of a diagnosis or an alarm"
    axes.text(width - _MARGIN_MM, 4.5, notice, fontsize=7.5, color=_INK, va="center", ha="right")


def _centred(window: Window) -> FloatArray:
    """(n_leads, n) mV about the median of each lead, NaN kept."""
    x = np.asarray(window.signal_mv, dtype=np.float64)
    centred = x.copy()
    for row in centred:
        seen = np.isfinite(row)
        if seen.any():
            row -= np.median(row[seen])
    return centred
