"""The printout: to scale, with beats by class, for any leads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deploy.cli.draw import draw_strip
from ecg.beats.beat import Beat, BeatClass
from ecg.measurements.measurement import Measurement, MeasurementTable
from tests.unit.measurements.synthetic_windows import synthetic, window

TABLE = MeasurementTable(
    (Measurement("heart_rate", 75.0, "bpm"), Measurement("pr_interval", None, "ms", reason="no P"))
)


def draw(path: Path, label: BeatClass = BeatClass.NORMAL, leads: tuple[str, ...] | None = None) -> np.ndarray:
    given = synthetic(leads=leads) if leads else synthetic()
    draw_strip(given, [Beat(1000, label), Beat(1400, label)], TABLE, ["sinus rhythm", "normal axis"], path)
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def test_twelve_leads_are_printed_to_scale(tmp_path: Path) -> None:
    pixels = draw(tmp_path / "a.png")
    height_mm, width_mm = (side / 160 * 25.4 for side in pixels.shape[:2])
    assert width_mm == pytest.approx(2 * 8 + 15 + 250, abs=0.5)  # margins, pulse, 10 s at 25 mm/s
    assert height_mm == pytest.approx(24 + 4 * 35 + 5 + 9, abs=0.5)


def test_ventricular_beats_stand_out(tmp_path: Path) -> None:
    def red(pixels: np.ndarray) -> int:
        return int(((pixels[..., 0] > 150) & (pixels[..., 1] < 70) & (pixels[..., 2] < 90)).sum())

    assert red(draw(tmp_path / "v.png", BeatClass.VENTRICULAR)) > red(draw(tmp_path / "n.png")) + 10


def test_few_leads_and_long_windows_wrap(tmp_path: Path) -> None:
    given = synthetic(leads=("MLII",))
    long = window(np.tile(given.signal_mv, 2), ("MLII",))
    draw_strip(long, [], TABLE, [], tmp_path / "long.png")
    one = draw(tmp_path / "one.png", leads=("MLII",))
    two = np.asarray(Image.open(tmp_path / "long.png"))
    assert two.shape[0] - one.shape[0] == pytest.approx(40 / 25.4 * 160, abs=2)


def test_a_missing_lead_is_drawn_as_missing(tmp_path: Path) -> None:
    given = synthetic(leads=("I", "II"))
    signal = given.signal_mv.copy()
    signal[0] = np.nan
    draw_strip(window(signal, ("I", "II")), [], TABLE, [], tmp_path / "gap.png")
    assert (tmp_path / "gap.png").stat().st_size > 10_000


def test_no_trace_runs_through_the_letters_of_the_beats(tmp_path: Path) -> None:
    #  a line of letters (5 mm) under the header, then 2.5 mV of R wave: 25 mm where half a line is 17.5
    signal = np.zeros((1, 2500))
    signal[0, 250::250] = 2.5
    path = tmp_path / "tall.png"
    draw_strip(window(signal, ("II",)), [], TABLE, [], path)
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    px_per_mm = 160 / 25.4
    letters = pixels[round(24.5 * px_per_mm) : round(28.5 * px_per_mm), round(30 * px_per_mm) :]
    assert (letters.sum(axis=2) > 200).all(), "ink among the letters"
    assert (pixels[round(29.5 * px_per_mm) : round(34 * px_per_mm)].sum(axis=2) < 200).any(), "the R waves' tips"
