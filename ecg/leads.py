"""Leads: the twelve standard leads in the field's order, and which of them a device's own lead name stands for.

Owns the mapping only. Must not import anything above ecg.
"""

from __future__ import annotations

from functools import lru_cache

#: Order of every 12-lead array here, the order of a printed ECG.
STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
#: Index of a lead whose place on the body is not known.
UNKNOWN_LEAD = len(STANDARD_LEADS)

# Names of monitoring and Holter leads and the standard lead whose axis they come nearest to. "ML*" are the modified
# limb leads of the MIT-BIH recordings, MCL1 and a monitor's single "V" are placed at V1, CM5/CC5 at V5; a lone "ECG" is
# lead II by the habit of bedside monitors. Source: MIT-BIH Arrhythmia Database directory, "Leads"; CinC 2015 headers.
_ALIASES = {
    "mli": "I",
    "mlii": "II",
    "mliii": "III",
    "ecg": "II",
    "ekg": "II",
    "ecglead2": "II",
    "v": "V1",
    "c": "V1",
    "mcl": "V1",
    "mcl1": "V1",
    "mcl5": "V5",
    "mcl6": "V6",
    "cm5": "V5",
    "cc5": "V5",
    "ml5": "V5",
    "cm2": "V2",
    "cm4": "V4",
    "modv1": "V1",
    **{f"c{n}": f"V{n}" for n in range(1, 7)},
}
_INDEX = {name.lower(): index for index, name in enumerate(STANDARD_LEADS)}


@lru_cache(maxsize=4096)
def lead_index(name: str) -> int:
    """Index 0-11 into STANDARD_LEADS of the lead a name stands for, UNKNOWN_LEAD (12) where nobody can say."""
    folded = "".join(letter for letter in name.lower() if letter.isalnum())
    folded = folded.removeprefix("lead").removeprefix("ecglead") or folded
    folded = _ALIASES.get(folded, folded).lower()
    return _INDEX.get(folded, UNKNOWN_LEAD)
