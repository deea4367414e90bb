"""Delineation of real records against the cardiologists of LUDB, with weights that never saw them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.delineator.corpus import read_marks, read_signal, record_paths
from training.evaluation.delineation import POINTS, PointTally, by_vigil, score

DATA = Path(__file__).parents[2] / "data"
RECORDS = record_paths(DATA)[::10]
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not RECORDS, reason="no LUDB in data/ludb"),
]


@pytest.fixture(scope="module")
def tally() -> dict[str, PointTally]:
    points = {point: PointTally() for point in POINTS}
    for record in RECORDS:
        signal, fs_hz = read_signal(record)
        score(points, [read_marks(record, lead) for lead in range(12)], by_vigil(record, signal, fs_hz), fs_hz)
    return points


# (least sensitivity, least predictivity, largest |mean error| ms, largest standard deviation ms)
LIMITS = {
    "p_on": (0.93, 0.92, 5, 18),
    "p_off": (0.93, 0.92, 6, 18),
    "qrs_on": (0.99, 0.99, 4, 12),
    "r_peak": (0.99, 0.99, 4, 15),
    "qrs_off": (0.99, 0.99, 5, 12),
    "t_on": (0.97, 0.97, 8, 30),
    "t_peak": (0.97, 0.97, 5, 26),
    "t_off": (0.97, 0.97, 8, 30),
}


@pytest.mark.parametrize("point", list(LIMITS))
def test_waves_are_where_the_cardiologists_put_them(tally: dict[str, PointTally], point: str) -> None:
    counts, (sensitivity, predictivity, bias_ms, sd_ms) = tally[point], LIMITS[point]
    hits = sum(counts.hits)
    errors = np.concatenate(counts.errors)
    assert hits / (hits + sum(counts.misses)) >= sensitivity
    assert hits / (hits + sum(counts.extras)) >= predictivity
    assert abs(errors.mean()) <= bias_ms
    assert errors.std() <= sd_ms
