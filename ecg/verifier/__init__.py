"""The verifier: finds every checkable statement of a reply and judges it against the measurements of the same window.

`quantity_terms` and `finding_terms` hold the vocabulary, `extract` finds claims with their character spans, `judge` compares
them. Must not import the interpreter: it must know nothing of who wrote the reply.
"""

from __future__ import annotations

from ecg.interpretation import LABELS_STEP, SUMMARY_STEP, Claim, Reply
from ecg.measurements.measurement import MeasurementTable
from ecg.verifier.extract import extract
from ecg.verifier.judge import judge


def verify(reply: Reply, table: MeasurementTable) -> tuple[Claim, ...]:
    """Judges every claim of a reply.

    Args:
        reply: The six steps, summary and labels, whoever wrote them.
        table: Measurements of the same window, rhythm rows included.

    Returns:
        Claims in reading order; spans count characters of the step's text, of the summary, or of the labels joined by
        "; ".
    """
    texts = [(step.number, step.text) for step in reply.steps]
    texts += [(SUMMARY_STEP, reply.summary), (LABELS_STEP, "; ".join(reply.labels))]
    return tuple(judge(stated, step, table) for step, text in texts for stated in extract(text))


__all__ = ["verify"]
