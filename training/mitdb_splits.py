"""The patient-wise split of the MIT-BIH Arrhythmia Database (de Chazal 2004).

Owns the record lists. 201 and 202 are one subject on both sides of the split: the field's own flaw, kept for comparison.
"""

from __future__ import annotations

from ecg.errors import InvalidSignal

_LISTS = {
    "DS1": "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230",
    "DS2": "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234",
    "paced": "102 104 107 217",
}
SPLITS = {name: frozenset(records.split()) for name, records in _LISTS.items()}


def split_records(name: str) -> frozenset[str]:
    """Records of a split, its name in any case.

    Raises:
        InvalidSignal: There is no such split.
    """
    for known, records in SPLITS.items():
        if known.lower() == name.lower():
            return records
    raise InvalidSignal(f"mitdb has no split {name!r}: {', '.join(SPLITS)}")
