"""The beat-by-beat pairing of `bxb`, compiled: walks two annotators and pairs their beats one step at a time.

A walker is a row of int64 that stands for the static variables of bxb's `getref` or `gettest`; `_advance` is one
call of either. The loop is sequential by definition (each pairing decides which annotation is read next), so it is
compiled rather than vectorised. Pure; must not import anything but numpy and numba.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

HUGE = np.iinfo(np.int64).max  # "no more annotations", as WFDB_TIME_MAX
TO_END_OF_REFERENCE = -1  # record length unknown: stop when the reference annotations end
TO_END_OF_EITHER = 0

# Classes as rows and columns of the confusion matrix. O: no match. X: no match, in shutdown. SKIP: counted nowhere.
N, S, V, F, Q, O, X, SKIP = range(8)  # noqa: E741 - the letters of EC57

# Class of each WFDB annotation code (bxb's `amap`). The flutter wave (31) is a QRS that no class holds, so it is O:
# as a reference it turns its test beat into a false positive, and it is never counted as missed. So does bxb.
CLASS_OF_CODE: NDArray[np.int8] = np.full(50, O, dtype=np.int8)
CLASS_OF_CODE[[1, 2, 3, 25]] = N
CLASS_OF_CODE[[4, 7, 8, 9, 11, 34, 35]] = S
CLASS_OF_CODE[[5, 10, 41]] = V
CLASS_OF_CODE[6] = F
CLASS_OF_CODE[[12, 13, 30, 38]] = Q  # paced, fusion of paced, unknown, learning

# Kinds of annotation the walk distinguishes.
BEAT, UNREADABLE, READABLE, VF_ON, VF_OFF, OTHER = range(6)

# Fields of a walker.
POS, AT, CLS, IDX, NEXT_AT, NEXT_CLS, NEXT_IDX, RR = range(8)
SD_ON, SD_OFF, VF_START, VF_END, P_SD_ON, P_SD_OFF, P_VF_START, P_VF_END = range(8, 16)
SHUTDOWN, IS_TEST = 16, 17
WALKER_SIZE = 18


@njit(cache=True)
def _advance(  # type: ignore[no-untyped-def]
    w, time, kind, cls, match_dt, end
):  # pragma: no cover - compiled
    before = w[AT]
    w[AT], w[CLS], w[IDX] = w[NEXT_AT], w[NEXT_CLS], w[NEXT_IDX]
    at = w[AT]
    # An RR interval is void at the first beat (bxb tests for time 0, so a beat at sample 0 is void too), after the
    # last one, and across the start of VF or of a shutdown.
    if (
        before == 0
        or at == HUGE
        or (before <= w[VF_START] < at)
        or (before <= w[SD_ON] < at)
        or (before <= w[P_VF_START] < at)
        or (before <= w[P_SD_ON] < at)
    ):
        w[RR] = 0
    else:
        w[RR] = at - before
    n = time.size
    while w[POS] < n:
        i = w[POS]
        w[POS] += 1
        if kind[i] == BEAT:
            w[NEXT_AT], w[NEXT_CLS], w[NEXT_IDX] = time[i], cls[i], i
            return
        if kind[i] == UNREADABLE:
            w[P_SD_ON], w[P_SD_OFF] = w[SD_ON], w[SD_OFF]
            w[SD_ON] = time[i]
            if w[POS] >= n:
                if w[IS_TEST] == 0:
                    w[SD_OFF] = HUGE
                elif end > 0:
                    # bxb leaves the end of the test shutdown at its old value here; so do we.
                    w[SHUTDOWN] += end - w[SD_ON]
                break
            j = w[POS]
            w[POS] += 1
            if kind[j] == READABLE:
                w[SD_OFF] = time[j]
            else:
                # A lone mark in the middle of the shutdown (AHA style): it lies between the neighbours' windows.
                w[SD_ON] = (w[VF_END] if w[VF_END] > at else at) + match_dt
                w[SD_OFF] = time[j] - match_dt
                w[SD_ON] = min(w[SD_ON], w[SD_OFF])
                w[POS] = j
            w[SHUTDOWN] += w[SD_OFF] - w[SD_ON]
        elif kind[i] == VF_ON:
            w[P_VF_START], w[P_VF_END] = w[VF_START], w[VF_END]
            w[VF_START] = time[i]
            while w[POS] < n and kind[w[POS]] != VF_OFF:  # annotations within VF are not read
                w[POS] += 1
            if w[POS] >= n:
                break
            w[VF_END] = time[w[POS]]
            w[POS] += 1
    w[NEXT_AT], w[NEXT_CLS], w[NEXT_IDX] = HUGE, SKIP, -1


@njit(cache=True)
def _within(start, end, t):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    return start != -1 and start <= t and (t <= end or end == -1)


@njit(cache=True)
def _within_past(start, end, t):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    return start != -1 and start <= t <= end


@njit(cache=True)
def _reference_pseudo_beat(w, t):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    """What an extra test beat is paired with: nothing at all in reference VF, X in shutdown, O elsewhere."""
    if _within(w[VF_START], w[VF_END], t) or _within_past(w[P_VF_START], w[P_VF_END], t):
        return SKIP
    if _within(w[SD_ON], w[SD_OFF], t) or _within_past(w[P_SD_ON], w[P_SD_OFF], t):
        return X
    return O


@njit(cache=True)
def _test_pseudo_beat(w, t):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    """What a missed reference beat is paired with; test-marked VF has no special place."""
    if _within(w[SD_ON], w[SD_OFF], t) or _within_past(w[P_SD_ON], w[P_SD_OFF], t):
        return X
    return O


@njit(cache=True)
def _count(r, t, ref_cls, test_cls, matrix, pairs, sums):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    matrix[ref_cls, test_cls] += 1
    # bxb adds an RR error at every pairing, pseudo-beats included; the interval of the side that did not move
    # counts again. EC57 means matched beats only, but this is the figure the program prints.
    if r[RR] > 0 and t[RR] > 0:
        error = np.float64(r[RR] - t[RR])
        sums[0] += error * error
        sums[1] += 1.0
    k = np.int64(sums[2])
    pairs[k, 0] = ref_cls
    pairs[k, 1] = test_cls
    pairs[k, 2] = r[IDX]
    pairs[k, 3] = t[IDX]
    sums[2] += 1.0


@njit(cache=True)
def _new_walker(is_test, shutdown):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    w = np.full(WALKER_SIZE, -1, dtype=np.int64)
    w[POS] = w[AT] = w[NEXT_AT] = w[RR] = 0
    w[CLS] = w[NEXT_CLS] = SKIP
    w[SHUTDOWN], w[IS_TEST] = shutdown, is_test
    return w


@njit(cache=True)
def pair_beats(  # type: ignore[no-untyped-def]
    rt, rk, rc, tt, tk, tc, start, end, match_dt, half_second
):  # pragma: no cover - compiled
    """Pairs the beats of a reference (rt, rk, rc) and a test annotator (tt, tk, tc).

    Args:
        rt: (n,) int64 times in samples; rk: (n,) int8 kinds; rc: (n,) int8 classes; the same for the test.
        start: First sample scored.
        end: Last sample scored, or TO_END_OF_REFERENCE, or TO_END_OF_EITHER.
        match_dt: Match window in samples.
        half_second: Starting value of the shutdown tally, which is truncated to seconds later.

    Returns:
        (8, 8) counts by class; (m, 4) pairings as (reference class, test class, reference index, test index), where
        the index of a pseudo-beat's side is that of the annotation it waits at; sum of squared RR errors; their
        number; shutdown in samples.
    """
    r, t = _new_walker(0, 0), _new_walker(1, half_second)
    matrix = np.zeros((8, 8), dtype=np.int64)
    pairs = np.empty((rt.size + tt.size + 4, 4), dtype=np.int32)
    sums = np.zeros(3, dtype=np.float64)
    while True:
        _advance(r, rt, rk, rc, match_dt, end)
        if r[AT] >= start:
            break
    while True:
        _advance(t, tt, tk, tc, match_dt, end)
        if t[NEXT_AT] >= start:
            break
    # The last test beat of the learning period may belong to the first reference beat after it.
    if r[AT] - t[AT] < abs(r[AT] - t[NEXT_AT]) and r[AT] - t[AT] <= match_dt:
        if r[CLS] != SKIP or t[CLS] != SKIP:  # both are empty when the test period starts at 0
            _count(r, t, r[CLS], t[CLS], matrix, pairs, sums)
        _advance(r, rt, rk, rc, match_dt, end)
        _advance(t, tt, tk, tc, match_dt, end)
    else:
        # A test beat just inside the test period whose reference lies before it is not counted.
        _advance(t, tt, tk, tc, match_dt, end)
        if t[AT] - start <= match_dt and abs(r[AT] - t[NEXT_AT]) < abs(r[AT] - t[AT]):
            _advance(t, tt, tk, tc, match_dt, end)
    while (
        (end > 0 and (r[AT] <= end or t[AT] <= end))
        or (end == -1 and r[AT] != HUGE)
        or (end == 0 and r[AT] != HUGE and t[AT] != HUGE)
    ):
        rnext_to_tnext = abs(r[NEXT_AT] - t[NEXT_AT])
        if t[AT] < r[AT]:
            gap, rival = r[AT] - t[AT], abs(r[AT] - t[NEXT_AT])
            if gap <= match_dt and (gap < rival or rnext_to_tnext < rival):
                _count(r, t, r[CLS], t[CLS], matrix, pairs, sums)
                _advance(r, rt, rk, rc, match_dt, end)
                _advance(t, tt, tk, tc, match_dt, end)
            else:
                _count(r, t, _reference_pseudo_beat(r, t[AT]), t[CLS], matrix, pairs, sums)
                _advance(t, tt, tk, tc, match_dt, end)
        else:
            gap, rival = t[AT] - r[AT], abs(t[AT] - r[NEXT_AT])
            if gap <= match_dt and (gap < rival or rnext_to_tnext < rival):
                _count(r, t, r[CLS], t[CLS], matrix, pairs, sums)
                _advance(t, tt, tk, tc, match_dt, end)
                _advance(r, rt, rk, rc, match_dt, end)
            else:
                _count(r, t, r[CLS], _test_pseudo_beat(t, r[AT]), matrix, pairs, sums)
                _advance(r, rt, rk, rc, match_dt, end)
    return matrix, pairs[: np.int64(sums[2])], sums[0], np.int64(sums[1]), t[SHUTDOWN]
