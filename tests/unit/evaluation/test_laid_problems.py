"""Problems are laid where the figures say they are, by the recipe of EC57, and what is counted is what was laid."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.annotations import Annotations
from ecg.ec57.noise import qrs_amplitude
from ecg.quality import QualityProblem
from ecg.segments import INVALID_SAMPLE, Lead
from edge.sources.wfdb_replay import Recording
from tests.unit.kernel.conftest import synthetic_adu
from training.evaluation.laid_problems import (
    AFTER_S,
    LEAD_IN_S,
    MADE,
    ONSET_S,
    STRETCH_S,
    held_kinds,
    made_problem,
    marked_noisy,
    stretches,
    with_noise,
)
from training.evaluation.quality_index import f1_of_seconds
from training.evaluation.quality_kinds import tally
from training.evaluation.quality_seconds import listen

FS = 250.0
SECONDS = 130


@pytest.fixture(scope="module")
def bed() -> tuple[Recording, Annotations]:
    adu, beats_s = synthetic_adu(float(SECONDS), FS, 2)
    leads = (Lead("II"), Lead("V5"))
    reference = Annotations.of(np.round(np.asarray(beats_s) * FS).astype(int), "N", FS, n_samples=adu.shape[1])
    return Recording(FS, leads, adu), reference


def test_noise_lies_in_the_stretches_at_the_snr_asked_for(bed: tuple[Recording, Annotations]) -> None:
    recording, reference = bed
    noise = np.random.default_rng(1).normal(0, 300, (int(400 * FS), 2)).astype(np.int16)
    laid = with_noise(recording, "100", noise, reference, 6.0, QualityProblem.MUSCLE_NOISE)
    added = laid.adu.astype(float) - recording.samples[:, : laid.adu.shape[1]]
    begin, end = next(stretches(SECONDS))
    assert (begin, end) == (LEAD_IN_S, LEAD_IN_S + STRETCH_S)
    assert np.abs(added[:, : int(begin * FS)]).max() == 0
    inside = added[:, int(begin * FS) : int(end * FS)]
    for row, amplitude in enumerate(qrs_amplitude(recording.samples.T, reference)):
        snr_db = 10 * np.log10(amplitude**2 / 8 / inside[row].var())
        assert snr_db == pytest.approx(6.0, abs=0.3)
    assert laid.present[:, begin + ONSET_S : end].all()
    assert laid.present.sum() == 2 * (STRETCH_S - ONSET_S)
    assert laid.unsure[:, end : end + AFTER_S].all()
    assert not (laid.present & laid.unsure).any()


@pytest.mark.parametrize(("kind", "way"), [(kind, way) for kind, ways in MADE.items() for way in ways])
def test_a_made_problem_touches_one_lead_in_its_stretch_alone(
    bed: tuple[Recording, Annotations], kind: QualityProblem, way: str
) -> None:
    recording, _ = bed
    laid = made_problem(recording, "100", kind, way)
    changed = laid.adu != recording.samples[:, : laid.adu.shape[1]]
    begin, end = next(stretches(SECONDS))
    where = changed.reshape(2, SECONDS, int(FS)).any(axis=2) | laid.off
    assert where[0, begin:end].mean() > (0.6 if way == "bursts" else 0.99)
    assert not where[1].any()
    assert not where[0, :begin].any()
    assert laid.present[0, begin + ONSET_S : end].all()
    assert ((laid.adu == INVALID_SAMPLE).any()) == (way in ("no_samples", "scattered", "bursts"))


def test_a_noise_is_told_by_its_band() -> None:
    t = np.arange(int(20 * FS)) / FS
    drift, hum, motion = (np.sin(2 * np.pi * f * t)[None] * a for f, a in ((0.15, 0.5), (60.0, 0.1), (3.0, 0.3)))
    for noise, kind in (
        (drift, QualityProblem.BASELINE_WANDER),
        (hum, QualityProblem.MUSCLE_NOISE),
        (motion, QualityProblem.ELECTRODE_MOTION),
    ):
        assert set(held_kinds(noise, FS)[0, 4:].tolist()) == {int(kind)}
    assert not held_kinds(0.05 * drift + 0.05 * hum + 0.05 * motion, FS).any()


def test_seconds_the_reference_marks_are_left_out_by_lead() -> None:
    marks = Annotations.of([int(10 * FS), int(20 * FS)], "~", FS, subtype=[2, 0], n_samples=int(60 * FS))
    noisy = marked_noisy(marks, 2, 60)
    assert not noisy[0].any()
    assert noisy[1, 10:20].all()
    assert not noisy[1, 30:].any()


def test_f1_of_a_second_counts_misses_and_extra_beats() -> None:
    reference = Annotations.of((np.array([0.5, 1.5, 2.5, 4.5]) * FS).astype(int), "N", FS)
    f1 = f1_of_seconds(reference, np.array([0.55, 2.0, 2.5]), 6)
    assert f1[[0, 1, 4]].tolist() == [1.0, 0.0, 0.0]
    assert f1[2] == pytest.approx(2 / 3)
    assert np.isnan(f1[[3, 5]]).all()


def test_sensitivity_and_predictivity_follow_the_kernels_calls(bed: tuple[Recording, Annotations]) -> None:
    recording, reference = bed
    laid = [made_problem(recording, "100", QualityProblem.MISSING, "scattered")]
    said = listen([one.adu for one in laid], [one.off for one in laid], FS, [200.0, 200.0])
    counts = tally(reference, laid, said).counts
    assert counts["quality.kind.missing.sensitivity"] == [STRETCH_S - ONSET_S, STRETCH_S - ONSET_S]
    assert counts["quality.kind.missing.predictivity"] == [STRETCH_S - ONSET_S, STRETCH_S - ONSET_S]
    said[0].problems[:] = 0
    assert tally(reference, laid, said).counts["quality.kind.missing.sensitivity"] == [0, STRETCH_S - ONSET_S]
