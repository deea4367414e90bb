"""Labels: the closed set an interpretation answers with, and which findings give which.

Owns the label of each rhythm and the order of labels. Must not write sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

from ecg.interpreter.rhythm_reading import RhythmReading
from ecg.protocol.rhythm_names import RHYTHMS
from ecg.protocol.rules import Finding
from ecg.protocol.table_ecg_r1 import CRITERIA

NORMAL = "normal ECG"
NOT_INTERPRETABLE = "not interpretable"
_ECTOPY = ("ventricular ectopic beats", "supraventricular ectopic beats")
_RATE = ("sinus bradycardia", "sinus tachycardia", "sinus arrhythmia")
ALL_LABELS: tuple[str, ...] = (
    NORMAL,
    NOT_INTERPRETABLE,
    *RHYTHMS.values(),
    *_RATE,
    *_ECTOPY,
    *dict.fromkeys(row.label for row in CRITERIA if row.label),
)
#: What must have been measured and found normal before an ECG is called normal.
_NORMAL = ("normal_rate", "normal_axis", "normal_pr", "narrow_qrs", "normal_qtc")
#: Labels that say nothing new beside another: a block explains ST, T, Q and axis changes secondarily.
_EXPLAINED = {
    "lbbb": ("_st_", "_t_inversion", "_q_waves", "poor_r", "lvh_voltage", "left_axis"),
    "rbbb": ("anterior_t_inversion", "dominant_r_v1", "anterior_st_depression"),
}


def labels_of(findings: Sequence[Finding], reading: RhythmReading) -> tuple[str, ...]:
    """Labels of a reading, the rhythm first.

    Args:
        findings: Of the ecg-r1 profile.
        reading: The rhythm.

    Returns:
        One label or more; "normal ECG" closes a list that has only normal sinus rhythm.
    """
    by_id = {finding.criterion.id: finding for finding in findings}
    labels = [rhythm_label(by_id, reading)]
    if reading.ventricular:
        labels.append(_ECTOPY[0])
    if reading.supraventricular:
        labels.append(_ECTOPY[1])
    if reading.row is not None and not is_chaotic(reading):
        labels += [finding.criterion.label for finding in telling(findings)]
    unique = tuple(dict.fromkeys(labels))
    if unique == ("sinus rhythm",) and all(by_id[key].present for key in _NORMAL):
        return (*unique, NORMAL)
    return unique


def rhythm_label(by_id: dict[str, Finding], reading: RhythmReading) -> str:
    """The rhythm with its rate, as a report names it."""
    if reading.row != "rhythm_sinus":
        return reading.name
    if by_id["bradycardia"].present:
        return _RATE[0]
    if by_id["tachycardia"].present:
        return _RATE[1]
    if by_id["irregular_rr"].present and not reading.ventricular and not reading.supraventricular:
        return _RATE[2]
    return reading.name


def is_chaotic(reading: RhythmReading) -> bool:
    """True where no conducted beat can be read: fibrillation, ventricular rhythms, asystole."""
    return reading.lethal or reading.row in (
        "rhythm_wide_complex_tachycardia",
        "rhythm_idioventricular",
        "rhythm_paced",
    )


def telling(findings: Sequence[Finding]) -> list[Finding]:
    """Present findings that carry a label and are not explained by another."""
    present = {finding.criterion.id for finding in findings if finding.present}
    silent = tuple(part for block, parts in _EXPLAINED.items() if block in present for part in parts)
    return [
        finding
        for finding in findings
        if finding.present and finding.criterion.label and not any(part in finding.criterion.id for part in silent)
    ]
