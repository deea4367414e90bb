"""The run-by-run walk of `rxr`, compiled: for every run of one annotator, the longest run of the other in its window.

Sequential by definition (what has been read stays read), so it is compiled rather than vectorised. Pure; must not
import anything but numpy and numba.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Raw kinds, before the state of AF, VF and readability decides what an annotation means.
NORMAL, SVE, VENTRICULAR, UNKNOWN, UNREADABLE, READABLE, VF_ON, VF_OFF, AF_RHYTHM, VF_RHYTHM, RHYTHM, OTHER = range(12)

# What it means (rxr's `amap`): beats, starts and ends of VF and AF, start and end of an unreadable stretch.
IS_N, IS_S, IS_V, IS_Q, VF_BEGINS, VF_ENDS, AF_BEGINS, AF_ENDS, SHUT, OPEN, NOTHING = range(11)

# Raw kind of each WFDB annotation code; noise and rhythm need more than the code and are set by the caller. rxr
# takes fusions as ventricular, so V and F are one kind here; the flutter wave (31) is no beat at all.
KIND_OF_CODE: NDArray[np.int8] = np.full(50, OTHER, dtype=np.int8)
KIND_OF_CODE[[1, 2, 3, 25]] = NORMAL
KIND_OF_CODE[[4, 7, 8, 9, 11, 34, 35]] = SVE
KIND_OF_CODE[[5, 6, 10, 41]] = VENTRICULAR
KIND_OF_CODE[[12, 13, 30, 38]] = UNKNOWN
KIND_OF_CODE[32] = VF_ON
KIND_OF_CODE[33] = VF_OFF

MAX_RUN = 6  # "6" stands for any longer run, and for an episode of VF or AF

# State of one annotator.
IN_AF, IN_VF, SHUT_DOWN, POS, AT, KIND = range(6)


@njit(cache=True)
def _meaning(s, kind):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    """`amap`: depends on, and changes, the state `s`. rxr calls it more than once on some annotations; so do we."""
    if kind == NORMAL:
        return IS_S if s[IN_AF] else IS_N  # normal beats within AF are supraventricular ectopic beats
    if kind == SVE:
        return IS_S
    if kind == VENTRICULAR:
        return IS_V
    if kind == UNKNOWN:
        return IS_Q
    if kind == UNREADABLE:
        if s[SHUT_DOWN]:
            return NOTHING
        s[SHUT_DOWN] = 1
        return SHUT
    if kind == READABLE:
        if not s[SHUT_DOWN]:
            return NOTHING
        s[SHUT_DOWN] = 0
        return OPEN
    if kind in (VF_ON, VF_RHYTHM):
        if s[IN_VF]:
            return NOTHING
        s[IN_AF], s[IN_VF] = 0, 1
        return VF_BEGINS
    if kind == VF_OFF:
        if not s[IN_VF]:
            return NOTHING
        s[IN_VF] = 0
        return VF_ENDS
    if kind == AF_RHYTHM:
        if s[IN_AF]:
            return NOTHING
        s[IN_AF], s[IN_VF] = 1, 0
        return AF_BEGINS
    if kind == RHYTHM:
        if s[IN_AF]:
            s[IN_AF] = 0
            return AF_ENDS
        if s[IN_VF]:
            s[IN_VF] = 0
            return VF_ENDS
    return NOTHING


@njit(cache=True)
def _read(s, time, kind):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    """Next annotation into the state; False, and the old one stays, at the end of the file."""
    if s[POS] >= time.size:
        return False
    s[AT], s[KIND] = time[s[POS]], kind[s[POS]]
    s[POS] += 1
    return True


@njit(cache=True)
def _episode_end(s, time, kind, sve):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    """Reads on to the end of the episode that has just begun; its time, or -1 if the file ends first."""
    ends, other = (AF_ENDS, VF_BEGINS) if sve else (VF_ENDS, AF_BEGINS)
    while True:
        if not _read(s, time, kind):
            return -1
        meaning = _meaning(s, s[KIND])
        if meaning in (ends, other, SHUT):
            return s[AT]


@njit(cache=True)
def _longest_run(s, time, kind, t0, t1, sve, episode_end):  # type: ignore[no-untyped-def] # pragma: no cover
    """Longest run between t0 and t1, and when the episode it met ends (0 none, -1 never)."""
    if episode_end < 0 or episode_end > t0:
        return MAX_RUN, episode_end
    if s[AT] < 0:
        return 0, episode_end
    begins = AF_BEGINS if sve else VF_BEGINS
    while s[AT] < t0:
        if _meaning(s, s[KIND]) == begins:
            found = _episode_end(s, time, kind, sve)
            if found < 0 or s[AT] > t0:
                return MAX_RUN, found
        if not _read(s, time, kind):
            s[AT] = -1
            return 0, episode_end
    longest, run = 0, 0
    while s[AT] <= t1:
        meaning = _meaning(s, s[KIND])
        if meaning == begins:
            return MAX_RUN, _episode_end(s, time, kind, sve)
        if meaning == (IS_S if sve else IS_V):
            run = min(run + 1, MAX_RUN)
        elif meaning in (IS_N, IS_Q, SHUT, IS_S, IS_V, AF_BEGINS, VF_BEGINS):
            longest, run = max(longest, run), 0
        if not _read(s, time, kind):
            s[AT] = -1
            break
    return max(longest, run), episode_end


@njit(cache=True)
def walk_runs(  # type: ignore[no-untyped-def]
    a_time, a_kind, b_time, b_kind, start, end, match_dt, sve, left_over
):  # pragma: no cover - compiled
    """Matches every run of annotator a with the longest run of b in its window.

    Args:
        a_time: (n,) int64 samples, a_kind: (n,) int8 raw kinds; the same for b.
        start: First sample scored.
        end: Last sample scored, 0 or less for the end of the file.
        match_dt: Match window in samples.
        sve: Supraventricular runs (and AF) if true, ventricular runs (and VF) if not.
        left_over: Kind of the annotation of b read last in the walk before, OTHER in the first. rxr clears its time
            but not its type, so each further walk begins with a ghost of it at time 0.

    Returns:
        (7, 7) counts, run length of a by run length of b; (m, 4) rows (length in a, in b, window start, end); kinds
        of the annotations read last in a and in b. No counts where a has no annotation in the test period and no
        episode before it (rxr then quits without a word; an annotator that marks nothing has no runs, so we go on).
    """
    a, b = np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64)
    a[KIND], b[KIND] = OTHER, left_over
    counts = np.zeros((7, 7), dtype=np.int64)
    runs = np.zeros((a_time.size + 1, 4), dtype=np.int64)
    n_runs, episode_end, length = 0, 0, -1
    run_start, run_end = 0, 0
    begins, ends, member = (AF_BEGINS, AF_ENDS, IS_S) if sve else (VF_BEGINS, VF_ENDS, IS_V)
    while _read(a, a_time, a_kind):  # the state at the beginning of the test period
        if a[AT] >= start:
            length = max(length, 0)
            break
        meaning = _meaning(a, a[KIND])
        if meaning == begins:
            length = MAX_RUN
        elif meaning in (VF_ENDS, AF_ENDS):
            length = 0
    if length < 0:
        return counts, runs[:0], a[KIND], b[KIND]
    if length > 0:
        run_start, run_end = start - match_dt, start + match_dt
    while True:
        meaning = _meaning(a, a[KIND])
        if length > 0:
            if meaning == member:
                length = min(length + 1, MAX_RUN)
                run_end = a[AT] + match_dt
            elif meaning == ends:
                run_end = a[AT] + match_dt
            elif meaning in (IS_N, IS_Q, SHUT, IS_S, IS_V):
                other, episode_end = _longest_run(b, b_time, b_kind, run_start, run_end, sve, episode_end)
                counts[length, other] += 1
                runs[n_runs, 0], runs[n_runs, 1], runs[n_runs, 2], runs[n_runs, 3] = length, other, run_start, run_end
                n_runs += 1
                length = 0
        elif meaning == member:
            length = 1
            run_start, run_end = a[AT] - match_dt, a[AT] + match_dt
        elif meaning == begins:
            # The window's end is left where the run before had it, until the episode ends or has a beat.
            length = MAX_RUN
            run_start = a[AT] - match_dt
        if not _read(a, a_time, a_kind):
            if length <= 0:
                break
            a[KIND] = UNKNOWN  # the end of the file ends the run
        if end > 0 and a[AT] > end:
            break
    return counts, runs[:n_runs], a[KIND], b[KIND]
