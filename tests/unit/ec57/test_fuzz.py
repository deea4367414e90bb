"""The scorers on random annotators: against the published rules written out slowly, and against what must always hold.

The slow versions know no walker: `_bxb_literally` reads bxb's two rules off its manual page with lists, `_overlap` colours
samples, `_runs` counts letters. Annotators begin a second after the start, beyond the oddities of its first 150 ms.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.annotations import Annotations
from ecg.ec57 import EpisodeType, score_beats, score_episodes, score_measurements, score_runs
from ecg.ec57.pairing import CLASS_OF_CODE, O, V, X

FS_HZ, WINDOW = 100.0, 15  # 150 ms
LENGTH = 6000
SEARCH = settings(max_examples=80, deadline=None)
SYMBOLS = st.sampled_from("NNNNSVVFQ")

Beats = list[tuple[int, str]]


def _annotate(beats: Beats) -> Annotations:
    return Annotations.of([at for at, _ in beats], [s for _, s in beats], FS_HZ, n_samples=LENGTH)


@st.composite
def annotators(draw: st.DrawFn, least_gap: int = 1) -> Beats:
    gaps = draw(st.lists(st.integers(least_gap, 120), max_size=45))
    at = (100 + np.cumsum(gaps)).tolist()
    return [(k, draw(SYMBOLS)) for k in at]


@st.composite
def jittered(draw: st.DrawFn) -> tuple[Beats, Beats]:
    """A reference, and a test that moves, drops, adds and renames its beats."""
    ref = draw(annotators(20))
    test: dict[int, str] = {}
    for at, symbol in ref:
        kind = draw(st.integers(0, 9))
        if kind == 0:
            continue
        test[at + draw(st.integers(-20, 20))] = draw(SYMBOLS) if kind == 1 else symbol
        if kind == 2:
            test[at + draw(st.integers(-30, 30))] = draw(SYMBOLS)
    return ref, sorted((at, s) for at, s in test.items() if at >= 100)


def _class(symbol: str) -> int:
    return int(CLASS_OF_CODE[Annotations.of([1], symbol, FS_HZ).code[0]])


def _bxb_literally(ref: Beats, test: Beats) -> np.ndarray:
    """bxb's pairing: the earlier beat meets the other side's, if that is within the window and no better match waits."""
    far = 10**9
    counts = np.zeros((7, 7), dtype=int)
    i = j = 0
    while i < len(ref) or j < len(test):
        r, r_next = ([at for at, _ in ref[i : i + 2]] + [far, far])[:2]
        t, t_next = ([at for at, _ in test[j : j + 2]] + [far, far])[:2]
        both_later = abs(r_next - t_next)
        rival = abs(r - t_next) if t < r else abs(t - r_next)
        if abs(r - t) <= WINDOW and (abs(r - t) < rival or both_later < rival):
            counts[_class(ref[i][1]), _class(test[j][1])] += 1
            i, j = i + 1, j + 1
        elif t < r:
            counts[O, _class(test[j][1])] += 1
            j += 1
        else:
            counts[_class(ref[i][1]), O] += 1
            i += 1
    return counts


@SEARCH
@given(st.one_of(jittered(), st.tuples(annotators(), annotators())))
def test_bxb_pairs_as_its_rules_are_written(pair: tuple[Beats, Beats]) -> None:
    ref, test = pair
    c = score_beats(_annotate(ref), _annotate(test), start_s=0)
    np.testing.assert_array_equal(c.counts, _bxb_literally(ref, test))


@SEARCH
@given(st.one_of(jittered(), st.tuples(annotators(), annotators())))
def test_bxb_counts_every_beat_once_within_the_window(pair: tuple[Beats, Beats]) -> None:
    ref, test = (_annotate(beats) for beats in pair)
    c = score_beats(ref, test, start_s=0)
    for axis, beats in ((1, pair[0]), (0, pair[1])):
        held = c.counts.sum(axis=axis)[:5]
        assert held.tolist() == [sum(_class(s) == k for _, s in beats) for k in range(5)]
    matched = c.pairs[(c.pairs[:, 0] < 5) & (c.pairs[:, 1] < 5)]
    assert len(set(matched[:, 2])) == len(set(matched[:, 3])) == len(matched)
    assert (np.abs(ref.sample[matched[:, 2]] - test.sample[matched[:, 3]]) <= WINDOW).all()
    assert (np.diff(matched[:, 2]) > 0).all() and (np.diff(matched[:, 3]) > 0).all()


@SEARCH
@given(st.one_of(jittered(), st.tuples(annotators(), annotators())))
def test_swapping_reference_and_test_transposes_the_matrix(pair: tuple[Beats, Beats]) -> None:
    ref, test = (_annotate(beats) for beats in pair)
    there, back = score_beats(ref, test, start_s=0), score_beats(test, ref, start_s=0)
    np.testing.assert_array_equal(there.counts, back.counts.T)
    assert there.qrs_sensitivity == back.qrs_predictivity
    assert there.squared_rr_error == back.squared_rr_error


@SEARCH
@given(annotators(16), st.integers(0, 4000))
def test_a_record_against_itself_is_perfect_wherever_it_lies(beats: Beats, later: int) -> None:
    moved = Annotations.of([at + later for at, _ in beats], [s for _, s in beats], FS_HZ, n_samples=LENGTH + later)
    for made in (_annotate(beats), moved):
        c = score_beats(made, made, start_s=0)
        assert c.counts.sum() == np.trace(c.counts) == len(beats)
        assert c.rr_error_ms in (0.0, None)
        assert c.qrs_sensitivity.value in (1.0, None) and c.veb_predictivity.value in (1.0, None)
        for runs in score_runs(made, made, start_s=0):
            assert runs.sensitivity_counts.sum() == np.trace(runs.sensitivity_counts)
            assert runs.predictivity_counts.sum() == np.trace(runs.predictivity_counts)


@SEARCH
@given(annotators(40), st.lists(st.tuples(st.integers(200, 5500), st.integers(60, 600)), max_size=3))
def test_beats_missed_in_shutdown_are_told_from_misses(beats: Beats, spans: list[tuple[int, int]]) -> None:
    apart: list[tuple[int, int]] = []
    for first, length in sorted(spans):  # shutdowns that a readable beat parts
        if not apart or any(apart[-1][1] < at < first for at, _ in beats):
            apart.append((first, min(first + length, LENGTH - 20)))
    hidden = [any(first <= at <= last for first, last in apart) for at, _ in beats]
    near = [any(min(abs(at - first), abs(at - last)) <= 1 for first, last in apart) for at, _ in beats]
    if any(near):
        return  # a beat on the very mark: the order of equal times decides
    marks: list[tuple[int, str, int]] = [(at, s, 0) for (at, s), gone in zip(beats, hidden, strict=True) if not gone]
    for first, last in apart:
        marks += [(first, "~", 0x30), (last, "~", 0)]
    marks.sort()
    test = Annotations.of(
        [m[0] for m in marks], [m[1] for m in marks] or "N", FS_HZ, subtype=[m[2] for m in marks], n_samples=LENGTH
    )
    c = score_beats(_annotate(beats), test, start_s=0)
    expected = [sum(_class(s) == k and gone for (_, s), gone in zip(beats, hidden, strict=True)) for k in range(5)]
    assert c.counts[:5, X].tolist() == expected
    assert c.counts[:5, O].sum() == 0
    assert c.shutdown_s == (sum(last - first for first, last in apart) + 50) // 100


def _runs(beats: Beats) -> list[int]:
    """Lengths of the runs of V, single beats included, 6 for more."""
    found = [len(list(group)) for is_v, group in groupby(beats, key=lambda beat: beat[1] == "V") if is_v]
    return [min(n, 6) for n in found]


@SEARCH
@given(annotators(40))
def test_rxr_counts_the_runs_that_are_there(beats: Beats) -> None:
    plain = [(at, "V" if s == "V" else "N") for at, s in beats]
    closed = [*plain, (LENGTH - 200, "N")]  # a run still open at the end is not counted
    made = _annotate([beat for beat in closed if beat[0] <= LENGTH - 200])
    lengths = _runs([beat for beat in closed if beat[0] <= LENGTH - 200])
    ve, _ = score_runs(made, made, start_s=0)
    counted = np.diagonal(ve.sensitivity_counts).tolist()
    assert counted[2:] == [lengths.count(n) for n in range(2, 7)]


@SEARCH
@given(jittered())
def test_rxr_swapped_gives_the_other_half_of_the_table(pair: tuple[Beats, Beats]) -> None:
    ref, test = (_annotate([*beats, (LENGTH - 100, "N")]) for beats in pair)
    for there, back in zip(score_runs(ref, test, start_s=0.5), score_runs(test, ref, start_s=0.5), strict=True):
        np.testing.assert_array_equal(there.sensitivity_counts, back.predictivity_counts.T)


Spans = list[tuple[int, int]]


@st.composite
def episodes(draw: st.DrawFn) -> Spans:
    cuts = sorted(draw(st.sets(st.integers(100, LENGTH - 100), max_size=12)))
    return list(zip(cuts[::2], cuts[1::2], strict=False))


def _rhythm(spans: Spans) -> Annotations:
    marks = [mark for first, last in spans for mark in ((first, "(AFIB"), (last, "(N"))]
    return Annotations.of([at for at, _ in marks], "+", FS_HZ, aux_note=[note for _, note in marks], n_samples=LENGTH)


def _coloured(spans: Spans) -> np.ndarray:
    out = np.zeros(LENGTH, bool)
    for first, last in spans:
        out[first:last] = True
    return out


@SEARCH
@given(episodes(), episodes())
def test_epicmp_measures_the_overlap_that_coloured_samples_show(ref: Spans, test: Spans) -> None:
    c = score_episodes(_rhythm(ref), _rhythm(test), EpisodeType.AF, start_s=0)
    there, found = _coloured(ref), _coloured(test)
    assert (c.ref_duration, c.test_duration) == (there.sum(), found.sum())
    assert c.ref_overlap == c.test_overlap == (there & found).sum()
    assert (c.episode_sensitivity.n, c.episode_predictivity.n) == (len(ref), len(test))
    assert c.episode_sensitivity.k == sum(bool(found[first:last].any()) for first, last in ref)
    assert c.episode_predictivity.k == sum(bool(there[first:last].any()) for first, last in test)


@SEARCH
@given(episodes())
def test_epicmp_of_a_record_against_itself_is_perfect(spans: Spans) -> None:
    c = score_episodes(_rhythm(spans), _rhythm(spans), EpisodeType.AF, start_s=0)
    assert c.duration_sensitivity == c.duration_predictivity == (1.0 if spans else None)
    assert c.episode_sensitivity.k == c.episode_sensitivity.n == len(spans)


@SEARCH
@given(
    st.lists(
        st.tuples(st.integers(100, LENGTH), st.integers(30, 200)), min_size=1, max_size=20, unique_by=lambda x: x[0]
    ),
    st.lists(
        st.tuples(st.integers(100, LENGTH), st.integers(30, 200)), min_size=1, max_size=20, unique_by=lambda x: x[0]
    ),
)
def test_mxm_compares_with_the_nearest_reference(ref: Beats, test: Beats) -> None:
    ref, test = sorted(ref), sorted(test)
    test = [one for one in test if ref[0][0] <= one[0] <= ref[-1][0]] or [ref[0]]
    made = [
        Annotations.of([at for at, _ in m], "=", FS_HZ, aux_note=[str(v) for _, v in m], n_samples=None)
        for m in (ref, test)
    ]
    c = score_measurements(made[0], made[1], start_s=0, end_s=0)
    squared = 0.0
    for at, value in test:
        # Halfway between two the later one is taken.
        nearest = min(ref, key=lambda one: (abs(one[0] - at), -one[0]))
        squared += (nearest[1] - value) ** 2
    reached = [at for at, _ in test if at < ref[-1][0]]
    if len(reached) == len(test):  # the reference did not run out first, which ends the comparison
        assert c.squared_error == squared and c.n_pairs == len(test)


def test_a_ventricular_beat_amid_a_run_is_what_makes_it_one() -> None:
    ve, _ = score_runs(_annotate([(200, "V"), (300, "V"), (400, "N")]), _annotate([(200, "V"), (400, "N")]), start_s=0)
    assert (ve.couplet_sensitivity.k, ve.couplet_sensitivity.n) == (0, 1) and V == 2
