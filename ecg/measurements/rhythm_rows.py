"""Rate, regularity, P waves against QRS complexes: what the marks say of the rhythm, without naming it.

Pure; must not import the interpreter or the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.delineation.conditioning import FS_HZ as CONDITIONED_FS_HZ
from ecg.delineation.delineate import Marks
from ecg.measurements.rows import Rows

FloatArray = NDArray[np.float64]

#: A P wave belongs to the QRS where its distance is within this of the usual one, ms.
_PR_STEADY_MS = 45.0
#: P counts where this share of the usable leads shows it.
_LEAD_SHARE = 0.34
#: A beat this near to missing samples may be seen in part, its fiducial out of place.
_CUTS_A_QRS_MS = 80.0
#: So soon after missing samples a T wave whose QRS was lost may be taken for a beat.
_T_OF_A_LOST_QRS_MS = 350.0
#: A wave that begins sooner after missing samples may be overlooked: the network wants to see what comes before it.
_BESIDE_A_GAP_MS = 120.0
#: A beat is premature that comes this much before the steady rhythm's time.
_PREMATURE = 0.85
_WIDER_MS = 20.0
_LONGEST_PR_MS, _LONGEST_QT_MS = 450.0, 600.0
#: A stretch without samples this long may hide a narrow QRS.
_HIDES_A_QRS_MS = 40.0


@dataclass(frozen=True, slots=True, eq=False)
class AtrialReading:
    """P waves of the whole heart.

    Attributes:
        p_ms: (n, 3) onset, peak, end of each P that the leads agree on.
        pr_ms: (n_beats,) distance of the nearest P onset before each QRS; NaN where none.
        steady: bool (n_beats,), the beat's P stands at the usual distance.
        judged: bool (n_beats,), the window shows where its P would be.
    """

    p_ms: FloatArray
    pr_ms: FloatArray
    steady: NDArray[np.bool_]
    judged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Gaps:
    """Stretches without a sample in any usable lead: what happened in them is unknown.

    Attributes:
        ms: (n, 2) first and last of each, ms from the start of the window.
    """

    ms: FloatArray

    @classmethod
    def of(cls, marks: Marks) -> Gaps:
        """Those long enough to hide a QRS."""
        ready = marks.conditioned
        seen = ready.valid[ready.usable].any(axis=0) if ready.usable.any() else ready.valid.any(axis=0)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (~seen).astype(np.int8), [0]]))).reshape(-1, 2)
        ms = edges.astype(np.float64) * (1000.0 / CONDITIONED_FS_HZ)
        return cls(ms[ms[:, 1] - ms[:, 0] >= _HIDES_A_QRS_MS])

    def between(self, at_ms: FloatArray) -> NDArray[np.bool_]:
        """bool (n - 1,): whether one lies in each interval of (n,) times, or beside a beat at its end."""
        found: NDArray[np.bool_] = self.within(at_ms[:-1] - _T_OF_A_LOST_QRS_MS, at_ms[1:] + _CUTS_A_QRS_MS)
        return found

    def within(self, first_ms: FloatArray, last_ms: FloatArray) -> NDArray[np.bool_]:
        """bool (n,): whether one meets each stretch of (n,) first and last times."""
        meets = (self.ms[:, :1] < last_ms) & (self.ms[:, 1:] > first_ms)  # (n_gaps, n)
        return np.asarray(meets.any(axis=0))


def put_rate(rows: Rows, beats_ms: FloatArray, gaps: Gaps) -> None:
    """Heart rate and RR statistics, of the intervals in which nothing is missing.

    Args:
        rows: Where they go.
        beats_ms: (n_beats,).
        gaps: What the window lacks.
    """
    known = ~gaps.between(beats_ms)
    every = np.diff(beats_ms)
    rr = every[known]
    n = len(rr)
    found = f"{len(beats_ms)} beats found" + ("" if known.all() else f", {n} intervals without missing samples")
    few = f"{found}; 2 are needed"
    rows.put("heart_rate", 60000.0 / rr.mean() if n else None, few, n_beats=n + 1)
    rows.put("rr_interval", rr.mean() if n else None, few, n_beats=n + 1)
    few = f"{found}; 4 are needed"
    step = np.diff(every)[known[:-1] & known[1:]]
    enough = n >= 3 and len(step) >= 2
    rows.put("rr_sd", rr.std(ddof=1) if enough else None, few, n_beats=n + 1)
    rows.put("rmssd", float(np.sqrt(np.mean(step**2))) if enough else None, few, n_beats=n + 1)
    rows.put("rr_irregularity", np.abs(step).mean() / rr.mean() if enough else None, few, n_beats=n + 1)
    rows.put("longest_rr_ratio", rr.max() / np.median(rr) if enough else None, few, n_beats=n + 1)


def put_premature(rows: Rows, beats_ms: FloatArray, qrs_ms: FloatArray, gaps: Gaps) -> None:
    """Beats before their time, and whether they are wide.

    Args:
        beats_ms: (n_beats,).
        qrs_ms: (n_beats,) QRS duration of each.
        gaps: What the window lacks: an interval over a gap says nothing.
    """
    whole = ~gaps.between(beats_ms)
    every = np.diff(beats_ms)
    rr = every[whole]
    if len(rr) < 3:
        reason = f"{len(beats_ms)} beats found; 4 are needed"
    elif np.mean(np.abs(rr / np.median(rr) - 1) < 0.12) < 0.4:
        reason = "no steady rhythm for a beat to come before"
    else:
        early = np.flatnonzero((every < _PREMATURE * np.median(rr)) & whole) + 1
        rows.put("premature_beats", float(len(early)), n_beats=len(beats_ms))
        on_time = np.setdiff1d(np.arange(len(beats_ms)), early)
        usual = np.nanmedian(qrs_ms[on_time]) if np.isfinite(qrs_ms[on_time]).any() else np.nan
        known = early[np.isfinite(qrs_ms[early])]
        if not len(early):
            rows.put("premature_wide", None, "no premature beats")
        elif not len(known) or not np.isfinite(usual):
            rows.put("premature_wide", None, "the premature beats' QRS could not be delineated")
        else:
            rows.put("premature_wide", float(np.mean(qrs_ms[known] >= usual + _WIDER_MS) > 0.5), n_beats=len(known))
        return
    rows.put("premature_beats", None, reason)
    rows.put("premature_wide", None, reason)


def read_atria(marks: Marks, qrs_on_ms: FloatArray) -> AtrialReading:
    """Brings the leads' P waves together and sets them against the QRS complexes.

    Args:
        marks: Delineation.
        qrs_on_ms: (n_beats,) QRS onset of each beat over all leads.
    """
    usable = marks.conditioned.usable
    p = _agreed([marks.waves_ms[0][k] for k in np.flatnonzero(usable)])
    n = len(qrs_on_ms)
    pr = np.full(n, np.nan)
    for k, onset in enumerate(qrs_on_ms):
        after = qrs_on_ms[k - 1] + 60.0 if k else -np.inf
        mine = p[(p[:, 1] > max(after, onset - _LONGEST_PR_MS)) & (p[:, 2] < onset + 24.0)]
        if len(mine):
            pr[k] = onset - mine[-1, 0]
    seen = pr[np.isfinite(pr)]
    usual = float(np.median(seen)) if len(seen) else np.nan
    steady = np.abs(pr - usual) <= _PR_STEADY_MS
    judged = qrs_on_ms > (max(usual, 160.0) if len(seen) else 240.0) + 40.0
    return AtrialReading(p, pr, steady, judged)


def _agreed(by_lead: list[FloatArray]) -> FloatArray:
    """(n, 3) P waves that enough leads show at the same time (peaks within 60 ms)."""
    if not by_lead or not sum(map(len, by_lead)):
        return np.zeros((0, 3))
    found = np.concatenate(by_lead)[:, :3]
    found = found[np.argsort(found[:, 1])]
    group = np.cumsum(np.concatenate([[0], np.diff(found[:, 1]) > 60.0]))
    least = max(1.0, _LEAD_SHARE * len(by_lead))
    return np.array(
        [np.median(found[group == g], axis=0) for g in range(group[-1] + 1) if (group == g).sum() >= least]
    ).reshape(-1, 3)


def put_atria(
    rows: Rows,
    atria: AtrialReading,
    qrs_on_ms: FloatArray,
    dominant: NDArray[np.bool_],
    end_ms: float,
    gaps: Gaps,
) -> None:
    """P waves present before the beats of the dominant shape; conducted, blocked, dissociated."""
    seen = atria.pr_ms[np.isfinite(atria.pr_ms)]
    reach = max(float(np.median(seen)) if seen.size else 200.0, 160.0) + 40.0
    judged = atria.judged & dominant & ~gaps.within(qrs_on_ms - reach - _BESIDE_A_GAP_MS, qrs_on_ms)
    n = int(judged.sum())
    few = f"{n} beats with room for a P wave; 2 are needed"
    rows.put("p_present", atria.steady[judged].mean() if n >= 2 else None, few, n_beats=n)
    p_on = atria.p_ms[:, 0]
    p_on = p_on[p_on < end_ms - _LONGEST_PR_MS]  # the QRS of a later P may lie outside
    # or in a gap; and behind a gap a T whose QRS was lost looks like a P that no QRS follows
    p_on = p_on[~gaps.within(p_on - _LONGEST_QT_MS, p_on + _LONGEST_PR_MS)]
    if len(p_on) < 2 or n < 2:
        for name in ("av_conduction", "blocked_p", "av_dissociation"):
            rows.put(name, None, "fewer than 2 P waves found")
        return
    usual = float(np.median(atria.pr_ms[np.isfinite(atria.pr_ms)])) if np.isfinite(atria.pr_ms).any() else np.nan
    delay = np.array([_delay(qrs_on_ms, on) for on in p_on])
    conducted = np.abs(delay - usual) <= _PR_STEADY_MS
    next_p = np.append(p_on[1:], np.inf)
    blocked = (delay > _LONGEST_PR_MS) | (p_on + delay > next_p)
    rows.put("av_conduction", conducted.mean(), n_beats=len(p_on))
    rows.put("blocked_p", float(blocked.sum()), n_beats=len(p_on))
    pp = np.diff(p_on)[~gaps.between(p_on)]
    regular = len(pp) >= 3 and float(np.median(np.abs(pp / np.median(pp) - 1))) < 0.12
    wandering = float(np.mean(atria.steady[judged])) < 0.5
    rows.put("av_dissociation", float(regular and wandering), n_beats=len(p_on))


def _delay(qrs_on_ms: FloatArray, p_on_ms: float) -> float:
    later = qrs_on_ms[qrs_on_ms > p_on_ms + 40.0]
    return float(later[0] - p_on_ms) if len(later) else np.inf
