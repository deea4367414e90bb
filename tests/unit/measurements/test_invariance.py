"""Measuring and window quality depend on no chunking, lead order, constant or sampling frequency; gaps invent nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecg.lead_geometry import STANDARD_LEADS
from ecg.measurements.measure import measure, measure_beats
from ecg.measurements.measurement import MeasurementTable
from ecg.measurements.names import NAMES
from ecg.quality.window import lead_measures, window_features
from ecg.windows import Windower
from tests.unit.kernel.conftest import cut
from tests.unit.measurements.drawn_hearts import TYPICAL, drawn, spec_heart
from tests.unit.measurements.synthetic_windows import synthetic, window

SEARCH = settings(max_examples=8, deadline=None)
HEART = drawn()
TABLE = measure(HEART)
#: What a name may move by: finer than a reader's eye, coarser than float32 and one sample of shift.
WITHIN = {"ms": 2.1, "bpm": 0.2, "mV": 0.012, "deg": 1.0, "mV/s": 0.15, "": 0.06}


def assert_alike(table: MeasurementTable, other: MeasurementTable, scale: float = 1.0) -> None:
    for row in table:
        same = other.get(row.name, row.lead)
        assert (same.value is None) == (row.value is None), (row, same)
        if row.value is not None and same.value is not None:
            assert abs(same.value - row.value) <= scale * WITHIN[row.unit], (row, same)


@SEARCH
@given(st.permutations(range(12)), st.lists(st.floats(-3, 3, width=32), min_size=12, max_size=12))
def test_order_of_leads_and_constants_change_no_measurement(order: list[int], constants: list[float]) -> None:
    moved = HEART.signal_mv[order] + np.array(constants, np.float32)[:, None]
    assert_alike(TABLE, measure(window(moved, [STANDARD_LEADS[k] for k in order])))


@SEARCH
@given(st.permutations(range(12)), st.floats(-3, 3, width=32))
def test_order_of_leads_and_a_constant_change_no_quality(order: list[int], constant: float) -> None:
    moved = HEART.signal_mv[order] + np.float32(constant)
    here, there = lead_measures(HEART.signal_mv, 500.0), lead_measures(moved, 500.0)
    # "still" counts equal neighbours: float32 makes a few more of them beside a large constant.
    np.testing.assert_allclose(there, here[order], atol=0.02)
    np.testing.assert_allclose(window_features(moved, 500.0), window_features(HEART.signal_mv, 500.0), atol=0.02)


@SEARCH
@given(st.lists(st.integers(1, 1500), min_size=1, max_size=12))
def test_any_chunking_gives_the_same_window_to_measure(lengths: list[int]) -> None:
    adu = np.round(spec_heart().signal_mv[:2] * 200).astype(np.int16)
    tables = []
    for pieces in ([adu.shape[1] // 10], lengths):
        windower = Windower(10.0, 10.0)
        found = [w for segment in cut(adu, pieces, 500.0) for w in windower.step(segment)]
        assert len(found) == 1
        tables.append(measure(found[0]))
    assert tables[0] == tables[1]


@pytest.mark.parametrize("fs_hz", [125.0, 128.0, 250.0, 257.0, 360.0, 1000.0])
def test_the_sampling_frequency_changes_little(fs_hz: float) -> None:
    here, there = measure(synthetic(TYPICAL)), measure(synthetic(TYPICAL, fs_hz=fs_hz))
    for name, limit in (("heart_rate", 0.2), ("rr_interval", 2), ("qrs_axis", 2), ("p_axis", 4), ("t_axis", 4)):
        a, b = here.get(name).value, there.get(name).value
        assert a is not None and b is not None and abs(a - b) <= limit, name
    for name in ("p_duration", "pr_interval", "qrs_duration", "qt_interval", "qtc_fridericia"):
        a, b = here.get(name).value, there.get(name).value
        assert a is not None and b is not None and abs(a - b) <= 10, name
    for lead in STANDARD_LEADS:
        for name in ("p_amplitude", "r_amplitude", "s_amplitude", "t_amplitude", "st_j", "st_j60", "st_j80"):
            a, b = here.get(name, lead).value, there.get(name, lead).value
            # At 125 Hz a QRS has eleven samples: its sharp peaks lose up to a twentieth, and J stands on its flank.
            limit = (0.05 if fs_hz < 200 else 0.03) + 0.05 * abs(a or 0.0)
            assert a is not None and b is not None and abs(a - b) <= limit, (name, lead, a, b)


@pytest.mark.parametrize(
    ("first_s", "last_s"), [(3.0, 6.2), (3.0, 7.0), (4.0, 6.0), (4.3, 4.9), (0.0, 4.0), (6.5, 10.0)]
)
def test_no_interval_is_invented_over_a_gap(first_s: float, last_s: float) -> None:
    signal = spec_heart().signal_mv.copy()
    signal[:, round(first_s * 500) : round(last_s * 500)] = np.nan
    table = measure(window(signal))
    for name, true, limit in (
        ("heart_rate", 75, 0.3),
        ("rr_sd", 0, 3),
        ("rmssd", 0, 4),
        ("longest_rr_ratio", 1, 0.01),
        ("premature_beats", 0, 0),
        ("blocked_p", 0, 0),
    ):
        value = table.get(name).value
        assert value is not None and abs(value - true) <= limit, (name, value)
    for beat in measure_beats(window(signal)):
        rr = beat.table.get("rr_interval")
        assert rr.value is None or abs(rr.value - 800) < 10
        assert rr.value is not None or rr.reason


def test_beats_apart_by_gaps_have_no_rate() -> None:
    signal = spec_heart().signal_mv.copy()
    for k in range(12):  # 0.3 s after each QRS onset, 0.25 s are gone
        first = round((0.3 + 0.8 * k + 0.45) * 500)
        signal[:, first : first + 100] = np.nan
    row = measure(window(signal)).get("heart_rate")
    assert row.value is None and "without missing samples" in row.reason


def test_units_of_invariance_cover_every_name() -> None:
    assert {name.unit for name in NAMES.values()} <= set(WITHIN)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.0, 8.0), st.floats(0.05, 4.0))
@example(2.96875, 1.109375)  # ends 60 ms before a P wave
@example(2.734, 0.994)  # hides a QRS, not its T
@example(3.256, 0.051)  # cuts a QRS
def test_a_gap_anywhere_changes_no_rhythm(first_s: float, length_s: float) -> None:
    signal = spec_heart().signal_mv.copy()
    signal[:, round(first_s * 500) : round((first_s + length_s) * 500)] = np.nan
    table = measure(window(signal))
    for name, low, high in (
        ("heart_rate", 74.5, 75.5),
        ("longest_rr_ratio", 0.97, 1.03),
        ("blocked_p", 0, 0),
        ("premature_beats", 0, 0),
        ("av_conduction", 0.99, 1),
        ("p_present", 0.99, 1),
    ):
        row = table.get(name)
        assert row.reason if row.value is None else low <= row.value <= high, (name, row)
