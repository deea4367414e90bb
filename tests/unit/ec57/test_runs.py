"""rxr's rules on drawn time lines. One character is 50 ms; the match window, 150 ms, is three characters."""

from __future__ import annotations

from ecg.annotations import Annotations
from ecg.ec57 import RunComparison, score_runs
from ecg.ec57.runs import run_discrepancies, run_line, run_matrix
from tests.unit.ec57.made import FS_HZ, line


def score(ref: Annotations, test: Annotations) -> tuple[RunComparison, RunComparison]:
    return score_runs(ref, test, start_s=0)


def test_couplet_found_as_a_single_beat_is_missed_and_the_single_beat_is_no_couplet() -> None:
    ref = line("N......V....V......N......N")
    tst = line("N......V....N......N......N")
    ve, sve = score(ref, tst)
    assert ve.sensitivity_counts[2, 1] == 1
    assert ve.predictivity_counts[1, 1] == 1  # within the window of the test's one beat the reference has one too
    assert (ve.couplet_sensitivity.k, ve.couplet_sensitivity.n) == (0, 1)
    assert ve.couplet_predictivity.n == 0
    assert sve.sensitivity_counts.sum() == 0


def test_runs_are_matched_by_kind_of_length() -> None:
    ref = line("N...V...V...V...V...N...V...V...V...V...V...V...V...N")
    tst = line("N...V...V...V...N...N...V...V...V...V...V...V...N...N")
    ve, _ = score(ref, tst)
    assert ve.sensitivity_counts[4, 3] == 1  # a run of 4 found as 3: short in both
    assert ve.sensitivity_counts[6, 6] == 1  # 6 stands for more
    assert ve.short_run_sensitivity.value == ve.long_run_predictivity.value == 1.0
    # Only sensitivity sees the difference: the window of the test's run of 3 holds 3 beats of the reference.
    assert run_discrepancies(ve, sve=False).count("4/3(10-100)\n") == 1
    assert ve.predictivity_counts[3, 3] == 1


def test_extra_couplet_of_the_test_counts_against_predictivity() -> None:
    ve, _ = score(line("N...N...N...N...N"), line("N...V...V...N...N"))
    assert (ve.couplet_predictivity.k, ve.couplet_predictivity.n) == (0, 1)
    assert ve.couplet_sensitivity.n == 0


def test_fusions_extend_ventricular_runs() -> None:
    ve, _ = score(line("N...V...F...N"), line("N...V...V...N"))
    assert ve.sensitivity_counts[2, 2] == 1


def test_vf_is_a_longest_run() -> None:
    ref = line("N....[.......................]....N....N")
    tst = line("N......V..V..V..V..V..V...........N....N")
    ve, _ = score(ref, tst)
    assert ve.sensitivity_counts[6, 6] == 1
    assert ve.predictivity_counts[6, 6] == 1


def test_beats_within_af_are_a_supraventricular_run_and_flutter_is_af_to_rxr() -> None:
    ref = line("N...+N...N...N...N...N...N...+N...N", {4: "(AFL", 29: "(N"})
    tst = line("N....S...S...N...N...N...N....N...N")
    _, sve = score(ref, tst)
    assert sve.sensitivity_counts[6, 2] == 1
    assert sve.predictivity_counts[6, 2] == 1  # the test's couplet lies in a long reference run
    assert sve.couplet_predictivity.value == 1.0


def test_an_unreadable_stretch_ends_a_run() -> None:
    ref = line("N...V...V.~....V...V...V...N", subtypes={10: 0x30})
    ve, _ = score(ref, ref)
    assert (ve.sensitivity_counts[2, 2], ve.sensitivity_counts[3, 3]) == (1, 1)


def test_an_annotator_that_marks_nothing_misses_every_run() -> None:
    ve, sve = score(line("N...V...V...N"), Annotations.of([], "N", FS_HZ))
    assert (ve.couplet_sensitivity.k, ve.couplet_sensitivity.n) == (0, 1)
    assert ve.couplet_predictivity.value is None
    assert sve.sensitivity_counts.sum() == 0


def test_printed_forms_hold_the_counts() -> None:
    ve, _ = score(line("N...V...V...N"), line("N...V...V...N"))
    assert run_line("7", ve) == "   7   1   0   1   0   0   0   0   0   0   0   0   0  100 100   -   -   -   -\n"
    text = run_matrix("7", ve, "atr", "tst", sve=False, condensed=True)
    assert "   C |    0    0    1    0    0\n" in text
    assert text.endswith(" Long run positive predictivity:   -  (0/0)\n\n")
