"""The standard leads: which are independent, how a heart vector projects onto them, how the others follow.

Pure: numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecg.errors import InvalidSignal

FloatArray = NDArray[np.float32]

INDEPENDENT_LEADS = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")

SIN60 = float(np.sqrt(3.0) / 2.0)
# Rows: independent leads; columns: heart vector x (left), y (down), z (back), mV per mV. The limb leads are Einthoven's
# equilateral triangle, so that the frontal axis is exact; the chest leads are Dower's (Clin Cardiol 1980;3:87).
LEAD_VECTORS: NDArray[np.float64] = np.array(
    [
        [1.0, 0.0, 0.0],
        [0.5, SIN60, 0.0],
        [-0.515, 0.157, -0.917],
        [0.044, 0.164, -1.387],
        [0.882, 0.098, -1.277],
        [1.213, 0.127, -0.601],
        [1.125, 0.127, -0.086],
        [0.831, 0.076, 0.230],
    ]
)
# Rows: STANDARD_LEADS; columns: INDEPENDENT_LEADS. III = II - I, aVR = -(I+II)/2, aVL = I - II/2, aVF = II - I/2.
_LIMB = np.array([[1, 0], [0, 1], [-1, 1], [-0.5, -0.5], [1, -0.5], [-0.5, 1]], dtype=np.float64)
_TO_STANDARD: NDArray[np.float64] = np.zeros((12, 8))
_TO_STANDARD[:6, :2] = _LIMB
_TO_STANDARD[6:, 2:] = np.eye(6)
# Names of monitor leads that are a standard lead in all but name.
LEAD_ALIASES: Mapping[str, str] = {"MLII": "II", "ML2": "II", "MLI": "I", "MLIII": "III", "MCL1": "V1", "V": "V1"}


def project(independent_mv: NDArray[np.float64], leads: Sequence[str]) -> FloatArray:
    """Any standard leads from the eight independent ones.

    Args:
        independent_mv: (8, n) mV in INDEPENDENT_LEADS.
        leads: Names among STANDARD_LEADS or LEAD_ALIASES.

    Returns:
        float32 (len(leads), n) mV.

    Raises:
        InvalidSignal: A lead is not known, or there are not eight rows.
    """
    if np.ndim(independent_mv) != 2 or len(independent_mv) != len(INDEPENDENT_LEADS):
        raise InvalidSignal(f"{len(INDEPENDENT_LEADS)} independent leads wanted, not shape {np.shape(independent_mv)}")
    standard = {name.upper(): row for row, name in enumerate(STANDARD_LEADS)}
    names = [LEAD_ALIASES.get(lead, lead).upper() for lead in leads]
    unknown = [lead for lead, name in zip(leads, names, strict=True) if name not in standard]
    if unknown or not leads:
        raise InvalidSignal(f"cannot synthesize leads {unknown or 'none'}; known: {STANDARD_LEADS}")
    return (_TO_STANDARD[[standard[name] for name in names]] @ independent_mv).astype(np.float32)
