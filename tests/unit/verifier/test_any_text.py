"""The verifier on any text: it never fails, never hangs, and every claim's span is the claim's own words."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.interpretation import LABELS_STEP, SUMMARY_STEP, Reply, Step, Verdict
from ecg.measurements.measurement import MeasurementTable
from ecg.verifier import verify
from tests.unit.protocol.tables import healthy

_VOCABULARY = (
    "no not without PR QRS QT QTc T ST P Q R II V1 V1–V4 aVL interval duration elevation depression in of is below above "
    "≥ < 120 160 0.16 −30 ms s mV mm bpm ° normal prolonged sinus rhythm atrial fibrillation block left bundle axis but , . "
    ": ; ( ) between and to waves inverted 1e9 99999999999999999999 0 -5 ½ ² ٣ inferior lateral leads ischaemia"
)
_WORDS = st.sampled_from(_VOCABULARY.split())
_TEXT = st.one_of(st.lists(_WORDS, max_size=30).map(" ".join), st.text(max_size=200))


@settings(max_examples=300, deadline=2000)
@given(_TEXT, _TEXT, st.lists(_TEXT, max_size=3))
def test_any_text_is_judged_and_spans_are_its_words(step: str, summary: str, labels: list[str]) -> None:
    reply = Reply((Step(1, "Rhythm", step),), summary, tuple(labels))
    texts = {1: step, SUMMARY_STEP: summary, LABELS_STEP: "; ".join(labels)}
    for claim in verify(reply, healthy()):
        assert 0 <= claim.start < claim.end <= len(texts[claim.step])
        assert texts[claim.step][claim.start : claim.end] == claim.text
        assert isinstance(claim.verdict, Verdict)


@settings(max_examples=150, deadline=2000)
@given(_TEXT)
def test_nothing_measured_supports_no_claim(text: str) -> None:
    """An empty table can neither bear out nor contradict: unknown is never zero."""
    for claim in verify(Reply((Step(1, "Rhythm", text),), "", ()), MeasurementTable(())):
        assert claim.verdict is Verdict.NOT_MEASURABLE, claim
