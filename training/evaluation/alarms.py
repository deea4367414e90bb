"""Figures on the alarms of CinC 2015: which of them the rules agree with, by type, and the challenge's score.

The alarm fires at the end of the record; the rules agree if the condition is on within the last AGREE_S seconds. The
leads are the ECG alone; networks are those of the fold that did not see the record. `confirm_pulse` also takes an alarm as
refuted that a steady pulse of a plethysmogram or an arterial pressure denies, in the records that have one. `verified` asks
the second look in the place of the confirming profile at ventricular tachycardia, by the member that did not see the record.
`downgrade` is the suppression contract (CLINICAL.md section 5): only tachycardias the second look finds most unlikely.
Source: Clifford GD et al., Comput Cardiol 2015;42:273-276.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecg.alarm_cycle import UNTOUCHABLE
from ecg.conditions import ConditionCode
from ecg.errors import InvalidSignal
from ecg.intervals import bootstrap
from ecg.profiles import CINC2015, CONFIRM, RuleProfile
from ecg.pulse import denied, find_pulses
from ecg.rhythm.second_look import DOUBT_BELOW, KEEP_ABOVE, default_look
from ecg.segments import to_millivolts
from edge.sources.wfdb_replay import read_recording
from training.evaluation.figures import Figure, fraction
from training.evaluation.recordings import readable
from training.evaluation.replay import replay, unseen_model
from training.rhythm.reference import LabelledAlarm, labelled_alarms
from training.rhythm.second_look import look_features

#: The condition has to be on within so many seconds of the alarm (the challenge: the event begins within the last 10 s; a
#: monitor may take up to 6 s more to say so).
AGREE_S = 16.0
CODES = {
    "Asystole": ConditionCode.ASY,
    "Bradycardia": ConditionCode.EBR,
    "Tachycardia": ConditionCode.ETC,
    "Ventricular_Tachycardia": ConditionCode.VTA,
    "Ventricular_Flutter_Fib": ConditionCode.VFB,
}
_FN_WEIGHT = 5
_PROFILES = {"definition": CINC2015, "confirm": CONFIRM}
#: Channels of cinc2015 that show pulses.
PULSATILE = ("PLETH", "ABP")


@dataclass(frozen=True, slots=True)
class Judged:
    """One alarm: whether it was true, and whether the rules agree."""

    code: ConditionCode
    true: bool
    agreed: bool


def score(judged: list[Judged] | tuple[Judged, ...]) -> float | None:
    """(TP + TN) / (TP + TN + FP + 5 FN), in percent."""
    right = sum(j.true == j.agreed for j in judged)
    missed = sum(j.true and not j.agreed for j in judged)
    false = sum(j.agreed and not j.true for j in judged)
    total = right + false + _FN_WEIGHT * missed
    return 100.0 * right / total if total else None


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """TPR, TNR and score per alarm type and over all, for the definitions as they stand and for the confirming profile.

    Args:
        data_dir: Folder that holds cinc2015 with its ALARMS file.
        split: Not used: what is fitted is cross-validated by record.
        progress: Told of every fiftieth record, or that the set is missing.
    """
    say = progress or (lambda line: None)
    folder = data_dir / "cinc2015"
    if not (folder / "ALARMS").exists():
        say(f"no {folder / 'ALARMS'}: left out")
        return []
    figures: list[Figure] = []
    alarms = [a for a in labelled_alarms(folder) if a.kind in CODES and readable([folder / a.record], say)]
    for name, profile in _PROFILES.items():
        judged = []
        for i, alarm in enumerate(alarms):
            judged.append(
                Judged(CODES[alarm.kind], alarm.true, agrees(folder / alarm.record, CODES[alarm.kind], profile))
            )
            if i % 50 == 49:
                say(f"cinc2015, {name}: {i + 1} alarms")
        figures += _by_type(name, judged)
        if profile is CONFIRM:
            pairs = zip(alarms, judged, strict=True)
            denied_too = [refuted(folder / a.record, j.code) for a, j in pairs]
            heard = [replace(j, agreed=j.agreed and not no) for j, no in zip(judged, denied_too, strict=True)]
            figures += _by_type(f"{name}_pulse", heard)
            figures += _second_look(folder, alarms, heard, denied_too)
    return figures


def _second_look(
    folder: Path, alarms: Sequence[LabelledAlarm], heard: Sequence[Judged], denied_too: Sequence[bool]
) -> list[Figure]:
    verified: list[Judged] = []
    doubted: dict[bool, list[bool]] = {True: [], False: []}
    for alarm, judged, no in zip(alarms, heard, denied_too, strict=True):
        looked = judged.code is ConditionCode.VTA
        probability = likelihood(folder / alarm.record) if looked else 1.0
        verified.append(replace(judged, agreed=probability > KEEP_ABOVE and not no) if looked else judged)
        doubted[alarm.true].append(probability < DOUBT_BELOW)
    return [
        *_by_type("verified", verified),
        fraction("alarms.downgrade.true_kept", len(doubted[True]) - sum(doubted[True]), len(doubted[True])),
        fraction("alarms.downgrade.false_downgraded", sum(doubted[False]), len(doubted[False])),
    ]


def _by_type(name: str, judged: list[Judged]) -> list[Figure]:
    figures: list[Figure] = []
    for code in CODES.values():
        figures += _figures(f"alarms.{name}.{code.value}", [j for j in judged if j.code is code])
    return figures + _figures(f"alarms.{name}.all", judged)


def refuted(record: Path, code: ConditionCode) -> bool:
    """Whether a pulse of the record denies the alarm at its end; False where it has no such channel or only unreadable ones.

    The limits are the definition's, not the laxer ones of confirming: a pulse denies what the alarm says.
    """
    if code in UNTOUCHABLE:
        return False
    for channel in PULSATILE:
        try:
            found = read_recording(str(record), (channel,))
        except InvalidSignal:
            continue
        wave = to_millivolts(found.samples, found.leads)[0].astype(np.float64)
        if code in denied(find_pulses(wave, found.fs_hz), wave.size / found.fs_hz, CINC2015):
            return True
    return False


def likelihood(record: Path) -> float:
    """How likely an alarm of ventricular tachycardia at the record's end is true; 1 where nothing could be seen."""
    features = look_features(record, unseen_model("cinc2015", record.name))
    return 1.0 if features is None else default_look().probability(features, f"cinc2015/{record.name}")


def agrees(record: Path, code: ConditionCode, profile: RuleProfile) -> bool:
    """Whether the rules have the condition on within the last AGREE_S seconds of the record."""
    said = replay(read_recording(str(record)), unseen_model("cinc2015", record.name), profile)
    return any(c.code is code and c.end_s >= said.length_s - AGREE_S for c in said.calls)


def _figures(name: str, judged: list[Judged]) -> list[Figure]:
    true, false = [j for j in judged if j.true], [j for j in judged if not j.true]
    interval = bootstrap(judged, lambda sample: score(tuple(sample)))
    value = interval.value if interval.value is not None and not math.isnan(interval.value) else None
    return [
        fraction(f"{name}.tpr", sum(j.agreed for j in true), len(true)),
        fraction(f"{name}.tnr", sum(not j.agreed for j in false), len(false)),
        Figure(f"{name}.score", value, interval.low, interval.high, len(judged), "percent"),
    ]


__all__ = ["AGREE_S", "CODES", "Judged", "agrees", "evaluate", "likelihood", "refuted", "score"]
