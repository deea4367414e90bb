"""Profile "ecg-r1": the six-phase protocol as the published model's corpus states it, one row per criterion.

Owns thresholds with their citations. Amplitudes in mV (10 mm = 1 mV), durations in ms. S and Q amplitudes are negative
(below the baseline); the depths derived of them are positive. Must not import the evaluator.
Sources: the constants below, cited by the rows. The AHA/ACCF/HRS papers are the 2009 recommendations for
the standardization and interpretation of the electrocardiogram.
"""

from __future__ import annotations

from ecg.protocol.citations import A3, A4, E1
from ecg.protocol.rules import AllOf, AnyOf, Criterion, Given, Not, Op, PerLead, Profile, Rule, Test
from ecg.protocol.table_ecg_r1_patterns import PATTERN_ROWS
from ecg.protocol.table_ecg_r1_territories import TERRITORIES, TERRITORY_ROWS

LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
PRECORDIAL = ("V1", "V2", "V3", "V4", "V5", "V6")


def _test(quantity: str, op: Op, threshold: float, unit: str, lead: str | None = None) -> Test:
    return Test(quantity, op, threshold, unit, lead)


def _row(id: str, phase: int, statement: str, rule: Rule, citation: str, label: str = "") -> Criterion:
    return Criterion(id, phase, statement, rule, Profile.ECG_R1, citation, label)


def _between(quantity: str, low: float, high: float, unit: str) -> AllOf:
    return AllOf((_test(quantity, Op.AT_LEAST, low, unit), _test(quantity, Op.AT_MOST, high, unit)))


_RATE = (
    _row("bradycardia", 1, "ventricular rate below 60 bpm", _test("heart_rate", Op.BELOW, 60, "bpm"), E1),
    _row("normal_rate", 1, "ventricular rate 60 to 100 bpm", _between("heart_rate", 60, 100, "bpm"), E1),
    _row("tachycardia", 1, "ventricular rate above 100 bpm", _test("heart_rate", Op.ABOVE, 100, "bpm"), E1),
    _row(
        "irregular_rr",
        1,
        "irregular RR intervals",
        # The mean absolute successive difference over the mean RR; sinus arrhythmia of rest stays below 0.1.
        _test("rr_irregularity", Op.ABOVE, 0.10, ""),
        "Tateno and Glass 2001 (coefficient of variation of RR in AF about 0.24, in sinus rhythm below 0.1)",
    ),
    _row(
        "p_waves",
        1,
        "P waves before the QRS complexes",
        _test("p_present", Op.AT_LEAST, 0.5, ""),
        E1,
    ),
    _row(
        "sinus_p_axis",
        1,
        "P upright in II and inverted in aVR",
        AllOf(
            (
                _test("p_amplitude", Op.ABOVE, 0.0, "mV", "II"),
                _test("p_amplitude", Op.BELOW, 0.0, "mV", "aVR"),
            )
        ),
        E1,
    ),
    _row(
        "lead_reversal",
        1,
        "P, QRS and T all inverted in lead I (arm-lead reversal or dextrocardia)",
        AllOf(
            (
                _test("p_amplitude", Op.BELOW, 0.0, "mV", "I"),
                _test("qrs_net", Op.BELOW, 0.0, "mV", "I"),
                _test("t_amplitude", Op.BELOW, 0.0, "mV", "I"),
            )
        ),
        E1,
        "possible arm-lead reversal",
    ),
    _row(
        "right_atrial_enlargement",
        1,
        "P above 2.5 mm in lead II",
        _test("p_amplitude", Op.ABOVE, 0.25, "mV", "II"),
        E1,
        "right atrial enlargement",
    ),
    _row(
        "left_atrial_enlargement",
        1,
        "P longer than 120 ms and notched in II, or its end 1 mm deep in V1",
        AnyOf(
            (
                AllOf((_test("p_duration", Op.ABOVE, 120, "ms"), _test("p_notched", Op.ABOVE, 0.5, "", "II"))),
                _test("p_terminal_amplitude", Op.AT_MOST, -0.1, "mV", "V1"),
            )
        ),
        E1,
        "left atrial enlargement",
    ),
)

_CONDUCTION = (
    _row("normal_axis", 2, "QRS axis −30° to +90°", _between("qrs_axis", -30, 90, "deg"), E1),
    _row(
        "left_axis_deviation",
        2,
        "QRS axis −90° to −30°",
        AllOf((_test("qrs_axis", Op.BELOW, -30, "deg"), _test("qrs_axis", Op.AT_LEAST, -90, "deg"))),
        A3,
        "left axis deviation",
    ),
    _row(
        "right_axis_deviation",
        2,
        "QRS axis above +90°",
        _test("qrs_axis", Op.ABOVE, 90, "deg"),
        E1,
        "right axis deviation",
    ),
    _row(
        "extreme_axis_deviation",
        2,
        "QRS axis −180° to −90°",
        _test("qrs_axis", Op.BELOW, -90, "deg"),
        A3,
        "extreme axis deviation",
    ),
    _row("short_pr", 2, "PR interval below 120 ms", _test("pr_interval", Op.BELOW, 120, "ms"), E1, "short PR interval"),
    _row("normal_pr", 2, "PR interval 120 to 200 ms", _between("pr_interval", 120, 200, "ms"), E1),
    _row(
        "long_pr",
        2,
        "PR interval above 200 ms",
        _test("pr_interval", Op.ABOVE, 200, "ms"),
        E1,
        "first degree AV block",
    ),
    _row("narrow_qrs", 2, "QRS duration below 120 ms", _test("qrs_duration", Op.BELOW, 120, "ms"), A3),
    _row(
        "incomplete_block",
        2,
        "QRS duration 110 to 120 ms",
        # ECG-R1 says 100 ms; the AHA adult limit of 110 ms keeps men's normal QRS out of it.
        AllOf((_test("qrs_duration", Op.AT_LEAST, 110, "ms"), _test("qrs_duration", Op.BELOW, 120, "ms"))),
        A3,
    ),
    _row("wide_qrs", 2, "QRS duration of 120 ms or more", _test("qrs_duration", Op.AT_LEAST, 120, "ms"), A3),
    _row("rsr_v1", 2, "rSR′ in V1", _test("rsr_prime", Op.ABOVE, 0.5, "", "V1"), E1),
    _row("dominant_s_v1", 2, "dominant S or QS in V1", _test("qrs_net", Op.BELOW, 0.0, "mV", "V1"), E1),
    _row(
        "rbbb",
        2,
        "QRS of 120 ms or more with rSR′ or dominant R in V1 and a broad S in I or V6",
        AllOf(
            (
                Given("wide_qrs"),
                AnyOf((Given("rsr_v1"), _test("qrs_net", Op.ABOVE, 0.0, "mV", "V1"))),
                PerLead(("I", "V6"), _test("s_duration", Op.ABOVE, 40, "ms")),
            )
        ),
        A3,
        "complete right bundle branch block",
    ),
    _row(
        "lbbb",
        2,
        "QRS of 120 ms or more with dominant S or QS in V1 and no S in I or V6",
        AllOf(
            (
                Given("wide_qrs"),
                Given("dominant_s_v1"),
                PerLead(("I", "V6"), _test("s_depth", Op.BELOW, 0.1, "mV")),
                PerLead(("I", "V6"), _test("r_amplitude", Op.ABOVE, 0.3, "mV")),
            )
        ),
        A3,
        "complete left bundle branch block",
    ),
    _row(
        "ivcd",
        2,
        "QRS of 120 ms or more without the form of a bundle-branch block",
        AllOf((Given("wide_qrs"), Not(Given("rbbb")), Not(Given("lbbb")))),
        A3,
        "intraventricular conduction delay",
    ),
)

_VOLTAGE = (
    _row(
        "lvh_voltage",
        3,
        "S(V1)+R(V6) above 35 mm, R(I) above 15 mm or R(aVL) above 11 mm",
        AnyOf(
            (
                _test("sokolow_lyon_v6", Op.ABOVE, 3.5, "mV"),
                _test("r_amplitude", Op.ABOVE, 1.5, "mV", "I"),
                _test("r_amplitude", Op.ABOVE, 1.1, "mV", "aVL"),
            )
        ),
        E1,
        "left ventricular hypertrophy by voltage",
    ),
    _row(
        "low_voltage_limb",
        3,
        "QRS below 5 mm in every limb lead",
        PerLead(LIMB, _test("qrs_peak_to_peak", Op.BELOW, 0.5, "mV"), at_least=6),
        E1,
        "low limb voltage",
    ),
    _row(
        "low_voltage_precordial",
        3,
        "QRS below 10 mm in every precordial lead",
        PerLead(PRECORDIAL, _test("qrs_peak_to_peak", Op.BELOW, 1.0, "mV"), at_least=6),
        E1,
        "low precordial voltage",
    ),
    _row(
        "poor_r_progression",
        3,
        "R of 3 mm or less in V3",
        _test("r_amplitude", Op.AT_MOST, 0.3, "mV", "V3"),
        "Zema 1979 (R of 3 mm or less in V3)",
        "poor R progression",
    ),
    _row(
        "dominant_r_v1",
        3,
        "dominant R in V1 with a narrow QRS",
        AllOf((Given("narrow_qrs"), _test("qrs_net", Op.ABOVE, 0.0, "mV", "V1"))),
        E1,
        "dominant R in V1",
    ),
)


_QT = (
    _row("normal_qtc", 5, "QTc of 440 ms or less", _test("qtc_bazett", Op.AT_MOST, 440, "ms"), E1),
    _row("long_qtc", 5, "QTc above 440 ms", _test("qtc_bazett", Op.ABOVE, 440, "ms"), E1),
    # The label waits for the higher of the two sexes' limits: whose ECG it is stands nowhere in a window.
    _row("prolonged_qtc", 5, "QTc of 460 ms or more", _test("qtc_bazett", Op.AT_LEAST, 460, "ms"), A4, "prolonged QTc"),
    _row("very_long_qtc", 5, "QTc above 500 ms", _test("qtc_bazett", Op.ABOVE, 500, "ms"), A4),
    _row("short_qtc", 5, "QTc below 350 ms", _test("qtc_bazett", Op.BELOW, 350, "ms"), A4, "short QTc"),
    _row(
        "tall_t",
        5,
        "T above 5 mm in a limb lead or 10 mm in two precordial leads",
        AnyOf(
            (
                PerLead(("I", "II", "III", "aVL", "aVF"), _test("t_amplitude", Op.ABOVE, 0.5, "mV"), at_least=2),
                PerLead(PRECORDIAL, _test("t_amplitude", Op.ABOVE, 1.0, "mV"), at_least=2),
            )
        ),
        E1,
        "tall T waves",
    ),
    _row(
        "flat_t",
        5,
        "T within 0.5 mm of the baseline in I, II and V5",
        PerLead(
            ("I", "II", "V5"),
            AllOf((_test("t_amplitude", Op.BELOW, 0.05, "mV"), _test("t_amplitude", Op.ABOVE, -0.05, "mV"))),
            at_least=3,
        ),
        A4,
        "flat T waves",
    ),
)

CRITERIA: tuple[Criterion, ...] = (*_RATE, *_CONDUCTION, *_VOLTAGE, *TERRITORY_ROWS, *_QT, *PATTERN_ROWS)

__all__ = ["CRITERIA", "LIMB", "PRECORDIAL", "TERRITORIES"]
