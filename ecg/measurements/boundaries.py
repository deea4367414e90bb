"""Where the waves of the whole heart begin and end: per-lead marks of the dominant beats, brought to one beat.

Owns how leads are combined. Pure; must not import the measurement rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.delineation.delineate import Marks
from ecg.measurements.ensemble import Ensemble, nan_quantile

FloatArray = NDArray[np.float64]

#: A lead speaks for a wave if it shows it in at least this share of the beats.
_SHARE = 0.5
#: A boundary is the earliest (latest) lead's, but one lead alone may err, and LUDB's readers, whom the network follows,
#: mark generously (their normal QRS over all leads is 107 ms): the lead at this quantile. With it the QRS of PTB-XL's
#: normal records is 95 ms (10th to 90th percentile 86 to 109) and 1 % of them reach 120 ms.
_EDGE_QUANTILE = 0.2
#: The end of T is its latest, but a lead whose T runs into U or P is no guide.
_T_END_QUANTILE = 0.70


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Times of the median beat from its fiducial, ms; None where no lead shows the wave.

    Attributes:
        n_leads_p, n_leads_t: Leads that show P and T.
    """

    p_on: float | None
    p_off: float | None
    qrs_on: float | None
    qrs_off: float | None
    t_on: float | None
    t_off: float | None
    n_leads_p: int
    n_leads_t: int


def lead_marks(marks: Marks, beat: Ensemble) -> FloatArray:
    """(n_recorded, 9) median over the dominant beats of each mark from the fiducial, ms; NaN where too few show it."""
    relative = marks.marks_ms[:, beat.dominant] - beat.fiducials_ms[beat.dominant][:, None]
    share = np.isfinite(relative).mean(axis=1)
    return np.where(share >= _SHARE, nan_quantile(np.moveaxis(relative, 1, 0), 0.5), np.nan)


def global_boundaries(per_lead: FloatArray) -> Boundaries:
    """Brings the leads' marks together.

    Args:
        per_lead: (n_recorded, 9) from `lead_marks`.
    """

    def edge(column: int, quantile: float) -> float | None:
        value = float(nan_quantile(per_lead[:, column], quantile))
        return value if np.isfinite(value) else None

    low, high = _EDGE_QUANTILE, 1 - _EDGE_QUANTILE
    shown = np.isfinite(per_lead)
    return Boundaries(
        p_on=edge(0, low),
        p_off=edge(2, high),
        qrs_on=edge(3, low),
        qrs_off=edge(5, high),
        t_on=edge(6, low),
        t_off=edge(8, _T_END_QUANTILE),
        n_leads_p=int(shown[:, 0].sum()),
        n_leads_t=int(shown[:, 8].sum()),
    )
