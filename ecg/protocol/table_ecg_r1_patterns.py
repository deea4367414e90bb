"""Profile "ecg-r1": patterns that join several rows of the protocol, and its sixth phase, what normal findings reject.

Owns composite criteria: they carry no label of their own (the interpreter names rhythms and blocks), but say what they
suggest and what they exclude. Must not import the evaluator.
"""

from __future__ import annotations

from ecg.protocol.citations import A3, A4, E1, U4
from ecg.protocol.rules import AllOf, AnyOf, Criterion, Given, Not, Op, PerLead, Profile, Rule, Test
from ecg.protocol.table_ecg_r1_territories import ANTERIOR, INFERIOR, TERRITORIES

#: Leads in which diffuse ST elevation is looked for: all but aVR and V1, which are its mirror.
_DIFFUSE = ("I", "II", "III", "aVL", "aVF", "V2", "V3", "V4", "V5", "V6")
_PRECORDIAL = ("V1", "V2", "V3", "V4", "V5", "V6")
_EVERY = ("I", "II", "III", "aVL", "aVF", *_PRECORDIAL)
#: A deviation smaller than half a small square is not seen, mV.
_SEEN_MV = 0.05
#: Area after the top of T over the area before it; a normal T falls faster than it rises (about 0.7).
_SYMMETRY = (0.85, 1.2)


def _test(quantity: str, op: Op, threshold: float, unit: str, lead: str | None = None) -> Test:
    return Test(quantity, op, threshold, unit, lead)


def _row(
    id: str, phase: int, statement: str, rule: Rule, citation: str, suggests: tuple[str, ...] = (), rejects: str = ""
) -> Criterion:
    excludes = (rejects,) if rejects else ()
    return Criterion(id, phase, statement, rule, Profile.ECG_R1, citation, suggests=suggests, excludes=excludes)


def _net(lead: str, op: Op) -> Test:
    return _test("qrs_net", op, 0.0, "mV", lead)


def _depressed(leads: tuple[str, ...]) -> PerLead:
    return PerLead(leads, _test("st_j", Op.AT_MOST, -_SEEN_MV, "mV"))


def _symmetrical(size: Test) -> AllOf:
    low, high = _SYMMETRY
    return AllOf((size, _test("t_symmetry", Op.AT_LEAST, low, ""), _test("t_symmetry", Op.AT_MOST, high, "")))


_TECHNICAL_AND_RHYTHM = (
    _row(
        "signal_quality",
        1,
        # Times and voltages are absolute here, so paper speed (25 mm/s) and gain (10 mm/mV) cannot be set wrong.
        "a baseline stable enough for a median beat to be measured in at least one lead",
        _test("measured_leads", Op.AT_LEAST, 1, ""),
        E1,
    ),
    _row(
        "p_upright_inferior",
        1,
        "P upright in II, III and aVF",
        AllOf(tuple(_test("p_amplitude", Op.ABOVE, 0.0, "mV", lead) for lead in ("II", "III", "aVF"))),
        E1,
    ),
    _row(
        "normal_p",
        1,
        "P shorter than 120 ms and below 2.5 mm in II",
        AllOf((_test("p_duration", Op.BELOW, 120, "ms"), _test("p_amplitude", Op.BELOW, 0.25, "mV", "II"))),
        E1,
    ),
    _row(
        "irregular_without_p",
        1,
        "irregularly irregular RR intervals without P waves",
        AllOf((Given("irregular_rr"), Not(Given("p_waves")))),
        E1,
        ("atrial fibrillation",),
    ),
    _row(
        "occasional_irregularity",
        1,
        "single beats out of time in a steady rhythm",
        _test("premature_beats", Op.AT_LEAST, 1, ""),
        E1,
        ("ectopic beats", "atrial flutter with changing conduction"),
    ),
    _row(
        "grouped_beating",
        1,
        "groups of beats parted by a P wave that no QRS follows",
        AllOf((_test("blocked_p", Op.AT_LEAST, 1, ""), _test("longest_rr_ratio", Op.ABOVE, 1.2, ""))),
        E1,
        ("second degree AV block",),
    ),
)

_CONDUCTION = (
    _row("i_up_ii_up", 2, "QRS upright in I and II", AllOf((_net("I", Op.ABOVE), _net("II", Op.ABOVE))), E1),
    _row(
        "i_up_ii_down",
        2,
        "QRS upright in I, downward in II",
        AllOf((_net("I", Op.ABOVE), _net("II", Op.BELOW))),
        E1,
        ("left anterior fascicular block", "left ventricular hypertrophy", "inferior infarction", "pre-excitation"),
    ),
    _row(
        "i_down_avf_up",
        2,
        "QRS downward in I, upright in aVF",
        AllOf((_net("I", Op.BELOW), _net("aVF", Op.ABOVE))),
        E1,
        ("right ventricular hypertrophy", "left posterior fascicular block", "lateral infarction", "lung disease"),
    ),
    _row(
        "pre_excitation",
        2,
        "PR below 120 ms with a delta wave in two leads",
        AllOf((Given("short_pr"), PerLead(_EVERY, _test("delta_slur", Op.ABOVE, 0.5, ""), at_least=2))),
        E1,
        ("pre-excitation",),
    ),
    _row(
        "short_pr_inverted_p",
        2,
        "PR below 120 ms with an inverted P in II",
        AllOf((Given("short_pr"), _test("p_amplitude", Op.BELOW, 0.0, "mV", "II"))),
        E1,
        ("low atrial rhythm", "junctional rhythm"),
    ),
    _row("normal_qrs", 2, "QRS duration below 100 ms", _test("qrs_duration", Op.BELOW, 100, "ms"), E1),
    _row(
        "qrs_100_to_120",
        2,
        "QRS duration 100 to 120 ms",
        AllOf((_test("qrs_duration", Op.AT_LEAST, 100, "ms"), _test("qrs_duration", Op.AT_MOST, 120, "ms"))),
        E1,
        ("incomplete bundle branch block",),
    ),
)

_VOLTAGE = (
    _row(
        "dominant_r_v1_right_axis",
        3,
        "dominant R in V1 with an axis above +90°",
        AllOf((Given("dominant_r_v1"), Given("right_axis_deviation"))),
        E1,
        ("right ventricular hypertrophy",),
    ),
    _row(
        "dominant_r_v1_posterior",
        3,
        "dominant R in V1 with ST depression in two of V1 to V3",
        AllOf(
            (
                Given("dominant_r_v1"),
                PerLead(ANTERIOR[:3], _test("st_j", Op.AT_MOST, -_SEEN_MV, "mV"), at_least=2),
            )
        ),
        U4,
        ("posterior infarction",),
    ),
)

_ST_AND_T = (
    _row(
        "convex_st_elevation",
        4,
        "ST elevation of 1 mm or more that bulges upwards between J and J+80 ms",
        PerLead(_EVERY, AllOf((_test("st_j", Op.AT_LEAST, 0.1, "mV"), _test("st_bulge", Op.AT_LEAST, 0.01, "mV"))), 2),
        E1,
        ("infarction",),
    ),
    _row(
        "reciprocal_st_depression",
        4,
        "ST elevation with depression in the leads that face it",
        AnyOf(
            (
                AllOf((Given("inferior_st_elevation"), _depressed(("I", "aVL")))),
                AllOf((Given("lateral_st_elevation"), _depressed(INFERIOR))),
                AllOf((Given("anterior_st_elevation"), _depressed(INFERIOR))),
            )
        ),
        E1,
        ("infarction",),
    ),
    _row(
        "diffuse_st_elevation",
        4,
        "ST elevation of 1 mm or more, not bulging, in five leads or more, with PR depression in two",
        AllOf(
            (
                PerLead(
                    _DIFFUSE,
                    AllOf((_test("st_j", Op.AT_LEAST, 0.1, "mV"), _test("st_bulge", Op.BELOW, 0.01, "mV"))),
                    at_least=5,
                ),
                PerLead(_DIFFUSE, _test("pr_segment", Op.AT_MOST, -_SEEN_MV, "mV"), at_least=2),
            )
        ),
        E1,
        ("pericarditis",),
    ),
    _row(
        "st_v1_above_v2",
        4,
        "ST elevation in V1 higher than in V2",
        AllOf((_test("st_j", Op.AT_LEAST, 0.1, "mV", "V1"), _test("st_v1_less_v2", Op.ABOVE, 0.0, "mV"))),
        E1,
        ("right ventricular infarction",),
    ),
    _row(
        "horizontal_st_depression",
        4,
        "ST depression of 0.5 mm in two leads, horizontal or down-sloping",
        PerLead(
            _EVERY,
            AllOf((_test("st_j", Op.AT_MOST, -_SEEN_MV, "mV"), _test("st_j80", Op.AT_MOST, -_SEEN_MV, "mV"))),
            at_least=2,
        ),
        U4,
        ("ischaemia",),
    ),
    _row(
        "symmetrical_t_inversion",
        4,
        "T inverted by 1 mm or more and symmetrical in two leads",
        PerLead(_EVERY, _symmetrical(_test("t_amplitude", Op.AT_MOST, -0.1, "mV")), at_least=2),
        E1,
        ("ischaemia",),
    ),
    _row(
        "tented_t",
        5,
        "tall T waves, symmetrical in two leads",
        AllOf((Given("tall_t"), PerLead(_EVERY, _symmetrical(_test("t_amplitude", Op.ABOVE, 0.5, "mV")), at_least=2))),
        E1,
        ("hyperkalaemia",),
    ),
    _row(
        "flat_t_with_u",
        5,
        "flat T waves with a U wave",
        # U is not measured here, so this stays open unless T alone decides against it.
        AllOf((Given("flat_t"), PerLead(("V2", "V3"), _test("u_amplitude", Op.AT_LEAST, _SEEN_MV, "mV")))),
        E1,
        ("hypokalaemia",),
    ),
)

_REJECTED: tuple[tuple[str, str, Rule, str, str], ...] = (
    ("narrow_qrs", "a narrow QRS", Given("narrow_qrs"), "ventricular tachycardia", E1),
    ("narrow_qrs_block", "a narrow QRS", Given("narrow_qrs"), "complete bundle branch block", A3),
    (
        "p_and_regular",
        "P waves before the QRS complexes at regular RR intervals",
        AllOf((Given("p_waves"), Not(Given("irregular_rr")))),
        "atrial fibrillation",
        E1,
    ),
    ("normal_pr", "a PR interval of 120 to 200 ms", Given("normal_pr"), "first degree AV block", E1),
    ("no_short_pr", "a PR interval of 120 ms or more", Not(Given("short_pr")), "pre-excitation", E1),
    (
        "no_st_elevation",
        "no ST elevation in any territory",
        AllOf(tuple(Not(Given(f"{name}_st_elevation")) for name in TERRITORIES)),
        "ST elevation infarction",
        U4,
    ),
    ("no_voltage", "voltages below the limits", Not(Given("lvh_voltage")), "left ventricular hypertrophy", E1),
    ("normal_qtc", "a QTc of 440 ms or less", Given("normal_qtc"), "long QT", A4),
    ("no_tall_t", "T waves of normal height", Not(Given("tall_t")), "hyperkalaemia", E1),
    ("i_upright", "P, QRS and T not all inverted in I", Not(Given("lead_reversal")), "arm-lead reversal", E1),
)

EXCLUSION_ROWS = tuple(
    _row(f"against_{key}", 6, f"{words} argues against {rejects}", rule, citation, rejects=rejects)
    for key, words, rule, rejects, citation in _REJECTED
)

PATTERN_ROWS: tuple[Criterion, ...] = (*_TECHNICAL_AND_RHYTHM, *_CONDUCTION, *_VOLTAGE, *_ST_AND_T, *EXCLUSION_ROWS)
