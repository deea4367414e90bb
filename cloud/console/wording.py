"""Wording: codes of conditions, rhythms and devices in a nurse's words. Only words: priorities are ecg.alarms'."""

from __future__ import annotations

from ecg.conditions import ConditionCode

CONDITION_NAMES: dict[ConditionCode, str] = {
    ConditionCode.ASY: "Asystole",
    ConditionCode.EBR: "Extreme bradycardia",
    ConditionCode.ETC: "Extreme tachycardia",
    ConditionCode.VTA: "Ventricular tachycardia",
    ConditionCode.VFB: "Ventricular fibrillation",
    ConditionCode.AFIB: "Atrial fibrillation",
    ConditionCode.AFLT: "Atrial flutter",
    ConditionCode.SVT: "Supraventricular tachycardia",
    ConditionCode.AVB2: "Second-degree AV block",
    ConditionCode.PAUSE: "Pause",
    ConditionCode.BRADY: "Bradycardia",
    ConditionCode.TACHY: "Tachycardia",
    ConditionCode.AIVR: "Accelerated idioventricular rhythm",
    ConditionCode.RUN: "Run of ventricular beats",
    ConditionCode.SVE_RUN: "Run of supraventricular beats",
    ConditionCode.COUPLET: "Ventricular couplet",
    ConditionCode.BIGEMINY: "Ventricular bigeminy",
    ConditionCode.TRIGEMINY: "Ventricular trigeminy",
    ConditionCode.PVC_RATE: "Frequent ventricular beats",
    ConditionCode.LEADS_OFF: "Leads off",
    ConditionCode.ARTEFACT: "Artefact",
    ConditionCode.SUSPENDED: "Arrhythmia analysis suspended",
    ConditionCode.NO_SIGNAL: "No signal",
    ConditionCode.BAD_INPUT: "Signal cannot be used",
}

#: WFDB rhythm annotations (without the parenthesis) as a tile shows them.
#: N is said where no rule is open: to call it sinus rhythm would claim P waves that nobody has looked for.
RHYTHM_NAMES: dict[str, str] = {
    "N": "No arrhythmia found",
    "AFIB": "Atrial fibrillation",
    "AFL": "Atrial flutter",
    "AFLT": "Atrial flutter",
    "B": "Ventricular bigeminy",
    "T": "Ventricular trigeminy",
    "VT": "Ventricular tachycardia",
    "VTA": "Ventricular tachycardia",
    "VFL": "Ventricular flutter",
    "VF": "Ventricular fibrillation",
    "VFIB": "Ventricular fibrillation",
    "IVR": "Idioventricular rhythm",
    "AIVR": "Accelerated idioventricular",
    "SVTA": "Supraventricular tachycardia",
    "SVT": "Supraventricular tachycardia",
    "SBR": "Sinus bradycardia",
    "ST": "Sinus tachycardia",
    "STACH": "Sinus tachycardia",
    "ASYS": "Asystole",
    "ASY": "Asystole",
    "AB": "Atrial bigeminy",
    "BII": "Second-degree block",
    "NOD": "Nodal rhythm",
    "P": "Paced rhythm",
    "PREX": "Pre-excitation",
    "NOISE": "Noise",
}


def rhythm_name(word: str) -> str:
    """What a tile shows for a rhythm word; an unknown word as it is, nothing for none."""
    return RHYTHM_NAMES.get(word, word)
