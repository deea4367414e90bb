"""Profile "reasoning-benchmark": criteria of the decision paths of the ECG-Reasoning-Benchmark, one row per criterion.

Owns thresholds with their citation. Amplitudes in mV, durations in ms; Q and S depths positive. The statements are the
names under which the benchmark's questions know the criteria. Must not import the evaluator.
Source: [B] ECG-Reasoning-Benchmark (Jwoo5/ecg-reasoning-benchmark, MIT), decision paths of 17 diagnoses.
"""

from __future__ import annotations

from ecg.protocol.rules import AllOf, AnyOf, Criterion, Given, Op, PerLead, Profile, Rule, Test

B = "ECG-Reasoning-Benchmark (Jwoo5/ecg-reasoning-benchmark), decision paths"
A3 = "AHA/ACCF/HRS 2009 part III (Surawicz)"

TERRITORIES: dict[str, tuple[str, ...]] = {
    "anterior": ("V1", "V2", "V3", "V4"),
    "inferior": ("II", "III", "aVF"),
    "lateral": ("I", "aVL", "V5", "V6"),
}
#: ST depression and T inversion leave V1 out, where T is often inverted and ST below the line in health [B].
ISCHAEMIC = {**TERRITORIES, "anterior": ("V2", "V3", "V4")}
#: A deflection smaller than this is not seen as a wave at 10 mm/mV (half a small square).
SEEN_MV = 0.05
#: The benchmark gives no depth for an inverted T: any that is seen counts.
T_INVERTED_MV = -SEEN_MV


def _row(id: str, phase: int, statement: str, rule: Rule, citation: str = B) -> Criterion:
    return Criterion(id, phase, statement, rule, Profile.REASONING_BENCHMARK, citation)


def _test(quantity: str, op: Op, threshold: float, unit: str, lead: str | None = None) -> Test:
    return Test(quantity, op, threshold, unit, lead)


def _st_depression(territory: str) -> Rule:
    leads = ISCHAEMIC[territory]
    shallow = _test("st_j", Op.BELOW, -0.07, "mV")
    if territory != "anterior":
        return PerLead(leads, shallow, at_least=2)
    # V2 needs 1 mm, the others 0.7 mm [B].
    deep_v2 = AnyOf(
        (
            AllOf((_test("is_v2", Op.ABOVE, 0.5, ""), _test("st_j", Op.BELOW, -0.1, "mV"))),
            AllOf((_test("is_v2", Op.BELOW, 0.5, ""), shallow)),
        )
    )
    return PerLead(leads, deep_v2, at_least=2)


def _pathological_q(territory: str) -> Rule:
    """QS; or a Q longer than 30 ms and deep enough; or a deep S after only a small r [B]."""
    deep = _test("q_depth", Op.ABOVE, 0.075, "mV") if territory == "anterior" else _test("q_to_r", Op.ABOVE, 0.2, "")
    return PerLead(
        TERRITORIES[territory],
        AnyOf(
            (
                _test("qs", Op.ABOVE, 0.5, ""),
                AllOf((_test("q_duration", Op.ABOVE, 30, "ms"), deep)),
                _test("small_r_deep_s", Op.ABOVE, 0.5, ""),
            )
        ),
        at_least=2,
    )


def _territory_rows() -> tuple[Criterion, ...]:
    rows = []
    for name in TERRITORIES:
        rows += [
            _row(
                f"{name}_st_elevation",
                4,
                f"Presence of ST-segment elevation in {name} leads",
                PerLead(TERRITORIES[name], _test("st_j", Op.ABOVE, 0.1, "mV"), at_least=2),
            ),
            _row(
                f"{name}_st_depression",
                4,
                f"Presence of ST-segment depression in {name} leads",
                _st_depression(name),
            ),
            _row(
                f"{name}_t_inversion",
                4,
                f"Presence of inverted T waves in {name} leads",
                PerLead(ISCHAEMIC[name], _test("t_amplitude", Op.AT_MOST, T_INVERTED_MV, "mV"), at_least=2),
            ),
            _row(
                f"{name}_pathological_q",
                4,
                f"Presence of pathological Q waves in {name} leads",
                _pathological_q(name),
            ),
        ]
    return tuple(rows)


def _qr(leads: tuple[str, ...]) -> Rule:
    """A small q, then a dominant R."""
    return PerLead(leads, AllOf((_test("q_depth", Op.ABOVE, SEEN_MV, "mV"), _test("qrs_net", Op.ABOVE, 0.0, "mV"))))


def _rs(leads: tuple[str, ...]) -> Rule:
    """A small r, then a dominant S."""
    return PerLead(leads, AllOf((_test("r_amplitude", Op.ABOVE, SEEN_MV, "mV"), _test("r_to_s", Op.BELOW, 1.0, ""))))


_LATERAL = TERRITORIES["lateral"]
_MONOPHASIC = AllOf(
    (
        _test("r_amplitude", Op.ABOVE, SEEN_MV, "mV"),
        _test("q_depth", Op.AT_MOST, SEEN_MV, "mV"),
        _test("s_depth", Op.AT_MOST, SEEN_MV, "mV"),
    )
)

#: A dominant R in V1 that peaks after 50 ms, the form of right bundle branch block without an r' (AHA 2009 part III).
_LATE_DOMINANT_R_V1 = AllOf(
    (_test("qrs_net", Op.ABOVE, 0.0, "mV", "V1"), _test("r_peak_time", Op.ABOVE, 50, "ms", "V1"))
)

_BUNDLE = (
    _row("wide_qrs", 2, "Prolongation of the QRS duration", _test("qrs_duration", Op.ABOVE, 120, "ms")),
    _row(
        "dominant_s_v1_v2",
        2,
        "Presence of a dominant S wave in leads V1 and V2",
        PerLead(("V1", "V2"), _test("qrs_net", Op.BELOW, 0.0, "mV"), at_least=2),
    ),
    _row(
        "monophasic_lateral",
        2,
        "Presence of a positive monophasic QRS complex without a Q wave in lateral leads",
        PerLead(("I", "aVL", "V6"), _MONOPHASIC, at_least=2),
    ),
    _row(
        "notched_lateral",
        2,
        "Presence of a notched R wave in lateral leads",
        PerLead(_LATERAL, _test("qrs_notched", Op.ABOVE, 0.5, "")),
    ),
    _row(
        "late_r_peak_v5_v6",
        2,
        "Presence of a broad monophasic R wave with a prolonged R wave peak time in leads V5 and V6",
        PerLead(
            ("V5", "V6"),
            AllOf((_test("r_peak_time", Op.AT_LEAST, 55, "ms"), _test("q_depth", Op.AT_MOST, SEEN_MV, "mV"))),
        ),
    ),
    _row(
        "rsr_v1_v2",
        2,
        "Presence of an RSR' pattern in leads V1 and V2",
        # "An additional positive deflection following the initial r or R": after an S, or as a second peak of the R.
        PerLead(("V1", "V2"), AnyOf((_test("rsr_prime", Op.ABOVE, 0.5, ""), _test("qrs_notched", Op.ABOVE, 0.5, "")))),
    ),
    _row(
        "broad_r_or_qr_v1",
        2,
        "Presence of a broad monophasic R wave or qR pattern in lead V1",
        AnyOf(
            (
                AllOf((_test("r_duration", Op.ABOVE, 120, "ms", "V1"), _test("r_peak_time", Op.ABOVE, 55, "ms", "V1"))),
                AllOf((_test("q_depth", Op.ABOVE, SEEN_MV, "mV", "V1"), _test("qrs_net", Op.ABOVE, 0.0, "mV", "V1"))),
            )
        ),
    ),
    _row(
        "slurred_s_lateral",
        2,
        "Presence of a slurred S wave in lateral leads",
        PerLead(
            _LATERAL,
            AllOf(
                (
                    _test("s_depth", Op.ABOVE, SEEN_MV, "mV"),
                    AnyOf((_test("s_duration", Op.ABOVE, 40, "ms"), _test("s_to_r_duration", Op.ABOVE, 1.0, ""))),
                )
            ),
            at_least=2,
        ),
    ),
    _row(
        "lbbb_any",
        2,
        "Presence of left bundle branch block",
        # Incomplete from 110 ms on, with the form of LBBB.
        AllOf(
            (
                _test("qrs_duration", Op.ABOVE, 110, "ms"),
                Given("dominant_s_v1_v2"),
                PerLead(("I", "V5", "V6"), AllOf((_MONOPHASIC, _test("r_peak_time", Op.AT_LEAST, 55, "ms")))),
            )
        ),
        A3,
    ),
    _row(
        "rbbb_any",
        2,
        "Presence of right bundle branch block",
        AllOf(
            (
                _test("qrs_duration", Op.ABOVE, 110, "ms"),
                AnyOf((Given("rsr_v1_v2"), Given("broad_r_or_qr_v1"), _LATE_DOMINANT_R_V1)),
                PerLead(("I", "V5", "V6"), _test("s_duration", Op.ABOVE, 40, "ms")),
            )
        ),
        A3,
    ),
)

_AXIS = (
    _row(
        "left_axis",
        2,
        "Presence of left axis deviation",
        AllOf((_test("qrs_axis", Op.AT_LEAST, -90, "deg"), _test("qrs_axis", Op.AT_MOST, -30, "deg"))),
    ),
    _row("right_axis_90", 2, "Presence of right axis deviation", _test("qrs_axis", Op.ABOVE, 90, "deg")),
    _row("right_axis_100", 2, "Presence of right axis deviation", _test("qrs_axis", Op.ABOVE, 100, "deg")),
    _row("axis_above_60", 2, "QRS axis > +60 degrees", _test("qrs_axis", Op.ABOVE, 60, "deg")),
    _row("qr_high_lateral", 2, "Presence of a qR pattern in leads I and aVL", _qr(("I", "aVL"))),
    _row("rs_inferior", 2, "Presence of an rS pattern in leads II, III, and aVF", _rs(TERRITORIES["inferior"])),
    _row("rs_high_lateral", 2, "Presence of an rS pattern in leads I and aVL", _rs(("I", "aVL"))),
    _row("qr_inferior", 2, "Presence of a qR pattern in leads II, III, and aVF", _qr(TERRITORIES["inferior"])),
)

_HYPERTROPHY = (
    _row("r_avl", 3, "R wave amplitude in lead aVL > 1.1mV", _test("r_amplitude", Op.ABOVE, 1.1, "mV", "aVL")),
    _row(
        "sokolow",
        3,
        "Sum of S amplitude in V1 and R amplitude in V5/V6 > 3.5mV",
        _test("sokolow_lyon_max", Op.ABOVE, 3.5, "mV"),
    ),
    _row(
        "cornell_product",
        3,
        "Cornell Product ((R amplitude in aVL + S amplitude in V3) x QRS duration) > 0.244mV*s",
        _test("cornell_product", Op.ABOVE, 0.244, "mV·s"),
    ),
    _row(
        "lv_strain",
        3,
        "Presence of an LV strain pattern in lateral leads",
        PerLead(
            _LATERAL,
            AllOf((_test("st_j", Op.AT_MOST, -0.05, "mV"), _test("t_amplitude", Op.AT_MOST, T_INVERTED_MV, "mV"))),
        ),
    ),
    _row(
        "dominant_r_v1",
        3,
        "Presence of a dominant R wave in V1",
        _test("qrs_net", Op.ABOVE, 0.0, "mV", "V1"),
    ),
    _row("r_v1_above_1_5", 3, "R wave amplitude in V1 > 1.5mV", _test("r_amplitude", Op.ABOVE, 1.5, "mV", "V1")),
)

_RHYTHM = (
    _row(
        "av_one_to_one",
        1,
        "Evidence of consistent 1:1 atrioventricular conduction",
        _test("av_conduction", Op.AT_LEAST, 0.8, ""),
    ),
    _row("long_pr", 2, "Prolongation of the PR interval", _test("pr_interval", Op.ABOVE, 200, "ms")),
    _row(
        "premature_beats",
        1,
        "Presence of premature beats",
        # Counted against a steady rhythm; where ectopy leaves none (bigeminy), by the form of the beats.
        AnyOf((_test("premature_beats", Op.AT_LEAST, 1, ""), _test("ventricular_ectopics", Op.AT_LEAST, 1, ""))),
    ),
    _row(
        "premature_narrow",
        1,
        "Absence of significant QRS prolongation in the premature beat compared to normal beats",
        _test("premature_wide", Op.BELOW, 0.5, ""),
    ),
    _row(
        "premature_wide",
        1,
        "Presence of significant QRS prolongation in the premature beat compared to normal beats",
        _test("premature_wide", Op.ABOVE, 0.5, ""),
    ),
    _row(
        "dropped_beats",
        1,
        "Occurrence of intermittent dropped beats",
        _test("longest_rr_ratio", Op.ABOVE, 1.4, ""),
    ),
    _row(
        "blocked_p",
        1,
        "Presence of a non-conducted P wave within the dropped interval",
        _test("blocked_p", Op.ABOVE, 0.5, ""),
    ),
    _row(
        "slow_rate",
        1,
        "Presence of bradycardia (slow ventricular rate)",
        _test("heart_rate", Op.BELOW, 70, "bpm"),
    ),
    _row(
        "regular_rr",
        1,
        "Regularity of the RR intervals",
        # Every interval within a tenth of the mean, taken as two standard deviations.
        _test("rr_variation", Op.BELOW, 0.05, ""),
    ),
    _row(
        "atrial_fibrillation",
        1,
        "Presence of atrial fibrillation",
        _test("p_present", Op.BELOW, 0.5, ""),
    ),
    _row("av_dissociation", 1, "Presence of AV dissociation", _test("av_dissociation", Op.ABOVE, 0.5, "")),
)

CRITERIA: tuple[Criterion, ...] = (*_territory_rows(), *_BUNDLE, *_AXIS, *_HYPERTROPHY, *_RHYTHM)
