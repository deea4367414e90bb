"""bxb's rules on drawn time lines. One character is 50 ms; the match window, 150 ms, is three characters."""

from __future__ import annotations

import pytest

from ecg.annotations import Annotations
from ecg.ec57 import BeatComparison, score_beats, summarise_beats
from ecg.ec57.beat_report import discrepancies, shutdown_line
from ecg.ec57.beat_report import line as report_line
from ecg.ec57.pairing import F, N, O, Q, S, V, X
from ecg.errors import InvalidSignal
from tests.unit.ec57.made import FS_HZ, line


def score(ref: Annotations, test: Annotations) -> BeatComparison:
    return score_beats(ref, test, start_s=0)


def test_beats_within_the_window_match_and_classes_are_told_apart() -> None:
    ref = line("N.........N.........V.........A.........N")
    tst = line("..N.......N..........V........N..............")
    c = score(ref, tst)
    assert (c.counts[N, N], c.counts[V, V], c.counts[S, N], c.counts[N, O]) == (2, 1, 1, 1)
    assert (c.qrs_sensitivity.k, c.qrs_sensitivity.n) == (4, 5)
    assert c.qrs_predictivity.value == 1.0
    assert c.sveb_sensitivity.value == 0.0
    assert c.sveb_predictivity.value is None  # nothing called S: undefined, not zero


def test_a_beat_beyond_the_window_is_a_miss_and_an_extra() -> None:
    ref = line("N.........N.........N")
    tst = line("N.............N.....N")
    c = score(ref, tst)
    assert (c.counts[N, O], c.counts[O, N], c.counts[N, N]) == (1, 1, 2)


def test_the_better_match_wins() -> None:
    ref = line("N.............N.........N")
    tst = line("N..........V...N........N")  # V is as near as 150 ms, N is nearer
    c = score(ref, tst)
    assert (c.counts[O, V], c.counts[N, N]) == (1, 3)


def test_two_close_beats_on_either_side_pair_in_order() -> None:
    # The program's own example: ref 96 and 160, test 128 and 185, window 37. Each test beat has its reference beat.
    ref = Annotations.of([50, 96, 160, 400], "N", 250, n_samples=500)
    tst = Annotations.of([50, 128, 185, 400], "N", 250, n_samples=500)
    c = score_beats(ref, tst, start_s=0, window_s=37 / 250)
    assert (c.counts[N, N], c.counts[N, O], c.counts[O, N]) == (4, 0, 0)


def test_test_beats_in_reference_vf_count_nowhere_and_its_waves_are_not_read() -> None:
    ref = line("N.........[..!..!..!..!..].........N")
    tst = line("N............V.....V...............N")
    c = score(ref, tst)
    assert c.counts.sum() == c.counts[N, N] == 2


def test_flutter_waves_outside_vf_are_beats_of_no_class() -> None:
    ref = line("N.........!.........N")
    tst = line("N.........V.........N")
    c = score(ref, tst)
    assert (c.counts[O, V], c.counts[O, O]) == (1, 0)
    assert c.veb_predictivity.value == 0.0


def test_shutdown_of_the_test_annotator_is_told_from_a_miss() -> None:
    ref = line("N.........N.........V.........N.........N")
    tst = line("N.......~........................~......N", subtypes={8: 0x30})
    c = score(ref, tst)
    assert (c.counts[N, X], c.counts[V, X], c.counts[N, O]) == (2, 1, 0)
    assert c.qrs_sensitivity.k == 2
    assert c.shutdown_s == 1  # 25 characters, 1.25 s
    assert shutdown_line("rec", c).split()[1:6] == ["2", "0", "1", "0", "0"]


def test_extra_beats_in_reference_shutdown_are_x() -> None:
    ref = line("N.......~.................~.......N", subtypes={8: 0x30})
    tst = line("N............N....................N")
    c = score(ref, tst)
    assert (c.counts[X, N], c.counts[O, N]) == (1, 0)


def test_a_lone_shutdown_mark_spans_to_its_neighbours() -> None:
    ref = line("N.........N.........N.........N.........N")
    tst = line("N..............~..............N.........N", subtypes={15: 0x30})
    c = score(ref, tst)
    assert (c.counts[N, X], c.counts[N, N]) == (2, 3)


def test_shutdown_without_end_lasts_to_the_end_of_the_record() -> None:
    ref = line("N.........N.........N.........N.........N")
    tst = line("N.........N....~", subtypes={15: 0x30})
    c = score(ref, tst)
    assert (c.counts[N, X], c.counts[N, O]) == (3, 0)
    assert c.shutdown_samples == 50 + ref.n_samples - 80  # half a second for rounding


def test_a_pair_across_the_start_of_the_test_period_counts() -> None:
    # start:                 |
    ref = line("N.........N....N.........N")
    tst = line("N.........N...N..........N")
    c = score_beats(ref, tst, start_s=0.80)
    assert (c.counts[N, N], c.counts[N, O], c.counts[O, N]) == (2, 0, 0)


def test_a_test_beat_whose_reference_lies_before_the_start_is_not_counted() -> None:
    # start:                 |
    ref = line("N.........N...N..........N")
    tst = line("N.........N.....N........N")
    c = score_beats(ref, tst, start_s=0.80)
    assert (c.counts[N, N], c.counts[O, N]) == (1, 0)


def test_rr_error_is_the_root_mean_square_difference() -> None:
    ref = line("N.........N.........N.........N")
    tst = line("N.........N..........N........N")
    # RR of the reference 500 500 500, of the test 500 550 450 ms.
    assert score(ref, tst).rr_error_ms == pytest.approx((5000 / 3) ** 0.5)


def test_veb_on_a_reference_fusion_is_no_error_but_sveb_is() -> None:
    ref = line("F.........F.........Q.........Q")
    tst = line("V.........S.........V.........S")
    c = score(ref, tst)
    assert c.veb_predictivity.n == 0
    assert (c.sveb_predictivity.k, c.sveb_predictivity.n) == (0, 1)
    assert (c.counts[F, V], c.counts[Q, S]) == (1, 1)


def test_without_sveb_folds_s_into_n() -> None:
    ref = line("N.........S.........V")
    tst = line("S.........N.........S")
    folded = score(ref, tst).without_sveb()
    assert (folded.counts[N, N], folded.counts[V, N], folded.counts[S].sum()) == (2, 1, 0)


def test_pairs_say_which_annotation_met_which() -> None:
    ref = line("N....+....N.........N", {5: "(N"})
    tst = line("N...................V")
    assert score(ref, tst).pairs.tolist() == [[N, N, 0, 0], [N, O, 2, 1], [N, V, 3, 1]]
    assert discrepancies(score(ref, tst), ref.sample.tolist(), tst.sample.tolist()) == "N(55)/O(55)\nN(105)/V(105)\n"


def test_nothing_found_is_all_missed() -> None:
    ref = line("N.........N.........N")
    c = score(ref, Annotations.of([], "N", FS_HZ))
    assert (c.qrs_sensitivity.value, c.qrs_predictivity.value) == (0.0, None)
    assert report_line("r", c).endswith("  0.00      -      -      -      -      -     -\n")


def test_no_reference_beats_at_all() -> None:
    c = score(Annotations.of([], "N", FS_HZ, n_samples=200), line("N.........N"))
    assert (c.counts[O, N], c.qrs_sensitivity.value) == (2, None)


def test_end_of_reference_bounds_a_record_of_unknown_length() -> None:
    ref = Annotations.of([100, 200], "N", FS_HZ)
    tst = Annotations.of([100, 200, 300, 400], "N", FS_HZ)
    assert score(ref, tst).counts.sum() == 2
    assert score_beats(ref, tst, start_s=0, n_samples=500).counts[O, N] == 2
    assert score_beats(ref, tst, start_s=0, end_s=0).counts.sum() == 2


def test_another_sampling_frequency_of_the_test_is_brought_over() -> None:
    ref = Annotations.of([100, 200], "N", 100, n_samples=300)
    tst = Annotations.of([250, 500], "N", 250, n_samples=750)
    assert score(ref, tst).counts[N, N] == 2


def test_interval_must_not_end_before_it_starts() -> None:
    with pytest.raises(InvalidSignal, match="before it starts"):
        score_beats(line("N"), line("N"), start_s=10, end_s=5)


def test_gross_pools_beats_and_average_pools_records() -> None:
    good = score(line("N.........N.........N.........V"), line("N.........N.........N.........V"))
    bad = score(line("N.........N"), line("N"))
    summary = summarise_beats([good, bad])
    assert summary.gross.qrs_sensitivity.value == 5 / 6
    assert summary.average_qrs_sensitivity == 0.75
    assert summary.average_veb_sensitivity == 1.0  # the record without VEBs has no say
