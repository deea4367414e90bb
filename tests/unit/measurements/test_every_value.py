"""Every row of ecg.measurements.names against a heart whose value is known, to a tolerance; a name without one fails here.

The tolerances are those of IEC 60601-2-25 for single beats' global intervals (P, PR, QRS 10 ms and 15 ms with the soft
feet of synthetic waves, QT 25 ms) and amplitudes (25 uV or 5 %), wider only where a comment says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from ecg.beats.beat import Beat
from ecg.measurements.measure import RHYTHM_NAMES, measure, measure_beats
from ecg.measurements.measurement import MeasurementTable
from ecg.measurements.names import NAMES
from ecg.measurements.window_rows import axis_difference
from ecg.windows import Window
from tests.unit.measurements.drawn_hearts import (
    ECTOPIC,
    LOBES,
    LOBES_POOR,
    LOBES_REVERSED,
    QRS_MS,
    RBBB,
    ST,
    TYPICAL,
    course,
    dissociated,
    drawn,
    lobe_area,
    low_voltage,
    pr_depressed,
    pre_excited,
    qrs_course,
    spec_heart,
    two_part_p,
)

#: RR intervals that repeat, s: their statistics are known.
_UNEVEN = (0.70, 0.80, 0.90)

HEARTS: Mapping[str, Callable[[], Window]] = {
    "typical": spec_heart,
    "st": lambda: spec_heart(ST),
    "uneven": lambda: spec_heart(rr_s=_UNEVEN),
    "premature": lambda: spec_heart([TYPICAL] * 4 + [ECTOPIC], (0.8, 0.8, 0.8, 0.5, 1.1)),
    "blocked": lambda: spec_heart([TYPICAL, TYPICAL, TYPICAL, _P_ALONE]),
    "dissociated": dissociated,
    "two-part P": two_part_p,
    "PR depressed": pr_depressed,
    "pre-excited": lambda: spec_heart(pre_excited()),
    "right bundle": lambda: spec_heart(RBBB),
    "low": lambda: spec_heart(low_voltage()),
    "drawn": drawn,
    "reversed": lambda: drawn(LOBES_REVERSED),
    "poor": lambda: drawn(LOBES_POOR),
    "notched": lambda: drawn(_NOTCHED),
}
_P_ALONE = type(TYPICAL)(p_duration_ms=110, p_axis_deg=55, pr_ms=170, qrs_present=False)
#: An R in V5 with two tops, 0.2 mV deep between them.
_NOTCHED = {**LOBES, "V5": ((1.2, 45), (1.2, 45))}


@dataclass(frozen=True, slots=True)
class Known:
    """What a name should measure in a heart."""

    heart: str
    value: float
    within: float
    lead: str | None = None


def _rr_ms(n_beats_s: float = 10.0) -> np.ndarray:
    onset, rr = 0.3, []
    while onset + _UNEVEN[len(rr) % 3] < n_beats_s:
        rr.append(_UNEVEN[len(rr) % 3])
        onset += rr[-1]
    return np.array(rr) * 1000.0


_RR = _rr_ms()
_STEP = np.diff(_RR)
_QT, _RR_S = TYPICAL.qt_ms, 0.8


def _span(lead: str, low: bool = False) -> float:
    heart = low_voltage() if low else TYPICAL
    return float(np.ptp(course(heart, lead, 0, heart.qrs_duration_ms)))


_LIMB, _CHEST = ("I", "II", "III", "aVR", "aVL", "aVF"), ("V1", "V2", "V3", "V4", "V5", "V6")
_T_II = course(TYPICAL, "II", 210, 390)
_P_II = course(TYPICAL, "II", -170, -60)
_P_AVR, _T_AVR = (float(course(TYPICAL, "aVR", *ends).min()) for ends in ((-170, -60), (210, 390)))
_DRAWN_MS = np.arange(0.0, QRS_MS, 0.5)
_R_AVL = float((qrs_course(LOBES["I"], _DRAWN_MS) - 0.5 * qrs_course(LOBES["II"], _DRAWN_MS)).max())

KNOWN: Mapping[str, tuple[Known, ...]] = {
    "heart_rate": (Known("typical", 75, 0.3), Known("uneven", 60000 / _RR.mean(), 0.3)),
    "rr_interval": (Known("typical", 800, 3), Known("uneven", _RR.mean(), 3)),
    "rr_sd": (Known("typical", 0, 3), Known("uneven", _RR.std(ddof=1), 3)),
    "rmssd": (Known("typical", 0, 4), Known("uneven", float(np.sqrt(np.mean(_STEP**2))), 4)),
    "rr_irregularity": (
        Known("typical", 0, 0.005),
        Known("uneven", float(np.abs(_STEP).mean() / _RR.mean()), 0.005),
    ),
    "longest_rr_ratio": (Known("uneven", 0.9 / 0.8, 0.01), Known("blocked", 2.0, 0.02)),
    "premature_beats": (Known("typical", 0, 0), Known("premature", 2, 0)),
    "premature_wide": (Known("premature", 1, 0),),
    "p_present": (Known("typical", 1, 0),),
    "av_conduction": (Known("typical", 1, 0), Known("blocked", 0.75, 0.05)),
    "blocked_p": (Known("typical", 0, 0), Known("blocked", 3, 0)),
    "av_dissociation": (Known("typical", 0, 0), Known("dissociated", 1, 0)),
    "p_duration": (Known("typical", 110, 15), Known("pre-excited", 80, 15)),
    "p_axis": (Known("typical", 55, 5),),
    "pr_interval": (Known("typical", 170, 12), Known("pre-excited", 100, 12)),
    "p_amplitude": (
        Known("typical", float(_P_II.max()), 0.025, "II"),
        Known("typical", _P_AVR, 0.025, "aVR"),
    ),
    "p_terminal_amplitude": (
        Known("typical", float(min(0.0, course(TYPICAL, "V1", -115, -60).min())), 0.025, "V1"),
        Known("two-part P", -0.081, 0.025, "V1"),
    ),
    "p_notched": (Known("typical", 0, 0, "II"), Known("two-part P", 1, 0, "II")),
    "pr_segment": (
        Known("typical", 0, 0.02, "II"),
        Known("PR depressed", -0.1, 0.025, "II"),
        Known("PR depressed", 0.05, 0.025, "aVR"),
    ),
    "qrs_duration": (Known("typical", 96, 12), Known("right bundle", 145, 15), Known("drawn", QRS_MS, 15)),
    "qrs_axis": (Known("typical", 40, 3), Known("right bundle", 50, 5)),
    "q_amplitude": (Known("drawn", -0.4, 0.025, "II"), Known("drawn", 0, 0, "V1"), Known("reversed", -0.9, 0.05, "V3")),
    "q_duration": (Known("drawn", 40, 6, "II"), Known("drawn", 20, 6, "I"), Known("drawn", 0, 0, "V2")),
    "r_amplitude": (Known("drawn", 1.4, 0.07, "V5"), Known("drawn", 0.5, 0.025, "V1"), Known("reversed", 0, 0, "V3")),
    "r_duration": (Known("drawn", 45, 6, "V5"), Known("drawn", 40, 8, "V3")),
    "s_amplitude": (Known("drawn", -1.2, 0.06, "V2"), Known("drawn", -0.3, 0.025, "V5"), Known("drawn", 0, 0, "V6")),
    "s_duration": (Known("drawn", 65, 10, "V2"), Known("drawn", 35, 6, "V1")),
    "r_prime_amplitude": (Known("drawn", 0.5, 0.025, "V1"), Known("drawn", 0, 0, "V5")),
    "r_peak_time": (Known("drawn", 42.5, 8, "V5"), Known("drawn", 72.5, 8, "V1")),
    "qrs_peak_to_peak": (Known("drawn", 1.7, 0.07, "V5"), Known("typical", _span("II"), 0.05, "II")),
    "qrs_notched": (Known("drawn", 0, 0, "V5"), Known("notched", 1, 0, "V5")),
    "qs": (Known("drawn", 0, 0, "V2"), Known("reversed", 1, 0, "V3")),
    "rsr_prime": (Known("drawn", 1, 0, "V1"), Known("drawn", 0, 0, "V2"), Known("right bundle", 1, 0, "V1")),
    "delta_slur": (Known("typical", 0, 0, "II"), Known("pre-excited", 1, 0, "II")),
    "st_j": (Known("st", 0.2, 0.03, "V2"), Known("st", -0.1, 0.03, "V5"), Known("typical", 0, 0.02, "V3")),
    "st_j60": (Known("st", 0.26, 0.03, "V2"), Known("st", -0.04, 0.03, "V5"), Known("typical", 0, 0.02, "V3")),
    "st_j80": (Known("st", 0.28, 0.03, "V2"), Known("st", -0.02, 0.03, "V5"), Known("typical", 0, 0.02, "V3")),
    "st_slope": (Known("st", 1.0, 0.35, "V2"), Known("typical", 0, 0.3, "V3")),
    "t_amplitude": (
        Known("typical", float(_T_II.max()), 0.025, "II"),
        Known("typical", _T_AVR, 0.025, "aVR"),
    ),
    "t_symmetry": (Known("typical", lobe_area(TYPICAL), 0.12, "II"),),
    "t_duration": (Known("typical", 180, 30),),
    "t_axis": (Known("typical", 30, 5),),
    "qt_interval": (Known("typical", _QT, 20),),
    "qtc_bazett": (Known("typical", _QT / _RR_S**0.5, 25),),
    "qtc_fridericia": (Known("typical", _QT / _RR_S ** (1 / 3), 25),),
    "qtc_framingham": (Known("typical", _QT + 154 * (1 - _RR_S), 25),),
    "qtc_hodges": (Known("typical", _QT + 1.75 * (75 - 60), 25),),
    "sokolow_lyon": (Known("drawn", 0.6 + 1.4, 0.1), Known("reversed", 0.8 + 1.4, 0.1)),
    "cornell_voltage": (Known("drawn", _R_AVL + 0.9, 0.08), Known("reversed", _R_AVL + 0.9, 0.08)),
    "limb_voltage": (
        Known("typical", max(_span(lead) for lead in _LIMB), 0.07),
        Known("low", max(_span(lead, low=True) for lead in _LIMB), 0.03),
    ),
    "precordial_voltage": (
        Known("typical", max(_span(lead) for lead in _CHEST), 0.1),
        Known("low", max(_span(lead, low=True) for lead in _CHEST), 0.04),
    ),
    "r_progression": (
        Known("typical", 0, 0),
        Known("poor", 1, 0),
        Known("reversed", 2, 0),
        Known("right bundle", 3, 0),
    ),
}
CASES = [(name, known) for name, several in KNOWN.items() for known in several]


@cache
def table(heart: str) -> MeasurementTable:
    return measure(HEARTS[heart]())


def test_every_name_has_a_heart_of_known_value() -> None:
    assert set(KNOWN) == set(NAMES)
    for name, several in KNOWN.items():
        for known in several:
            assert (known.lead is not None) == NAMES[name].per_lead, name


@pytest.mark.parametrize(("name", "known"), CASES, ids=[f"{name}-{k.heart}-{k.lead or ''}" for name, k in CASES])
def test_what_was_drawn_is_measured(name: str, known: Known) -> None:
    row = table(known.heart).get(name, known.lead)
    assert row.value is not None, row.reason
    assert row.unit == NAMES[name].unit and not row.reason and row.n_beats > 0
    off = axis_difference(row.value, known.value) if row.unit == "deg" else abs(row.value - known.value)
    assert off <= known.within, f"{row.value:.4g} {row.unit} where {known.value:.4g} was drawn"


#: A single beat keeps the noise the median beat averages away, and its own wander.
_SINGLE = {"ms": 2.0, "mV": 2.5, "deg": 2.0, "bpm": 3.0, "": 1.0}
#: Too fine for one noisy beat: slopes and shapes at the edge of a yes or no.
_MEDIAN_ONLY = frozenset({"st_slope", "t_symmetry", "p_terminal_amplitude", "p_notched", "delta_slur", "qrs_notched"})
_OF_BEATS = [(n, k) for n, k in CASES if n not in RHYTHM_NAMES | _MEDIAN_ONLY and k.heart not in ("uneven", "blocked")]


@cache
def beat_tables(heart: str) -> tuple[MeasurementTable, ...]:
    return tuple(beat.table for beat in measure_beats(HEARTS[heart]()))[1:-1]


@pytest.mark.parametrize(("name", "known"), _OF_BEATS, ids=[f"{n}-{k.heart}-{k.lead or ''}" for n, k in _OF_BEATS])
def test_the_typical_beat_by_itself_measures_the_same(name: str, known: Known) -> None:
    rows = [beat.get(name, known.lead) for beat in beat_tables(known.heart)]
    assert len(rows) >= 10
    values = np.array([row.value for row in rows if row.value is not None])
    assert len(values) >= 0.8 * len(rows), {row.reason for row in rows if row.value is None}
    off = np.array([axis_difference(v, known.value) if rows[0].unit == "deg" else abs(v - known.value) for v in values])
    assert np.median(off) <= max(known.within, 1e-9) * _SINGLE[rows[0].unit]


def test_every_name_of_every_beat_has_a_value_or_a_reason() -> None:
    for heart in HEARTS:
        for beat in measure_beats(HEARTS[heart]()):
            assert {row.name for row in beat.table} == set(NAMES) - RHYTHM_NAMES
            for row in beat.table:
                assert (row.value is None) == bool(row.reason), row
                assert row.unit == NAMES[row.name].unit


def test_beats_that_cannot_be_trusted_have_reasons_and_no_numbers() -> None:
    every_other = [Beat(beat.sample) for beat in measure_beats(HEARTS["typical"]())[::2]]
    beats = measure_beats(HEARTS["typical"](), every_other)
    assert len(beats) == len(every_other)
    for beat in beats:
        assert all(row.value is None and "belong to no beat" in row.reason for row in beat.table)
