"""The protocol's tables and their evaluator."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.measurements.measurement import MeasurementTable
from ecg.protocol.evaluator import TABLES, evaluate, find, walk
from ecg.protocol.paths import PATHS
from ecg.protocol.rules import AllOf, AnyOf, Decision, Given, Not, PerLead, Profile, Rule, State, Test
from tests.unit.protocol.tables import LEADS, healthy

BENCHMARK = Profile.REASONING_BENCHMARK


def _tests(rule: Rule) -> list[Test]:
    match rule:
        case Test():
            return [rule]
        case PerLead(rule=inner) | Not(rule=inner):
            return _tests(inner)
        case AllOf(rules) | AnyOf(rules):
            return [test for part in rules for test in _tests(part)]
        case Given():
            return []


@pytest.mark.parametrize("profile", list(Profile))
def test_every_criterion_is_cited_unique_and_refers_to_what_exists(profile: Profile) -> None:
    rows = TABLES[profile]
    for row in rows.values():
        assert row.citation and row.profile is profile
        stack: list[Rule] = [row.rule]
        while stack:
            rule = stack.pop()
            match rule:
                case Given(criterion):
                    assert criterion in rows
                case AllOf(rules) | AnyOf(rules):
                    stack += rules
                case Not(rule=inner) | PerLead(rule=inner):
                    stack.append(inner)
                case Test():
                    assert rule.unit in ("", "bpm", "ms", "mV", "deg", "mV·s")


def test_every_decision_path_ends_in_a_decision_and_names_known_criteria() -> None:
    assert len(PATHS) == 17
    for path in PATHS.values():
        nodes = dict(path.nodes)
        assert len(nodes) == len(path.nodes)
        for prefix, node in nodes.items():
            if isinstance(node, str):
                assert node in TABLES[BENCHMARK]
                assert prefix + "Y" in nodes and prefix + "N" in nodes
            else:
                assert node in (Decision.YES, Decision.NO)


def test_a_healthy_window_has_only_normal_findings() -> None:
    present = {finding.criterion.id for finding in evaluate(healthy()) if finding.present}
    assert {"normal_rate", "normal_axis", "normal_pr", "narrow_qrs", "normal_qtc", "p_waves"} <= present
    assert not [
        finding.criterion.label for finding in evaluate(healthy()) if finding.present and finding.criterion.label
    ]


@pytest.mark.parametrize(
    ("quantity", "value", "criterion", "expected"),
    [
        ("heart_rate", 59.9, "bradycardia", True),
        ("heart_rate", 60.0, "bradycardia", False),
        ("heart_rate", 60.0, "normal_rate", True),
        ("heart_rate", 100.0, "tachycardia", False),
        ("heart_rate", 100.1, "tachycardia", True),
        ("pr_interval", 200.0, "long_pr", False),
        ("pr_interval", 200.1, "long_pr", True),
        ("pr_interval", 119.9, "short_pr", True),
        ("qrs_duration", 119.9, "wide_qrs", False),
        ("qrs_duration", 120.0, "wide_qrs", True),
        ("qrs_axis", -30.0, "left_axis_deviation", False),
        ("qrs_axis", -30.1, "left_axis_deviation", True),
        ("qrs_axis", 90.1, "right_axis_deviation", True),
        ("qtc_bazett", 440.0, "long_qtc", False),
        ("qtc_bazett", 440.1, "long_qtc", True),
    ],
)
def test_thresholds_fall_where_the_table_says(quantity: str, value: float, criterion: str, expected: bool) -> None:
    assert find(healthy({quantity: value}), criterion).present is expected


def test_st_elevation_needs_two_neighbouring_leads() -> None:
    one = healthy({("st_j", "II"): 0.15})
    apart = healthy({("st_j", "V1"): 0.25, ("st_j", "V3"): 0.25})
    two = healthy({("st_j", "V2"): 0.25, ("st_j", "V3"): 0.25})
    assert not find(one, "inferior_st_elevation").present
    assert not find(apart, "anterior_st_elevation").present
    assert find(two, "anterior_st_elevation").leads == ("V2", "V3")


def test_precordial_leads_need_twice_the_elevation_of_limb_leads() -> None:
    shallow = healthy({("st_j", lead): 0.15 for lead in ("V2", "V3", "II", "aVF")})
    assert find(shallow, "inferior_st_elevation").present
    assert not find(shallow, "anterior_st_elevation").present


def test_what_cannot_be_measured_is_never_absent_nor_present() -> None:
    for finding in evaluate(MeasurementTable(())):
        assert finding.state is State.NOT_MEASURABLE
        assert finding.reason


def test_missing_leads_leave_a_territory_open_unless_the_rest_decides() -> None:
    two = ("II", "V1")
    assert find(healthy(leads=two), "inferior_st_elevation").state is State.NOT_MEASURABLE
    assert find(healthy(leads=("II", "aVF")), "inferior_st_elevation").state is State.ABSENT
    elevated = healthy({"st_j": 0.2}, leads=("II", "aVF"))
    assert find(elevated, "inferior_st_elevation").state is State.PRESENT


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([("st_j", lead) for lead in LEADS] + [("t_amplitude", lead) for lead in LEADS]),
        st.floats(-1, 1),
    ),
    st.sets(st.sampled_from(LEADS)),
)
def test_taking_values_away_never_turns_a_finding_round(
    changed: dict[str | tuple[str, str], float | None], gone: set[str]
) -> None:
    """Three-valued logic is monotone: less knowledge gives the same answer or none."""
    full, less = dict(changed), dict(changed)
    for lead in gone:
        less[("st_j", lead)] = less[("t_amplitude", lead)] = None
    for before, after in zip(evaluate(healthy(full)), evaluate(healthy(less)), strict=True):
        assert after.state in (before.state, State.NOT_MEASURABLE)


def test_a_path_is_walked_to_its_decision_with_findings_on_the_way() -> None:
    walked = walk(healthy({("st_j", lead): -0.09 for lead in ("II", "III")}), "inferior_ischemia")
    assert walked.decisions == (Decision.YES,)
    assert walked.findings[0].leads == ("II", "III")
    walked = walk(healthy(), "inferior_ischemia")
    assert walked.decisions == (Decision.FURTHER, Decision.NO)
    assert walk(healthy({"st_j": None}), "inferior_ischemia").decision is Decision.NOT_MEASURABLE


@pytest.mark.parametrize(
    ("avl", "v5", "qrs", "expected"),
    [
        (0.5, 1.0, 90, Decision.NO),
        (1.2, 3.0, 90, Decision.YES),
        (0.5, 3.0, 90, Decision.NO),
        (1.2, 3.0, 200, Decision.YES),
    ],
)
def test_hypertrophy_needs_two_voltages_or_one_with_strain(
    avl: float, v5: float, qrs: float, expected: Decision
) -> None:
    changed: dict[str | tuple[str, str], float | None] = {
        ("r_amplitude", "aVL"): avl,
        ("r_amplitude", "V5"): v5,
        "qrs_duration": qrs,
    }
    walked = walk(healthy(changed), "left_ventricular_hypertrophy")
    assert walked.decision is expected
    assert [finding.criterion.id for finding in walked.findings[:3]] == ["r_avl", "sokolow", "cornell_product"]


def test_one_voltage_with_strain_is_hypertrophy() -> None:
    strain: dict[str | tuple[str, str], float | None] = {
        ("r_amplitude", "V5"): 3.0,
        ("st_j", "V6"): -0.1,
        ("t_amplitude", "V6"): -0.2,
    }
    assert walk(healthy(strain), "left_ventricular_hypertrophy").decision is Decision.YES
