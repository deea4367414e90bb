"""What the ward's reasoner says of an alarm: interpretations with claims of every verdict."""

from __future__ import annotations

from ecg.conditions import ConditionCode
from ecg.interpretation import (
    STEP_TITLES,
    SUMMARY_STEP,
    Accepted,
    Checked,
    Claim,
    ClaimKind,
    Finished,
    InterpretEvent,
    Labelled,
    Step,
    Summarised,
    Verdict,
)


def explanation_summary(code: ConditionCode) -> str:
    """The last word on an alarm."""
    if code is ConditionCode.VFB:
        return "Coarse ventricular fibrillation: chaotic waveform at about 4.6 Hz, no organised QRS complexes."
    return "Atrial fibrillation with a mean ventricular rate of 98 bpm; QRS narrow; no ischaemic ST change measured."


def explanation(code: ConditionCode) -> list[InterpretEvent]:
    """Events of an interpretation with claims of every verdict; each step is checked before the next is written."""
    af = code is ConditionCode.AFIB
    texts = (
        "Two leads, baseline stable. Ventricular rate 98 bpm. RR intervals are irregularly irregular; no P waves are seen."
        if af
        else "Two leads. No QRS complexes for 18 s; dominant frequency 4.6 Hz. Heart rate cannot be counted.",
        "QRS duration 84 ms, narrow. The axis is normal." if af else "No organised conduction; QRS duration 120 ms.",
        "Voltage is not assessed from two leads.",
        "No ST elevation in II or V1.",
        "QTc 452 ms, prolonged above 440 ms." if af else "QTc is not measurable without a T wave.",
        "Irregular rhythm without P waves makes atrial fibrillation; narrow QRS excludes ventricular tachycardia."
        if af
        else "Chaotic waveform without QRS makes ventricular fibrillation; artefact is unlikely, both leads agree.",
    )
    marks: tuple[tuple[str, int, Verdict, str], ...] = (
        ("Ventricular rate 98 bpm", 1, Verdict.SUPPORTED, "Heart rate 98 bpm from 16 beats"),
        ("RR intervals are irregularly irregular", 1, Verdict.SUPPORTED, "RR coefficient of variation 0.22"),
        ("no P waves", 1, Verdict.SUPPORTED, "P found before 1 of 16 beats"),
        ("No QRS complexes for 18 s", 1, Verdict.SUPPORTED, "No beat between 20.0 s and 38.0 s"),
        ("dominant frequency 4.6 Hz", 1, Verdict.SUPPORTED, "Spectral peak, lead II: 4.58 Hz"),
        ("QRS duration 84 ms", 2, Verdict.SUPPORTED, "QRS duration, lead II: 86 ms"),
        ("The axis is normal", 2, Verdict.NOT_MEASURABLE, "Axis needs leads I and aVF; II and V1 are there"),
        (
            "QRS duration 120 ms",
            2,
            Verdict.CONTRADICTED,
            "No QRS complex in the window: nothing of 120 ms was measured",
        ),
        ("No ST elevation in II or V1", 4, Verdict.SUPPORTED, "ST at J+60 ms: II 0.01 mV, V1 0.02 mV"),
        ("QTc 452 ms", 5, Verdict.CONTRADICTED, "QTc (Fridericia), lead II: 418 ms"),
        ("narrow QRS", 6, Verdict.SUPPORTED, "QRS duration, lead II: 86 ms"),
        ("Chaotic waveform without QRS", 6, Verdict.SUPPORTED, "No beat in the window, regularity index 0.12"),
        ("artefact is unlikely", 6, Verdict.NOT_MEASURABLE, "No measurement separates the two here"),
    )

    def claims(step: int, text: str) -> Checked:
        return Checked(
            tuple(
                Claim(said, step, ClaimKind.FINDING, verdict, evidence, text.index(said), text.index(said) + len(said))
                for said, number, verdict, evidence in marks
                if number == step and said in text
            )
        )

    events: list[InterpretEvent] = [Accepted(0, "protocol-interpreter")]
    for number, text in enumerate(texts, 1):
        events += [Step(number, STEP_TITLES[number - 1], text), claims(number, text)]
    labels = ("atrial fibrillation",) if af else ("ventricular fibrillation",)
    summary = explanation_summary(code)
    rate = "98 bpm" if af else "4.6 Hz"
    at = summary.index(rate)
    said = Claim(rate, SUMMARY_STEP, ClaimKind.NUMBER, Verdict.SUPPORTED, "as measured in step 1", at, at + len(rate))
    return [*events, Summarised(summary), Labelled(labels), Checked((said,)), Finished(summary, 8400)]
