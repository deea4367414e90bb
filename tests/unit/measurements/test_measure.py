"""Measuring a heart whose values are known, from 12 leads down to one, and refusing what cannot be measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.beats.beat import Beat, BeatClass
from ecg.errors import InvalidSignal
from ecg.lead_geometry import STANDARD_LEADS, project
from ecg.measurements.measure import measure, measure_beats
from ecg.measurements.measurement import MeasurementTable
from ecg.measurements.names import NAMES
from ecg.synthesis import BeatSpec, QrsShape
from ecg.synthesis_waves import ventricular_fibrillation
from tests.unit.measurements.synthetic_windows import synthetic, window

TYPICAL = BeatSpec(pr_ms=170, qt_ms=390, qrs_axis_deg=40, st_mv={"V2": 0.2, "V5": -0.08})
TABLE = measure(synthetic(TYPICAL))


def value(table: MeasurementTable, name: str, lead: str | None = None) -> float:
    found = table.get(name, lead)
    assert found.value is not None, f"{name} {lead}: {found.reason}"
    return found.value


@pytest.mark.parametrize(
    ("name", "expected", "tolerance"),
    [
        ("heart_rate", 75, 0.3),
        ("rr_interval", 800, 3),
        ("rr_sd", 0, 3),
        ("rr_irregularity", 0, 0.005),
        ("p_present", 1, 0),
        ("av_conduction", 1, 0),
        ("blocked_p", 0, 0),
        ("premature_beats", 0, 0),
        ("p_duration", 100, 15),
        ("pr_interval", 170, 12),
        ("qrs_duration", 90, 15),
        ("qt_interval", 390, 20),
        ("qrs_axis", 40, 2),
        ("p_axis", 60, 5),
        ("t_axis", 45, 8),
    ],
)
def test_values_of_the_window(name: str, expected: float, tolerance: float) -> None:
    assert value(TABLE, name) == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(
    ("name", "lead", "expected", "tolerance"),
    [
        ("p_amplitude", "II", 0.15, 0.02),
        ("r_amplitude", "II", 1.128, 0.04),
        ("st_j", "V2", 0.2, 0.02),
        ("st_j60", "V2", 0.2, 0.02),
        ("st_j", "V5", -0.08, 0.02),
        ("st_slope", "V2", 0.0, 0.3),
        ("qs", "I", 0, 0),
        ("rsr_prime", "V1", 0, 0),
    ],
)
def test_values_of_a_lead(name: str, lead: str, expected: float, tolerance: float) -> None:
    assert value(TABLE, name, lead) == pytest.approx(expected, abs=tolerance)


def test_qtc_follows_the_four_formulas() -> None:
    qt, rr_s = value(TABLE, "qt_interval"), value(TABLE, "rr_interval") / 1000
    assert value(TABLE, "qtc_bazett") == pytest.approx(qt / rr_s**0.5)
    assert value(TABLE, "qtc_fridericia") == pytest.approx(qt / rr_s ** (1 / 3))
    assert value(TABLE, "qtc_framingham") == pytest.approx(qt + 154 * (1 - rr_s))
    assert value(TABLE, "qtc_hodges") == pytest.approx(qt + 1.75 * (60 / rr_s - 60))


def test_every_name_is_answered_once_with_a_value_or_a_reason() -> None:
    seen = [(row.name, row.lead) for row in TABLE]
    assert len(seen) == len(set(seen))
    assert {name for name, _ in seen} == set(NAMES)
    for row in TABLE:
        assert (row.value is None) == bool(row.reason)
        assert row.unit == NAMES[row.name].unit
        assert (row.lead is not None) == NAMES[row.name].per_lead


def test_bundle_branch_block_shapes() -> None:
    rbbb = measure(synthetic(BeatSpec(qrs_shape=QrsShape.RBBB, qrs_duration_ms=145, qt_ms=420)))
    assert value(rbbb, "rsr_prime", "V1") == 1 and value(rbbb, "s_duration", "V6") > 40
    assert value(rbbb, "qrs_duration") == pytest.approx(145, abs=18)
    discordant = BeatSpec(qrs_shape=QrsShape.LBBB, qrs_duration_ms=150, qt_ms=430, t_amplitude_mv=-0.3)
    lbbb = measure(synthetic(discordant))
    assert value(lbbb, "qs", "V1") == 1 and value(lbbb, "qs", "I") == 0
    assert value(lbbb, "r_peak_time", "V6") > 55
    assert value(lbbb, "qrs_duration") == pytest.approx(150, abs=18)


def test_long_pr_is_measured() -> None:
    table = measure(synthetic(BeatSpec(pr_ms=280, qt_ms=380), rr_s=0.95))
    assert value(table, "pr_interval") == pytest.approx(280, abs=15)


def test_no_p_wave_gives_a_reason_not_a_number() -> None:
    table = measure(synthetic(BeatSpec(p_present=False), rr_s=[0.7, 0.95, 0.6, 1.1, 0.8]))
    assert value(table, "p_present") < 0.5
    for name in ("p_duration", "pr_interval", "p_axis"):
        assert table.get(name).value is None and "P wave" in table.get(name).reason
    assert value(table, "rr_irregularity") > 0.1


def test_premature_wide_beats_are_counted_and_left_out() -> None:
    ectopic = BeatSpec(False, qrs_shape=QrsShape.VENTRICULAR, qrs_duration_ms=150, qt_ms=440, t_amplitude_mv=-0.4)
    table = measure(synthetic([BeatSpec()] * 4 + [ectopic], rr_s=[0.8, 0.8, 0.8, 0.5, 1.1]))
    assert value(table, "premature_beats") == 2
    assert value(table, "premature_wide") == 1
    assert value(table, "qrs_duration") == pytest.approx(90, abs=15)


def test_one_telemetry_lead() -> None:
    table = measure(synthetic(TYPICAL, leads=("MLII",), fs_hz=250.0))
    assert value(table, "heart_rate") == pytest.approx(75, abs=0.5)
    assert value(table, "r_amplitude", "II") == pytest.approx(1.128, abs=0.08)
    assert table.get("qrs_axis").reason == "two limb leads are needed"
    assert "V1" in table.get("sokolow_lyon").reason


def test_missing_limb_leads_are_derived_and_say_so() -> None:
    table = measure(synthetic(TYPICAL, leads=("I", "II", "V1", "V5")))
    for name in ("r_amplitude", "t_amplitude"):
        found = table.get(name, "aVF")
        assert found.derived
        assert found.value == pytest.approx(value(TABLE, name, "aVF"), abs=0.03)
    assert not table.get("r_amplitude", "II").derived


@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 360.0, 1000.0])
def test_sampling_frequency_does_not_matter(fs_hz: float) -> None:
    table = measure(synthetic(TYPICAL, fs_hz=fs_hz))
    for name in ("pr_interval", "qrs_duration", "qt_interval"):
        assert value(table, name) == pytest.approx(value(TABLE, name), abs=10), name
    assert value(table, "r_amplitude", "V5") == pytest.approx(value(TABLE, "r_amplitude", "V5"), abs=0.06)


def test_order_of_leads_and_a_constant_do_not_matter() -> None:
    given_window = synthetic(TYPICAL)
    order = np.random.default_rng(3).permutation(12)
    moved = window(given_window.signal_mv[order] + 1.5, [STANDARD_LEADS[k] for k in order])
    table = measure(moved)
    for row in TABLE:
        other = table.get(row.name, row.lead)
        assert (other.value is None) == (row.value is None), row
        if row.value is not None and row.unit in ("ms", "bpm", "mV"):
            assert other.value == pytest.approx(row.value, abs=2.1 if row.unit != "mV" else 0.01), row


def test_a_lead_that_is_off_has_no_values_and_no_sums() -> None:
    given_window = synthetic(TYPICAL)
    signal = given_window.signal_mv.copy()
    signal[STANDARD_LEADS.index("V1")] = np.nan
    signal[STANDARD_LEADS.index("III")] = 0.7
    table = measure(window(signal))
    for lead in ("V1", "III"):
        assert "off, flat or missing" in table.get("r_amplitude", lead).reason
    assert table.get("sokolow_lyon").reason.startswith("V1")
    assert value(table, "qrs_axis") == pytest.approx(40, abs=2)


def test_a_gap_does_not_spoil_the_beats_around_it() -> None:
    signal = synthetic(TYPICAL).signal_mv.copy()
    signal[:, 2000:2300] = np.nan
    table = measure(window(signal))
    assert value(table, "qrs_duration") == pytest.approx(value(TABLE, "qrs_duration"), abs=6)
    assert value(table, "st_j", "V2") == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("kind", ["flat", "nan", "rail", "noise", "fibrillation"])
def test_what_is_no_ecg_is_not_measurable(kind: str) -> None:
    rng = np.random.default_rng(0)
    signal = {
        "flat": np.zeros((2, 5000)),
        "nan": np.full((2, 5000), np.nan),
        "rail": np.full((2, 5000), 1e4),
        "noise": rng.normal(0, 0.4, (2, 5000)),
        "fibrillation": project(ventricular_fibrillation(rng, 5000, 500.0), ("I", "II")),
    }[kind]
    table = measure(window(signal, ("I", "II")))
    for name in ("heart_rate", "qrs_duration", "pr_interval", "qt_interval"):
        assert table.get(name).value is None and table.get(name).reason, name


def test_absurd_input_is_refused() -> None:
    with pytest.raises(InvalidSignal):
        measure(window(np.zeros((1, 0)), ("I",)))
    with pytest.raises(InvalidSignal, match="infinite"):
        measure(window(np.full((1, 5000), np.inf), ("I",)))
    with pytest.raises(InvalidSignal, match="fs"):
        measure(window(np.zeros((1, 5000)), ("I",), fs_hz=0.0))
    with pytest.raises(InvalidSignal, match="lead names"):
        measure(window(np.zeros((2, 5000)), ("I",)))
    with pytest.raises(InvalidSignal, match="outside"):
        measure(synthetic(), [Beat(6000)])


def test_a_window_too_short_says_so() -> None:
    short = synthetic().signal_mv[:, :200]
    assert "long" in measure(window(short)).get("heart_rate").reason


def test_beats_that_were_missed_take_the_rate_away() -> None:
    given_window = synthetic()
    every_other = [Beat(b.sample) for b in measure_beats(given_window)[::2]]
    table = measure(given_window, every_other)
    assert table.get("heart_rate").value is None
    assert "belong to no beat" in table.get("heart_rate").reason


def test_known_beats_are_used_and_ventricular_ones_left_out() -> None:
    ectopic = BeatSpec(False, qrs_shape=QrsShape.VENTRICULAR, qrs_duration_ms=150, qt_ms=440)
    given_window = synthetic([BeatSpec(), ectopic], rr_s=[0.6, 1.0])
    found = measure_beats(given_window)
    beats = [Beat(b.sample, BeatClass.NORMAL if b.dominant else BeatClass.VENTRICULAR) for b in found]
    assert {b.label for b in beats} == {BeatClass.NORMAL, BeatClass.VENTRICULAR}
    table = measure(given_window, beats)
    assert value(table, "qrs_duration") == pytest.approx(90, abs=15)


def test_single_beats() -> None:
    beats = measure_beats(synthetic(TYPICAL))
    assert len(beats) == 12 or len(beats) == 13
    assert beats[0].table.get("rr_interval").reason.startswith("the first beat of the window")
    for beat in beats[1:-1]:
        assert value(beat.table, "rr_interval") == pytest.approx(800, abs=5)
        assert value(beat.table, "pr_interval") == pytest.approx(170, abs=15)
        assert value(beat.table, "r_amplitude", "II") == pytest.approx(1.128, abs=0.06)


@settings(max_examples=6, deadline=None)
@given(st.floats(0.3, 3.0))
def test_amplitudes_scale_and_intervals_do_not(gain: float) -> None:
    base = synthetic(TYPICAL, leads=("I", "II", "V2"))
    table = measure(replace(base, signal_mv=base.signal_mv * np.float32(gain)))
    plain = measure(base)
    assert value(table, "qrs_duration") == pytest.approx(value(plain, "qrs_duration"), abs=0.5)
    assert value(table, "r_amplitude", "II") == pytest.approx(gain * value(plain, "r_amplitude", "II"), rel=0.01)
