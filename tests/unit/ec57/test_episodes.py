"""epicmp's rules on drawn time lines. One character is 50 ms, five samples; the first is sample 5."""

from __future__ import annotations

import pytest

from ecg.annotations import Annotations
from ecg.ec57 import EpisodeComparison, EpisodeType, find_episodes, score_episodes
from ecg.ec57.episode_report import StMeasurement, compare_st, episode_line, st_table
from tests.unit.ec57.made import FS_HZ, line


def score(
    ref: Annotations, test: Annotations, kind: EpisodeType = EpisodeType.AF, *, exclude_flutter: bool = False
) -> EpisodeComparison:
    return score_episodes(ref, test, kind, start_s=0, exclude_flutter=exclude_flutter)


def test_af_overlap_matches_and_durations_are_those_of_the_overlap() -> None:
    ref = line("N.+.......+.........+....+....", {2: "(AFIB", 10: "(N", 20: "(AFIB", 25: "(N"})
    tst = line("N....+.......+................", {5: "(AFIB", 13: "(N"})
    c = score(ref, tst)
    assert (c.episode_sensitivity.k, c.episode_sensitivity.n) == (1, 2)
    assert c.episode_predictivity.value == 1.0
    assert (c.ref_overlap, c.ref_duration) == (25, 65)
    assert (c.test_overlap, c.test_duration) == (25, 40)


def test_an_episode_that_does_not_end_lasts_to_the_end_of_the_record() -> None:
    ref = line("N.+.......N.........", {2: "(AFIB"})
    assert find_episodes(ref, EpisodeType.AF, end=105)[0].end == 105
    assert find_episodes(ref, EpisodeType.AF)[0].end == 55  # the last annotation, where the length is unknown
    assert score(ref, ref).ref_duration == 105 - 15


def test_episodes_are_cut_to_the_test_period() -> None:
    ref = line("+...................+....", {0: "(AFIB", 20: "(N"})
    c = score_episodes(ref, ref, EpisodeType.AF, start_s=0.5, end_s=0.8)
    assert (c.ref_duration, c.ref_overlap) == (30, 30)


def test_flutter_is_not_af_and_can_be_left_out_of_predictivity() -> None:
    ref = line("+.........+.........+....", {0: "(AFL", 10: "(AFIB", 20: "(N"})
    tst = line("+...................+....", {0: "(AFIB", 20: "(N"})
    c = score(ref, tst)
    assert (c.ref_duration, c.test_duration, c.test_overlap) == (50, 100, 50)
    excluded = score(ref, tst, exclude_flutter=True)
    # Half the test episode lies in flutter. epicmp lengthens it by that half instead of shortening it.
    assert excluded.test_duration == 150


def test_short_episodes_leave_the_counts_or_everything() -> None:
    ref = line("+..+......+.........+....", {0: "(AFIB", 3: "(N", 10: "(AFIB", 20: "(N"})
    tst = line("+...................+....", {0: "(AFIB", 20: "(N"})
    counted = score_episodes(ref, tst, EpisodeType.AF, start_s=0, min_length_s=0.2)
    assert (counted.episode_sensitivity.n, counted.ref_duration, counted.test_overlap) == (1, 50, 65)
    nowhere = score_episodes(ref, tst, EpisodeType.AF, start_s=0, min_length_s=0.2, drop_short_everywhere=True)
    assert nowhere.test_overlap == 50


def test_vf_lies_between_brackets_only() -> None:
    ref = line("N...[.....!....].....N")
    tst = line("N...+..........+.....N", {4: "(VFL", 15: "(N"})
    c = score(ref, tst, EpisodeType.VF)
    assert (c.episode_sensitivity.k, c.episode_sensitivity.n, c.episode_predictivity.n) == (0, 1, 0)


def test_no_episodes_are_undefined_not_zero() -> None:
    c = score(line("N....N"), line("N....N"))
    assert c.duration_sensitivity is None
    assert episode_line("r", c) == "     r    0    0    0    0    -   -   -   -         0.000          0.000\n"


ST_NOTES = {2: "(ST0+", 12: "AST0+150", 22: "ST0+)"}


@pytest.mark.parametrize(
    ("drawing", "notes", "matched"),
    [
        #  reference: 2 to 22, extremum at 12
        ("..........s....s.....", {10: "(ST0+", 15: "ST0+)"}, 1),  # a quarter of it, with the extremum
        ("..s.......s..........", {2: "(ST0+", 10: "ST0+)"}, 0),  # less than half, without
        ("..s........s.........", {2: "(ST0+", 11: "ST0+)"}, 0),
        (".............s........s", {13: "(ST0+", 22: "ST0+)"}, 0),
        ("............s.........s", {12: "(ST0+", 22: "ST0+)"}, 1),  # half of it
    ],
)
def test_st_needs_the_extremum_or_half_of_the_episode(drawing: str, notes: dict[int, str], matched: int) -> None:
    ref = line("..s.........s.........s...N", ST_NOTES)
    c = score(ref, line(drawing, notes), EpisodeType.ST_SIGNAL_0)
    assert (c.episode_sensitivity.k, c.episode_sensitivity.n) == (matched, 1)


def test_st_in_either_signal_lasts_until_both_have_ended() -> None:
    ref = line("..s....s.....s.....s...", {2: "(ST0+", 7: "(ST1-", 13: "ST0+)", 19: "ST1-)"})
    assert [(e.start, e.end) for e in find_episodes(ref, EpisodeType.ST)] == [(15, 100)]
    assert [(e.start, e.end) for e in find_episodes(ref, EpisodeType.ST_SIGNAL_1)] == [(40, 100)]


def test_st_measurements_pair_with_the_nearest_beat() -> None:
    ref = line("..........s.........s....", {10: "AST0+150", 20: "AST1-80"})
    tst = line("........N...N.....N....N.", {8: "20 5", 12: "-10 7", 18: "30"})
    # The first extremum lies halfway between two beats: the later one is taken. The beat at 18 keeps lead 1 at 7.
    assert compare_st(ref, tst) == [StMeasurement(55, 0, 150, -10), StMeasurement(105, 1, -80, 7)]
    assert st_table("r", compare_st(ref, tst, signal=0), FS_HZ) == "     r     0:00       0        150   -10 *\n"
