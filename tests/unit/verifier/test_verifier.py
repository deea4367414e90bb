"""The verifier: what it finds in a text and how it judges it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg.interpretation import STEP_TITLES, Claim, ClaimKind, Reply, Step, Verdict
from ecg.measurements.measurement import MeasurementTable
from ecg.verifier import verify
from ecg.verifier.extract import extract
from ecg.verifier.mentions import lead_mentions, numbers
from tests.unit.protocol.tables import healthy

S, C, N = Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.NOT_MEASURABLE


def claims(text: str, table: MeasurementTable | None = None) -> list[Claim]:
    reply = Reply((Step(1, STEP_TITLES[0], text),), "", ())
    return [claim for claim in verify(reply, table or healthy()) if claim.step == 1]


def verdicts(text: str, table: MeasurementTable | None = None) -> list[Verdict]:
    return [claim.verdict for claim in claims(text, table)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Numbers: units, hyphens, seconds, no unit, ranges.
        ("PR interval 160 ms.", [S]),
        ("PR interval of 0.16 s.", [S]),
        ("a 160-ms PR interval", [S]),
        ("PR: 0.16-s", [S]),
        ("PR 160", [S]),
        ("The PR interval measures 240 ms.", [C]),
        ("QRS duration 90–100 ms", [S]),
        ("QRS duration between 120 and 140 ms", [C]),
        ("Heart rate is approximately 74 beats per minute", [S]),
        ("at a rate of 120/min", [C]),
        ("QRS axis +45°", [S]),
        ("The axis is −60 degrees.", [C]),
        ("axis of 400 degrees", [S]),
        ("R amplitude in V5 9 mm", [S]),
        ("R amplitude in V5 0.9 mV and in V1 0.9 mV", [S, C]),
        ("T amplitude 300 µV in II", [S]),
        ("S in V1 plus R in V6 1.80 mV", [S]),
        ("SV1 + RV6 40 mm", [C]),
        # Comparisons and their denials.
        ("QTc is below 440 ms.", [S]),
        ("QTc exceeds 440 ms.", [C]),
        ("PR does not exceed 200 ms", [S]),
        ("QRS ≥ 120 ms", [C]),
        ("QRS of 120 ms or more", [C]),
        ("PR interval of 200 ms or less", [S]),
        ("heart rate greater than 100 bpm", [C]),
        # Findings, with and without leads.
        ("Normal axis.", [S]),
        ("Left axis deviation.", [C]),
        ("There is ST elevation in V2 and V3.", [C]),
        ("ST elevation of 2 mm in leads II, III and aVF.", [C, C]),
        ("V1-V4 show T wave inversion.", [C]),
        ("Complete LBBB.", [C]),
        ("Sinus rhythm.", [S]),
        ("Atrial fibrillation.", [C]),
        ("The QTc is prolonged.", [C]),
        # Negation and its scope.
        ("No ST elevation.", [S]),
        ("No ST elevation in V1–V6.", [S]),
        ("No ST elevation, ST depression or T wave inversion.", [S, S, S]),
        ("No ST elevation, normal axis.", [S, S]),
        ("No ST elevation but left axis deviation.", [S, C]),
        ("ST elevation is not seen.", [S]),
        ("ST elevation is absent; LVH is present.", [S, C]),
        ("Without evidence of atrial fibrillation.", [S]),
        ("The narrow QRS argues against ventricular tachycardia.", [S, S]),
        ("P waves are absent.", [C]),
        ("The QRS is not wide.", [S]),
        ("The PR interval is not normal.", [C]),
        ("Neither ST elevation nor ST depression.", [S, S]),
        ("no sinus rhythm", [C]),
        # What is only quoted as a norm is no claim.
        ("QTc 416 ms (normal < 440 ms)", [S]),
        ("PR 160 ms (normal range 120–200 ms)", [S]),
        ("Recorded at 25 mm/s and 10 mm/mV.", []),
        # What the measurements cannot decide.
        ("Hyperkalaemia is likely.", [N]),
        ("Atrial fibrillation cannot be excluded.", [N]),
        ("Something of 92 ms.", [N]),
        ("The QRS axis is not measurable.", [C]),
    ],
)
def test_statements_are_found_and_judged(text: str, expected: list[Verdict]) -> None:
    assert verdicts(text) == expected, [(claim.text, claim.evidence) for claim in claims(text)]


def test_two_leads_judge_what_they_show_and_leave_the_rest_open() -> None:
    table = healthy({"qrs_axis": None}, leads=("II", "V1"))
    assert verdicts("No ST elevation in II.", table) == [S]
    assert verdicts("No ST elevation.", table) == [N]
    assert verdicts("ST elevation in V2.", table) == [N]
    assert verdicts("QRS axis not measurable with these leads.", table) == [N]
    assert verdicts("Left axis deviation.", table) == [N]
    elevated = healthy({("st_j", "II"): 0.3}, leads=("II", "V1"))
    assert verdicts("No ST elevation.", elevated) == [C]


def test_a_finding_asserted_of_several_leads_must_hold_in_each_and_denied_in_none() -> None:
    table = healthy({("st_j", "V2"): 0.3})
    assert verdicts("ST elevation in V2 and V3.", table) == [C]
    assert verdicts("No ST elevation in V2 and V3.", table) == [C]
    assert verdicts("ST elevation in V2.", table) == [S]
    assert verdicts("No ST elevation in V3.", table) == [S]


def test_spans_point_at_the_words() -> None:
    text = "Rate 72 bpm. No ST elevation; QRS duration 140 ms."
    for claim in claims(text):
        assert text[claim.start : claim.end] == claim.text
    wrong = [claim for claim in claims(text) if claim.verdict is C]
    assert [claim.text for claim in wrong] == ["QRS duration 140 ms"]
    assert "92 ms" in wrong[0].evidence


def test_summary_and_labels_are_judged_too() -> None:
    reply = Reply((), "Atrial fibrillation, rate 72 bpm.", ("sinus rhythm", "left ventricular hypertrophy"))
    judged = verify(reply, healthy())
    assert [(claim.step, claim.verdict) for claim in judged] == [(0, C), (0, S), (7, S), (7, C)]


def test_kinds_are_told_apart() -> None:
    kinds = [claim.kind for claim in claims("PR 160 ms. QTc < 440 ms. Normal axis. No ST elevation.")]
    assert kinds == [ClaimKind.NUMBER, ClaimKind.COMPARISON, ClaimKind.FINDING, ClaimKind.NEGATION]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in V1–V4", ("V1", "V2", "V3", "V4")),
        ("V1 through V3", ("V1", "V2", "V3")),
        ("II, III, and aVF", ("II", "III", "aVF")),
        ("leads I and AVL", ("I", "aVL")),
        ("inferior leads", ("II", "III", "aVF")),
        ("V2-4", ("V2", "V3", "V4")),
    ],
)
def test_leads_are_read(text: str, expected: tuple[str, ...]) -> None:
    assert [mention.leads for mention in lead_mentions(text)] == [expected]


def test_a_pronoun_is_no_lead_and_an_unknown_lead_is_not_measurable() -> None:
    assert lead_mentions("I think so") == []
    assert verdicts("ST elevation in V9.") == [N]
    assert verdicts("R amplitude in V8 0.9 mV") == [N]


@given(st.sampled_from([("PR interval", 160, "ms", 10), ("QRS duration", 92, "ms", 10), ("QT interval", 380, "ms", 25),
                        ("Heart rate", 72, "bpm", 7.2), ("QRS axis", 45, "degrees", 10)]), st.floats(-3, 3))  # fmt: skip
def test_a_number_is_supported_within_its_tolerance_and_contradicted_beyond(
    stated: tuple[str, float, str, float], step: float
) -> None:
    name, value, unit, allowed = stated
    said = round(value + step * allowed, 1)
    off = abs(said - value)
    if abs(off - allowed) < 0.1:
        return
    assert verdicts(f"{name} is {said} {unit}.") == [S if off < allowed else C]


@given(
    st.floats(0, 2000, allow_nan=False),
    st.sampled_from(["ms", "s", "mV", "mm", "bpm", "°", "µV"]),
    st.text(max_size=30),
)
def test_no_number_with_a_unit_passes_without_a_claim(value: float, unit: str, before: str) -> None:
    text = f"{before} Q {value:.1f} {unit}"
    spans = [(claim.start, claim.end) for claim in claims(text)]
    for number in numbers(text):
        sentence_claims = any(start <= number.start < end for start, end in spans)
        assert sentence_claims or _quoted(text, number.start)


def _quoted(text: str, start: int) -> bool:
    from ecg.verifier.scope import is_reference

    return is_reference(text[:start] + "1 ms", start, start + 4)


@given(st.text(max_size=200))
def test_any_text_is_read_without_error_and_spans_hold(text: str) -> None:
    for stated in extract(text):
        assert 0 <= stated.start < stated.end <= len(text)
        assert text[stated.start : stated.end] == stated.text
