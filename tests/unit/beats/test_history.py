"""The long memory: an ectopic atrial rhythm that outnumbers the sinus beats does not become the patient's normal.

Sinus beats come slow, with an upright P wave; ectopic ones early, with an inverted P wave, four times as many.
The memory holds as long as one beat in ten is late:

    N S S S S N S S S S N ...
"""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.beat import BeatClass
from ecg.beats.classifier import BeatClassifier
from ecg.beats.classifier_final import (
    FINAL_NAMES,
    N_FINAL,
    decide_final,
    final_from_arrays,
    final_model,
    new_past,
    observe_stream,
)
from ecg.beats.classifier_learning import new_context
from ecg.beats.classifier_state import FIDUCIAL
from ecg.beats.model_file import as_arrays
from tests.unit.beats.test_classifier import noisy, sinus

SINUS_RR, ECTOPIC_RR = 450, 190  # samples at 250 Hz: 1.8 s and 0.76 s


def rhythm(
    cycles: int, ectopic: int, p_mv: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fiducials (n,), waves (n, 2, WAVE_LEN) and whether each beat is ectopic (n,)."""
    is_ectopic = np.array(([False] + [True] * ectopic) * cycles)
    ks = np.cumsum(np.where(is_ectopic, ECTOPIC_RR, SINUS_RR) + rng.integers(-4, 5, is_ectopic.size))
    waves = np.stack([noisy(sinus(p_mv if e else 0.12), rng) for e in is_ectopic])
    return ks, waves, is_ectopic


def test_ectopic_atrial_beats_that_are_the_most_stay_ectopic() -> None:
    ks, waves, is_ectopic = rhythm(120, 4, -0.12, np.random.default_rng(1))
    classifier = BeatClassifier()
    said = np.array(
        [
            classifier.classify(int(k), w, FIDUCIAL).label is BeatClass.SUPRAVENTRICULAR
            for k, w in zip(ks, waves, strict=True)
        ]
    )
    later = np.arange(ks.size) > 110  # twenty cycles of getting to know the patient
    assert said[later & is_ectopic].mean() > 0.8
    assert said[later & ~is_ectopic].mean() < 0.1


def test_a_block_that_drops_beats_makes_no_beat_ectopic() -> None:
    """The same intervals with the same P wave before every beat: 2:1 block that comes and goes."""
    ks, waves, _ = rhythm(120, 4, 0.12, np.random.default_rng(2))
    classifier = BeatClassifier()
    said = [
        classifier.classify(int(k), w, FIDUCIAL).label is BeatClass.SUPRAVENTRICULAR
        for k, w in zip(ks, waves, strict=True)
    ]
    assert np.mean(said[110:]) < 0.1


def test_the_reference_is_the_late_beats_whatever_their_number() -> None:
    ks, waves, is_ectopic = rhythm(120, 4, -0.12, np.random.default_rng(3))
    features = np.empty((ks.size, N_FINAL), np.float32)
    observe_stream(*new_context(2), *new_past(2), ks, np.ascontiguousarray(waves, np.float32), features)
    later = np.arange(ks.size) > 110
    p_late, rr_late = (features[:, FINAL_NAMES.index(name)] for name in ("p_late", "rr_late"))
    assert np.median(p_late[later & ~is_ectopic]) > 0.8 > 0.0 > np.median(p_late[later & is_ectopic])
    assert np.median(rr_late[later & ~is_ectopic]) == pytest.approx(0.0, abs=0.05)
    assert np.median(rr_late[later & is_ectopic]) == pytest.approx(np.log(ECTOPIC_RR / SINUS_RR), abs=0.05)
    assert np.isfinite(features).all()


def test_the_rules_keep_their_class() -> None:
    """What the rhythm rules take does not depend on the long memory."""
    ks, waves, _ = rhythm(40, 4, -0.12, np.random.default_rng(4))
    fresh, spoilt = BeatClassifier(), BeatClassifier()
    for k, wave in zip(ks, waves, strict=True):
        one, other = fresh.classify(int(k), wave, FIDUCIAL), spoilt.classify(int(k), wave, FIDUCIAL)
        assert one[2:] == other[2:]
        assert spoilt.past is not None
        spoilt.past["rr"] = 0


def test_the_shipped_model_survives_its_file_form_and_decides_by_its_limits() -> None:
    model = final_model()
    again = final_from_arrays(as_arrays(model))
    score = np.empty(2, np.float32)
    features = np.random.default_rng(5).normal(size=(50, 3, N_FINAL)).astype(np.float32)
    for row in features:
        found = decide_final(again, row, np.float32(-9), False, score)
        kept = score.copy()
        assert decide_final(model, row, np.float32(-9), False, score) == found
        np.testing.assert_array_equal(score, kept)
        assert (found == 2) == (score[0] > model.limits[0])
        assert decide_final(model, row, np.float32(99), False, score) == 2
        assert decide_final(model, row, np.float32(-99), True, score) in (0, 1), "nothing ventricular, so no fusion"
        found = decide_final(model, row, np.float32(-1), True, score)
        assert found == 2 or (found == 3) == (score[1] <= model.limits[1] and score[0] > model.limits[2])
