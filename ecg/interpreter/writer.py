"""The writer: the whole reply from measurements, findings and rhythm.

Owns steps 1 and 6, the summary, the abstention and the rhythms without conducted beats; `steps` writes 2 to 5. Every
number it writes is a measurement of the window; it says what it could not measure and with which leads it looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ecg.interpretation import STEP_TITLES, Reply, Step
from ecg.interpreter import steps
from ecg.interpreter.episode import Episode
from ecg.interpreter.episode_text import episode_text, rate_text
from ecg.interpreter.labels import NOT_INTERPRETABLE, is_chaotic, labels_of, rhythm_label, telling
from ecg.interpreter.listening import Heard
from ecg.interpreter.quality_gate import usable_leads
from ecg.interpreter.rhythm_reading import RhythmReading
from ecg.interpreter.sentences import leads_text, sentence, stated, value_text
from ecg.measurements.measurement import MeasurementTable
from ecg.protocol.rules import Finding
from ecg.windows import Window

_NO_CONDUCTION = "Not measurable: in {rhythm} there are no conducted beats to measure."


def write(
    table: MeasurementTable,
    findings: Sequence[Finding],
    reading: RhythmReading,
    heard: Heard,
    window: Window,
    episode: Episode | None = None,
) -> Reply:
    """The reply for a window that can be interpreted.

    Args:
        table: Measurements with rhythm rows.
        findings: Of the ecg-r1 profile.
        reading: The rhythm.
        heard: What the monitor heard.
        window: The signal, for its leads and length.
        episode: What the window shows of the alarm's episode; its rate is told in place of the whole window's.

    Returns:
        Six steps, summary, labels.
    """
    by_id = {finding.criterion.id: finding for finding in findings}
    labels = labels_of(findings, reading)
    if is_chaotic(reading) and reading.row != "rhythm_paced" and not _conducts(reading, table):
        blank = _NO_CONDUCTION.format(rhythm=reading.name)
        texts = [blank, blank, blank, blank]
    else:
        texts = [
            steps.conduction(table, by_id),
            steps.voltage(table, by_id),
            steps.ischaemia(table, by_id),
            steps.repolarisation(table, by_id),
        ]
    texts = [_rhythm_step(table, by_id, reading, heard, window, episode), *texts, _reasoning(table, by_id, reading)]
    numbered = tuple(
        Step(number, title, text) for number, (title, text) in enumerate(zip(STEP_TITLES, texts, strict=True), 1)
    )
    return Reply(numbered, _summary(table, findings, reading, window, episode), labels)


def abstain(reason: str) -> Reply:
    """The reply for a window that cannot be interpreted."""
    text = f"Not interpretable: {reason}."
    first = Step(1, STEP_TITLES[0], text)
    rest = tuple(Step(number, STEP_TITLES[number - 1], "Not assessed.") for number in range(2, 7))
    return Reply((first, *rest), text, (NOT_INTERPRETABLE,), abstained=True, reason=reason)


def _conducts(reading: RhythmReading, table: MeasurementTable) -> bool:
    """A wide-complex tachycardia still has QRS complexes worth measuring."""
    return reading.row == "rhythm_wide_complex_tachycardia" and table.get("qrs_duration").value is not None


def _rhythm_step(
    table: MeasurementTable,
    by_id: Mapping[str, Finding],
    reading: RhythmReading,
    heard: Heard,
    window: Window,
    episode: Episode | None,
) -> str:
    return sentence(
        _quality(heard, window),
        _alarm(reading),
        episode_text(episode) or _rate(table, by_id, reading),
        _p_waves(table, by_id, reading),
        f"Rhythm: {rhythm_label(dict(by_id), reading)} ({reading.why})." if reading.row else _undetermined(reading),
        _ectopy(reading),
    )


def _quality(heard: Heard, window: Window) -> str:
    usable = usable_leads(window, heard)
    poor = [lead for lead in window.lead_names if lead not in usable]
    text = f"Signal quality acceptable in {len(usable)} of {len(window.lead_names)} leads."
    if len(window.lead_names) < 12:
        text += f" Recorded leads: {', '.join(window.lead_names)}."
    if poor:
        text += f" Poor or missing: {', '.join(poor)}."
    return text


def _alarm(reading: RhythmReading) -> str:
    if reading.alarm is None:
        return ""
    if reading.confirmed is None:
        return f"Sent for an alarm ({reading.alarm.code.value}), which this window cannot settle."
    if reading.confirmed:
        return f"Sent for an alarm ({reading.alarm.code.value}), which this window bears out."
    return f"Sent for an alarm ({reading.alarm.code.value}), which this window does not bear out."


def _rate(table: MeasurementTable, by_id: Mapping[str, Finding], reading: RhythmReading) -> str:
    if reading.row in ("rhythm_ventricular_fibrillation", "rhythm_asystole"):
        return ""
    row = table.get("heart_rate")
    if row.value is None:
        return stated("Ventricular rate", row)
    if by_id["bradycardia"].present:
        words = "below 60 bpm"
    elif by_id["tachycardia"].present:
        words = "above 100 bpm"
    else:
        words = "between 60 and 100 bpm"
    regular = by_id["irregular_rr"]
    tail = "" if regular.reason else f" RR intervals {'irregular' if regular.present else 'regular'}."
    return f"Ventricular rate {value_text(row)}, {words}.{tail}"


def _p_waves(table: MeasurementTable, by_id: Mapping[str, Finding], reading: RhythmReading) -> str:
    if is_chaotic(reading):
        return ""
    if reading.row == "rhythm_atrial_fibrillation" or not by_id["p_waves"].present:
        return "No P waves before the QRS complexes." if not by_id["p_waves"].reason else ""
    parts = ["P waves present."]
    if by_id["sinus_p_axis"].present:
        parts.append("They are upright in II and inverted in aVR.")
    duration, height = table.get("p_duration"), table.get("p_amplitude", "II")
    if duration.value is not None:
        parts.append(stated("P duration", duration))
    if by_id["left_atrial_enlargement"].present:
        parts.append("Left atrial enlargement.")
    if height.value is not None:
        parts.append(f"P amplitude in II {value_text(height)}.")
        parts.append("Right atrial enlargement." * by_id["right_atrial_enlargement"].present)
    if by_id["lead_reversal"].present:
        parts.append("P, QRS and T are inverted in lead I: arm-lead reversal is possible.")
    return sentence(*parts)


def _undetermined(reading: RhythmReading) -> str:
    return f"The rhythm could not be determined ({reading.why})."


def _ectopy(reading: RhythmReading) -> str:
    parts = []
    if reading.ventricular:
        parts.append(f"Ventricular ectopic beats: {reading.ventricular} in the window.")
    if reading.supraventricular:
        parts.append(f"Supraventricular ectopic beats: {reading.supraventricular} in the window.")
    return sentence(*parts)


def _reasoning(table: MeasurementTable, by_id: Mapping[str, Finding], reading: RhythmReading) -> str:
    """What is rejected, and by which finding."""
    rhythm = rhythm_label(dict(by_id), reading)
    parts = [f"The evidence fits {rhythm}." if reading.row else "The evidence does not settle the rhythm."]
    qrs, rate = table.get("qrs_duration"), table.get("heart_rate")
    if reading.lethal:
        return sentence(*parts, "This is a life-threatening rhythm: check the patient now.")
    if reading.row == "rhythm_wide_complex_tachycardia":
        parts.append("It is to be held for ventricular tachycardia until proved otherwise.")
    if by_id["against_narrow_qrs"].present and not is_chaotic(reading):
        parts.append(f"The narrow QRS ({value_text(qrs)}) argues against ventricular tachycardia.")
    if by_id["against_p_and_regular"].present and reading.row == "rhythm_sinus":
        parts.append("P waves before the QRS and regular RR intervals argue against atrial fibrillation.")
    if reading.row == "rhythm_sinus" and by_id["against_normal_pr"].present:
        parts.append(
            f"The normal PR interval ({value_text(table.get('pr_interval'))}) argues against first-degree AV block."
        )
    for block, name in (("lbbb", "left bundle branch block"), ("rbbb", "right bundle branch block")):
        if by_id[block].present:
            parts.append(f"With {name}, changes of ST and T are expected and are held for secondary.")
    if rate.value is None:
        parts.append("Without a rate nothing is said of brady- or tachycardia.")
    return sentence(*parts)


def _summary(
    table: MeasurementTable,
    findings: Sequence[Finding],
    reading: RhythmReading,
    window: Window,
    episode: Episode | None,
) -> str:
    by_id = {finding.criterion.id: finding for finding in findings}
    rate = table.get("heart_rate")
    rhythm = rhythm_label(by_id, reading).capitalize()
    told = rate_text(episode)
    if told and reading.row not in ("rhythm_ventricular_fibrillation", "rhythm_asystole"):
        head = f"{rhythm}; {told}."
    elif reading.row in ("rhythm_ventricular_fibrillation", "rhythm_asystole") or rate.value is None:
        head = f"{rhythm}."
    else:
        head = f"{rhythm}, ventricular rate {value_text(rate)}."
    if is_chaotic(reading):
        body = "Life-threatening: check the patient now." if reading.lethal else ""
        return sentence(head, _alarm(reading), body)
    named = [finding.criterion.label for finding in telling(findings)]
    body = f"Findings: {'; '.join(named)}." if named else "No other abnormality among what could be measured."
    unknown = _not_looked_at(by_id, window)
    return sentence(head, _alarm(reading), body, unknown)


def _not_looked_at(by_id: Mapping[str, Finding], window: Window) -> str:
    """With few leads the summary says what nobody looked at."""
    topics = {
        "the axis": "normal_axis",
        "bundle branches": "rbbb",
        "voltage": "lvh_voltage",
        "all territories of ischaemia": "anterior_st_elevation",
    }
    missing = [topic for topic, key in topics.items() if by_id[key].reason]
    if not missing or len(window.lead_names) >= 12:
        return ""
    return f"Not assessed with these leads: {leads_text(missing)}."
