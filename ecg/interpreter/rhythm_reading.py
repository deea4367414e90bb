"""Reading the rhythm: from beats, measurements, what the monitor heard and what the alarm says, to one name.

Owns the order in which rhythms are recognised and the test of an alarm against its window. Must not write sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ecg.beats.beat import BeatClass
from ecg.conditions import LETHAL, Condition, ConditionCode
from ecg.interpreter.episode import Episode
from ecg.interpreter.listening import Heard
from ecg.measurements.measurement import Measurement, MeasurementTable
from ecg.protocol.rhythm_names import ATRIAL_ECTOPICS, RHYTHMS, VENTRICULAR_ECTOPICS

# Definitions of the lethal five: PhysioNet/CinC 2015 (CLINICAL.md section 2).
_ASYSTOLE_S = 4.0
_VT_BEATS, _VT_BPM = 5, 100.0
_EBR_BPM, _ETC_BPM = 40.0, 140.0
#: Mean absolute successive RR difference over the mean RR; see the protocol's "irregular_rr".
_IRREGULAR = 0.10
_WIDE_MS = 120.0
#: Steps between normal RR intervals needed to call them irregular, and the quality they must be found in.
_NORMAL_STEPS, _CLEAN_INDEX = 3, 0.5
_LETHAL_ROWS = frozenset({"rhythm_ventricular_fibrillation", "rhythm_ventricular_tachycardia", "rhythm_asystole"})
_ROW_OF_CODE = {
    ConditionCode.VFB: "rhythm_ventricular_fibrillation",
    ConditionCode.VTA: "rhythm_ventricular_tachycardia",
    ConditionCode.ASY: "rhythm_asystole",
    ConditionCode.AFIB: "rhythm_atrial_fibrillation",
    ConditionCode.AFLT: "rhythm_atrial_flutter",
    ConditionCode.SVT: "rhythm_supraventricular_tachycardia",
    ConditionCode.AIVR: "rhythm_idioventricular",
}
_ROW_OF_WORD = {
    "VFL": "rhythm_ventricular_fibrillation",
    "VF": "rhythm_ventricular_fibrillation",
    "VT": "rhythm_ventricular_tachycardia",
    "ASYS": "rhythm_asystole",
    "AFIB": "rhythm_atrial_fibrillation",
    "AFL": "rhythm_atrial_flutter",
    "SVTA": "rhythm_supraventricular_tachycardia",
    "IVR": "rhythm_idioventricular",
    "P": "rhythm_paced",
}


@dataclass(frozen=True, slots=True)
class RhythmReading:
    """The rhythm of a window.

    Attributes:
        row: Key of RHYTHMS; None where it could not be told.
        why: The evidence in words, or why it could not be told.
        alarm: The lethal condition the window was sent for; None where it was sent for something else.
        confirmed: Whether the window bears that alarm out; None without one.
        ventricular, supraventricular: Ectopic beats counted; None where beats could not be told apart.
    """

    row: str | None
    why: str
    alarm: Condition | None = None
    confirmed: bool | None = None
    ventricular: int | None = None
    supraventricular: int | None = None

    @property
    def name(self) -> str:
        """In words."""
        return RHYTHMS[self.row] if self.row else "undetermined rhythm"

    @property
    def lethal(self) -> bool:
        """True for fibrillation, ventricular tachycardia and asystole."""
        return self.row in _LETHAL_ROWS


def read_rhythm(
    table: MeasurementTable, heard: Heard, conditions: Sequence[Condition], episode: Episode | None = None
) -> RhythmReading:
    """Names the rhythm.

    Args:
        table: The window's measurements.
        heard: What the monitor heard in the window itself.
        conditions: What was called elsewhere (the alarm); tested against the window.
        episode: What the window shows of the alarm's episode; its rate decides on a rate alarm.

    Returns:
        The reading.
    """
    alarm = next((c for c in conditions if c.code in LETHAL), None)
    row, why = _own(table, heard)
    named = _ROW_OF_CODE.get(alarm.code) if alarm else None
    if alarm is not None and named and row not in _LETHAL_ROWS and not _refuted(alarm, table, heard):
        row, why = named, "the bedside rule reports it, and the window does not refute it"
    confirmed = None if alarm is None else _same_family(row, named) if named else _rate_bears_out(alarm, table, episode)
    counted = row is not None and row not in _LETHAL_ROWS and bool(heard.beats)
    return RhythmReading(
        row,
        why,
        alarm,
        confirmed,
        heard.count(BeatClass.VENTRICULAR) if counted else None,
        heard.count(BeatClass.SUPRAVENTRICULAR) if counted else None,
    )


def rhythm_rows(reading: RhythmReading, heard: Heard) -> tuple[Measurement, ...]:
    """The reading as rows of the measurement table, so that protocol and verifier can use it."""
    rows = []
    for name in RHYTHMS:
        value = None if reading.row is None else float(name == reading.row)
        rows.append(Measurement(name, value, "", reason=reading.why if value is None else ""))
    for name, count in ((VENTRICULAR_ECTOPICS, reading.ventricular), (ATRIAL_ECTOPICS, reading.supraventricular)):
        value = None if count is None else float(count)
        rows.append(Measurement(name, value, "", reason="beats not told apart in this rhythm" if value is None else ""))
    for name, size, unit in (
        ("longest_pause", heard.longest_pause_s * 1000.0, "ms"),
        ("fibrillation_time", heard.fibrillation_s * 1000.0, "ms"),
        ("run_rate", heard.run_rate_bpm, "bpm"),
    ):
        rows.append(Measurement(name, size or None, unit, reason="" if size else "none in this window"))
    return tuple(rows)


def _own(table: MeasurementTable, heard: Heard) -> tuple[str | None, str]:
    """The rhythm by the window alone: the most dangerous first."""
    for look in (_heard_lethal, _ventricular_run, _silence, _heard_other, _by_measurements):
        row, why = look(table, heard)
        if row or why:
            return row, why
    return None, "the rhythm could not be told from this window"


def _heard_lethal(table: MeasurementTable, heard: Heard) -> tuple[str | None, str]:
    codes = heard.codes
    if ConditionCode.VFB in codes:
        return "rhythm_ventricular_fibrillation", f"fibrillatory or flutter waveform for {heard.fibrillation_s:.0f} s"
    if ConditionCode.ASY in codes:
        return _silence(table, heard)
    if ConditionCode.VTA in codes:
        return "rhythm_ventricular_tachycardia", f"ventricular run at {heard.run_rate_bpm:.0f} bpm"
    return None, ""


def _ventricular_run(table: MeasurementTable, heard: Heard) -> tuple[str | None, str]:
    beats, rate = heard.longest_ventricular_run()
    if beats >= _VT_BEATS and rate > _VT_BPM:
        return "rhythm_ventricular_tachycardia", f"ventricular run at {rate:.0f} bpm, {beats} beats"
    return None, ""


def _silence(table: MeasurementTable, heard: Heard) -> tuple[str | None, str]:
    """No QRS for 4 s: asystole where monitor and delineation agree, open where they do not."""
    if heard.longest_pause_s < _ASYSTOLE_S:
        return None, ""
    rate = table.get("heart_rate")
    if rate.value is not None and rate.n_beats > 2 * max(1, len(heard.beats)):
        return None, "monitor and delineation disagree on where there are QRS complexes"
    if rate.value is None or ConditionCode.ASY in heard.codes:
        return "rhythm_asystole", f"no QRS for {heard.longest_pause_s:.1f} s"
    return None, ""


def _heard_other(table: MeasurementTable, heard: Heard) -> tuple[str | None, str]:
    if heard.beats and heard.count(BeatClass.PACED) * 2 > len(heard.beats):
        return "rhythm_paced", "most beats are paced"
    row = _ROW_OF_WORD.get(heard.rhythm)
    if row == "rhythm_paced" and (table.get("qrs_duration").value or 0.0) < _WIDE_MS:
        return None, ""  # the rules go by shape; a chamber that is paced makes the QRS broad
    if row and row not in _LETHAL_ROWS:
        return row, "the rhythm rules report it in this window"
    return None, ""


def _by_measurements(table: MeasurementTable, heard: Heard) -> tuple[str | None, str]:
    rate, p_share = table.get("heart_rate").value, table.get("p_present").value
    if rate is None:
        return None, f"no heart rate: {table.get('heart_rate').reason}"
    irregularity = table.get("rr_irregularity").value
    irregular = irregularity is not None and irregularity > _IRREGULAR
    qrs = table.get("qrs_duration").value
    if p_share is None:
        return None, f"P waves: {table.get('p_present').reason}"
    if p_share < 0.5:
        if irregular:
            return _irregular_without_p(heard)
        if rate > 100 and qrs is not None and qrs >= _WIDE_MS:
            return "rhythm_wide_complex_tachycardia", "rate above 100 bpm, QRS of 120 ms or more, no P waves"
        if rate > 150:
            return "rhythm_supraventricular_tachycardia", "regular, narrow QRS, rate above 150 bpm, no P waves"
        return "rhythm_no_p_waves", "regular RR intervals, no P waves"
    upright, inverted = table.get("p_amplitude", "II").value, table.get("p_amplitude", "aVR").value
    if (upright is not None and upright < 0) or (inverted is not None and inverted > 0):
        return "rhythm_ectopic_atrial", "P waves present, but not upright in II and inverted in aVR"
    return "rhythm_sinus", "P waves before the QRS complexes"


def _irregular_without_p(heard: Heard) -> tuple[str | None, str]:
    """Fibrillation is irregular between its normal beats too; ectopy and poor signal only look so."""
    steps = heard.normal_rr_steps()
    if len(steps) < _NORMAL_STEPS:
        return "rhythm_irregular", "irregular RR intervals among ectopic beats, no steady P waves"
    if max(lead.index for lead in heard.leads) < _CLEAN_INDEX:
        return "rhythm_irregular", "irregular RR intervals in a signal of poor quality"
    if float(np.mean(steps)) > _IRREGULAR:
        return "rhythm_atrial_fibrillation", "irregular RR intervals, no P waves"
    return "rhythm_irregular", "irregular RR intervals by ectopic beats, no steady P waves"


def _refuted(alarm: Condition, table: MeasurementTable, heard: Heard) -> bool:
    """Whether the window shows plainly that the alarm's rhythm is not there."""
    tests: dict[ConditionCode, Callable[[], bool]] = {
        ConditionCode.ASY: lambda: heard.longest_pause_s < _ASYSTOLE_S - 0.5,
        ConditionCode.VTA: lambda: _organised_narrow(table, heard),
        ConditionCode.VFB: lambda: _organised_narrow(table, heard),
    }
    return tests[alarm.code]()


def _organised_narrow(table: MeasurementTable, heard: Heard) -> bool:
    """Narrow beats with P waves or a steady RR through the whole window: neither VT nor VF."""
    qrs, p_share = table.get("qrs_duration").value, table.get("p_present").value
    irregularity = table.get("rr_irregularity").value
    steady = irregularity is not None and irregularity <= _IRREGULAR
    narrow = qrs is not None and qrs < _WIDE_MS
    run, _ = heard.longest_ventricular_run()
    return narrow and run < 3 and steady and p_share is not None and p_share >= 0.5 and heard.longest_pause_s < 3.0


def _rate_bears_out(alarm: Condition, table: MeasurementTable, episode: Episode | None) -> bool | None:
    """Extreme brady- and tachycardia are tested by the episode's rate, else the window's; None without either."""
    rate = episode.rate_bpm if episode and episode.rate_bpm else table.get("heart_rate").value
    if rate is None:
        return None
    return rate < _EBR_BPM if alarm.code is ConditionCode.EBR else rate > _ETC_BPM


def _same_family(row: str | None, alarm_row: str) -> bool:
    ventricular = {
        "rhythm_ventricular_tachycardia",
        "rhythm_wide_complex_tachycardia",
        "rhythm_ventricular_fibrillation",
    }
    return row == alarm_row or (row in ventricular and alarm_row in ventricular)
