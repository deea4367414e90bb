"""Nothing of the two sources is left out of the tables: the phases of the ECG-R1 protocol, the paths of 17 diagnoses.

The first is written down here item by item, with the threshold the source gives; the second is read from the data.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecg.protocol.evaluator import TABLES, evaluate, find
from ecg.protocol.paths import PATHS
from ecg.protocol.rules import AllOf, AnyOf, Criterion, Decision, Given, Not, Op, PerLead, Profile, Rule, State, Test
from tests.unit.protocol.tables import healthy

R1 = TABLES[Profile.ECG_R1]
BENCHMARK = TABLES[Profile.REASONING_BENCHMARK]

# Phase, item as the protocol has it, criterion, and the comparisons the source gives: (quantity, how, threshold, unit).
ITEMS: tuple[tuple[int, str, str, tuple[tuple[str, str, float, str], ...]], ...] = (
    (1, "stable baseline, calibration", "signal_quality", (("measured_leads", ">=", 1, ""),)),
    (1, "P, QRS, T inverted in I", "lead_reversal", (("qrs_net", "<", 0, "mV"),)),
    (1, "< 60 bradycardia", "bradycardia", (("heart_rate", "<", 60, "bpm"),)),
    (1, "60-100 normal", "normal_rate", (("heart_rate", ">=", 60, "bpm"), ("heart_rate", "<=", 100, "bpm"))),
    (1, "> 100 tachycardia", "tachycardia", (("heart_rate", ">", 100, "bpm"),)),
    (1, "P upright in II, III, aVF", "p_upright_inferior", (("p_amplitude", ">", 0, "mV"),)),
    (1, "P inverted in aVR", "sinus_p_axis", (("p_amplitude", "<", 0, "mV"),)),
    (1, "irregularly irregular without P", "irregular_without_p", ()),
    (1, "occasional irregularity", "occasional_irregularity", (("premature_beats", ">=", 1, ""),)),
    (1, "grouped beating", "grouped_beating", (("blocked_p", ">=", 1, ""),)),
    (1, "P < 0.12 s and < 2.5 mm", "normal_p", (("p_duration", "<", 120, "ms"), ("p_amplitude", "<", 0.25, "mV"))),
    (1, "right atrial: above 2.5 mm in II", "right_atrial_enlargement", (("p_amplitude", ">", 0.25, "mV"),)),
    (
        1,
        "left atrial: notched and above 0.12 s, or deep end in V1",
        "left_atrial_enlargement",
        (("p_duration", ">", 120, "ms"), ("p_notched", ">", 0.5, ""), ("p_terminal_amplitude", "<=", -0.1, "mV")),
    ),
    (2, "axis -30 to +90", "normal_axis", (("qrs_axis", ">=", -30, "deg"), ("qrs_axis", "<=", 90, "deg"))),
    (2, "I up, II up", "i_up_ii_up", (("qrs_net", ">", 0, "mV"),)),
    (2, "left: I up, II down", "i_up_ii_down", (("qrs_net", ">", 0, "mV"), ("qrs_net", "<", 0, "mV"))),
    (2, "right: I down, aVF up", "i_down_avf_up", (("qrs_net", "<", 0, "mV"), ("qrs_net", ">", 0, "mV"))),
    (2, "PR 0.12-0.20", "normal_pr", (("pr_interval", ">=", 120, "ms"), ("pr_interval", "<=", 200, "ms"))),
    (2, "shorter", "short_pr", (("pr_interval", "<", 120, "ms"),)),
    (2, "pre-excitation (delta wave)", "pre_excitation", (("delta_slur", ">", 0.5, ""),)),
    (2, "low atrial or junctional", "short_pr_inverted_p", (("p_amplitude", "<", 0, "mV"),)),
    (2, "longer: AV block", "long_pr", (("pr_interval", ">", 200, "ms"),)),
    (2, "QRS below 0.10", "normal_qrs", (("qrs_duration", "<", 100, "ms"),)),
    (2, "0.10-0.12", "qrs_100_to_120", (("qrs_duration", ">=", 100, "ms"), ("qrs_duration", "<=", 120, "ms"))),
    (2, "above 0.12", "wide_qrs", (("qrs_duration", ">=", 120, "ms"),)),
    (2, "RBBB: rSR' in V1", "rsr_v1", (("rsr_prime", ">", 0.5, ""),)),
    (2, "RBBB", "rbbb", (("s_duration", ">", 40, "ms"),)),
    (2, "LBBB: QS in V1", "dominant_s_v1", (("qrs_net", "<", 0, "mV"),)),
    (2, "LBBB", "lbbb", (("s_depth", "<", 0.1, "mV"),)),
    (
        3,
        "S(V1)+R(V6) > 35 mm, R(I) > 15, R(aVL) > 11",
        "lvh_voltage",
        (("sokolow_lyon_v6", ">", 3.5, "mV"), ("r_amplitude", ">", 1.5, "mV"), ("r_amplitude", ">", 1.1, "mV")),
    ),
    (3, "limb below 5 mm", "low_voltage_limb", (("qrs_peak_to_peak", "<", 0.5, "mV"),)),
    (3, "precordial below 10 mm", "low_voltage_precordial", (("qrs_peak_to_peak", "<", 1.0, "mV"),)),
    (3, "poor R progression", "poor_r_progression", (("r_amplitude", "<=", 0.3, "mV"),)),
    (3, "dominant R in V1", "dominant_r_v1", (("qrs_net", ">", 0, "mV"),)),
    (3, "RVH", "dominant_r_v1_right_axis", ()),
    (3, "posterior infarction", "dominant_r_v1_posterior", (("st_j", "<=", -0.05, "mV"),)),
    *(
        (4, f"{name} ST elevation", f"{name}_st_elevation", (("st_j", ">=", 0.1, "mV"), ("st_j", ">=", 0.2, "mV")))
        for name in ("inferior", "lateral", "anterior")
    ),
    *(
        (4, f"{name} depression", f"{name}_st_depression", (("st_j", "<=", -0.05, "mV"), ("st_j60", "<=", -0.05, "mV")))
        for name in ("inferior", "lateral", "anterior")
    ),
    *(
        (4, f"{name} T inversion", f"{name}_t_inversion", (("t_amplitude", "<=", -0.1, "mV"),))
        for name in ("inferior", "lateral", "anterior")
    ),
    *(
        (4, f"{name} Q", f"{name}_q_waves", (("q_duration", ">=", 30, "ms"), ("q_depth", ">=", 0.1, "mV")))
        for name in ("inferior", "lateral", "anterior")
    ),
    (4, "convex", "convex_st_elevation", (("st_bulge", ">=", 0.01, "mV"),)),
    (4, "reciprocal changes", "reciprocal_st_depression", (("st_j", "<=", -0.05, "mV"),)),
    (4, "diffuse concave, PR depression", "diffuse_st_elevation", (("pr_segment", "<=", -0.05, "mV"),)),
    (4, "RV: V1 > V2", "st_v1_above_v2", (("st_v1_less_v2", ">", 0, "mV"),)),
    (4, "horizontal or down-sloping depression", "horizontal_st_depression", (("st_j80", "<=", -0.05, "mV"),)),
    (4, "symmetrical T inversion", "symmetrical_t_inversion", (("t_amplitude", "<=", -0.1, "mV"),)),
    (5, "QTc at most 440", "normal_qtc", (("qtc_bazett", "<=", 440, "ms"),)),
    (5, "QTc above 440", "long_qtc", (("qtc_bazett", ">", 440, "ms"),)),
    (5, "tall T", "tall_t", (("t_amplitude", ">", 0.5, "mV"), ("t_amplitude", ">", 1.0, "mV"))),
    (5, "tented T", "tented_t", (("t_symmetry", ">=", 0.85, ""),)),
    (5, "flat T", "flat_t", (("t_amplitude", "<", 0.05, "mV"),)),
    (5, "with U", "flat_t_with_u", (("u_amplitude", ">=", 0.05, "mV"),)),
    (6, "a narrow QRS rules out VT", "against_narrow_qrs", ()),
)


def _tests(rule: Rule) -> Iterator[Test]:
    match rule:
        case Test():
            yield rule
        case PerLead(rule=inner) | Not(rule=inner):
            yield from _tests(inner)
        case AllOf(rules) | AnyOf(rules):
            for part in rules:
                yield from _tests(part)
        case Given():
            return


@pytest.mark.parametrize(("phase", "item", "criterion", "comparisons"), ITEMS, ids=[item[2] for item in ITEMS])
def test_every_item_of_the_protocol_is_a_row(
    phase: int, item: str, criterion: str, comparisons: tuple[tuple[str, str, float, str], ...]
) -> None:
    row = R1[criterion]
    assert row.phase == phase and row.citation and row.profile is Profile.ECG_R1 and row.statement, item
    asked = {(test.quantity, test.op.value, test.threshold, test.unit) for test in _tests(row.rule)}
    assert set(comparisons) <= asked


def test_every_phase_has_rows_and_the_last_rejects_alternatives() -> None:
    assert {row.phase for row in R1.values()} == set(range(1, 7))
    assert all(row.excludes for row in R1.values() if row.phase == 6)


def test_normal_findings_reject_and_abnormal_ones_do_not() -> None:
    rejected = {name for f in evaluate(healthy()) if f.present for name in f.criterion.excludes}
    assert {"ventricular tachycardia", "atrial fibrillation", "first degree AV block"} <= rejected
    wide = {name for f in evaluate(healthy({"qrs_duration": 160})) if f.present for name in f.criterion.excludes}
    assert "ventricular tachycardia" not in wide and "atrial fibrillation" in wide
    silent = find(healthy({"qrs_duration": None}), "against_narrow_qrs")
    assert silent.state is State.NOT_MEASURABLE and silent.reason


@pytest.mark.parametrize(
    ("changed", "criterion"),
    [
        ({"rr_irregularity": 0.3, "p_present": 0.0}, "irregular_without_p"),
        ({("r_amplitude", "II"): 0.2, ("s_amplitude", "II"): -0.9}, "i_up_ii_down"),
        ({("r_amplitude", "I"): 0.1, ("s_amplitude", "I"): -0.9}, "i_down_avf_up"),
        ({"qrs_duration": 110.0}, "qrs_100_to_120"),
        ({("st_j", "II"): 0.15, ("st_j", "aVF"): 0.15, ("st_j", "aVL"): -0.08}, "reciprocal_st_depression"),
        ({("st_j", "V1"): 0.2, ("st_j", "V2"): 0.1}, "st_v1_above_v2"),
        ({"pr_interval": 100.0, ("p_amplitude", "II"): -0.1}, "short_pr_inverted_p"),
        (
            {
                ("r_amplitude", "V1"): 1.0,
                ("s_amplitude", "V1"): -0.1,
                ("st_j", "V2"): -0.1,
                ("st_j", "V3"): -0.1,
            },
            "dominant_r_v1_posterior",
        ),
        (
            {("r_amplitude", "V1"): 1.0, ("s_amplitude", "V1"): -0.1, "qrs_axis": 110.0},
            "dominant_r_v1_right_axis",
        ),
    ],
)
def test_joined_patterns_are_seen_and_absent_in_health(
    changed: dict[str | tuple[str, str], float | None], criterion: str
) -> None:
    assert find(healthy(changed), criterion).present
    assert not find(healthy(), criterion).present
    assert find(healthy(changed), criterion).criterion.suggests


# --- the decision paths of the benchmark ---

_HEADER = re.compile(r"^## \('(\w+)', (True|False), \d+\)")
_STEP = re.compile(r"^\s*\* (.*?) \| (.*?) -> (Yes|No)\s*$")
#: "greater than 0.1mV", "at least 55 ms": numbers with a unit in a question's note.
_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(mV\*s|mV|milliseconds|ms|degrees)")
_UNIT = {"mV*s": "mV·s", "mV": "mV", "milliseconds": "ms", "ms": "ms", "degrees": "deg"}

PathSteps = list[tuple[str, str, bool]]


def _published(data_dir: Path) -> dict[str, list[tuple[bool, PathSteps]]]:
    text = (data_dir / "criteria" / "ecg_reasoning_benchmark_criteria.txt").read_text(encoding="utf-8")
    paths: dict[str, list[tuple[bool, PathSteps]]] = defaultdict(list)
    for line in text.splitlines():
        if header := _HEADER.match(line):
            steps: PathSteps = []
            paths[header[1]].append((header[2] == "True", steps))
        elif step := _STEP.match(line):
            steps.append((step[1], step[2], step[3] == "Yes"))
    return paths


def _is_met(statement: str, question: str, yes: bool) -> bool:
    """An absence that is asked for as a presence is met by a no."""
    return not yes if statement.startswith("Absence of") and "absence" not in question.lower() else yes


def test_every_published_path_is_walked_to_its_decision(data_dir: Path) -> None:
    published = _published(data_dir)
    assert set(published) == set(PATHS) and len(published) == 17
    for diagnosis, several in published.items():
        for decided, steps in several:
            answers = ""
            for statement, question, yes in steps:
                node = PATHS[diagnosis].next(answers)
                assert isinstance(node, str), f"{diagnosis} has decided after {answers!r}, the source asks on"
                assert BENCHMARK[node].statement == statement, (diagnosis, answers)
                answers += "Y" if _is_met(statement, question, yes) else "N"
            assert PATHS[diagnosis].next(answers) is (Decision.YES if decided else Decision.NO), (diagnosis, answers)


def test_every_number_of_the_published_questions_is_a_threshold(data_dir: Path) -> None:
    checked = 0
    for diagnosis, several in _published(data_dir).items():
        for _, steps in several:
            answers = ""
            for statement, question, yes in steps:
                row = BENCHMARK[str(PATHS[diagnosis].next(answers))]
                answers += "Y" if _is_met(statement, question, yes) else "N"
                for number, unit in _NUMBER.findall(question):
                    if (number, unit) == ("180", "degrees"):
                        continue  # the end of the circle is no limit
                    assert (float(number), _UNIT[unit]) in _thresholds(row), (row.id, question)
                    checked += 1
    assert checked >= 100


def _thresholds(row: Criterion) -> set[tuple[float, str]]:
    return {(abs(test.threshold), test.unit) for test in _tests(row.rule)}


def test_ops_of_the_benchmark_are_strict_where_it_says_greater() -> None:
    assert next(_tests(BENCHMARK["wide_qrs"].rule)).op is Op.ABOVE
    assert next(_tests(BENCHMARK["long_pr"].rule)).op is Op.ABOVE
