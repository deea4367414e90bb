"""Leads by name: one spelling each, the limb leads that follow from others, and the frontal plane.

Owns Einthoven's and Goldberger's relations as measuring needs them. Must not import the measuring code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.lead_geometry import STANDARD_LEADS

LIMB_LEADS, PRECORDIAL_LEADS = STANDARD_LEADS[:6], STANDARD_LEADS[6:]
_SPELLING: Mapping[str, str] = {name.upper(): name for name in STANDARD_LEADS} | {
    # Modified monitor leads stand for the lead they imitate.
    "MLI": "I",
    "MLII": "II",
    "ML2": "II",
    "MLIII": "III",
    "MCL1": "V1",
    "MCL6": "V6",
}
# Frontal direction (x left, y down) of each limb lead in Einthoven's triangle.
_SIN60 = float(np.sqrt(3) / 2)
_DIRECTION: Mapping[str, tuple[float, float]] = {
    "I": (1.0, 0.0),
    "II": (0.5, _SIN60),
    "III": (-0.5, _SIN60),
    "aVR": (-0.75, -0.5 * _SIN60),
    "aVL": (0.75, -0.5 * _SIN60),
    "aVF": (0.0, _SIN60),
}


def canonical(names: Sequence[str]) -> tuple[str, ...]:
    """Leads in the usual spelling ("avr" and "Lead aVR" are aVR, MLII is II); one that would stand twice keeps its name."""
    out: list[str] = []
    for name in names:
        short = name.strip().upper().removeprefix("LEAD").removeprefix("ECG").strip(" _-")
        known = _SPELLING.get(short, name.strip())
        out.append(known if known not in out else name.strip())
    return tuple(out)


@dataclass(frozen=True, slots=True)
class LeadSet:
    """The leads measured: those recorded, then those that follow from them.

    Attributes:
        names: Canonical, recorded first.
        recorded: How many of them are recorded.
        mixing: (len(names), recorded) float64: leads = mixing @ recorded leads.
    """

    names: tuple[str, ...]
    recorded: int
    mixing: NDArray[np.float64]

    def is_derived(self, row: int) -> bool:
        """True for a lead that was computed from two others."""
        return row >= self.recorded


def lead_set(names: Sequence[str], usable: NDArray[np.bool_]) -> LeadSet:
    """The recorded leads, and the missing limb leads where any two recorded ones give them.

    Args:
        names: Canonical names of the recorded leads.
        usable: bool (n,), False for a lead that carries no signal.
    """
    rows = list(np.eye(len(names)))
    out = list(names)
    live = {name: k for k, name in enumerate(names) if usable[k]}
    pair = next(((a, b) for a in ("I", "II", "III") for b in ("II", "III") if a < b and a in live and b in live), None)
    if pair:
        base = np.array([_DIRECTION[pair[0]], _DIRECTION[pair[1]]]).T
        for lead in LIMB_LEADS:
            if lead not in out:
                share = np.linalg.solve(base, np.array(_DIRECTION[lead]))
                row = np.zeros(len(names))
                row[live[pair[0]]], row[live[pair[1]]] = share
                rows.append(row)
                out.append(lead)
    return LeadSet(tuple(out), len(names), np.array(rows))


def frontal_vector(values: Mapping[str, float]) -> tuple[float, float] | None:
    """(x left, y down) by least squares from the limb leads' values; None with fewer than two directions."""
    leads = [lead for lead in LIMB_LEADS if lead in values]
    if len(leads) < 2:
        return None
    directions = np.array([_DIRECTION[lead] for lead in leads])
    vector, *_ = np.linalg.lstsq(directions, np.array([values[lead] for lead in leads]), rcond=None)
    return float(vector[0]), float(vector[1])
