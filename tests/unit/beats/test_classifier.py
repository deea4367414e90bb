"""The beat classifier on drawn beats: what is early, what is wide, what a restart forgets, and that nothing looks ahead."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ecg.beats.beat import BeatClass
from ecg.beats.classifier import BeatClassifier
from ecg.beats.classifier_features import N_FEATURES, NAMES
from ecg.beats.classifier_learning import new_context, observe_all
from ecg.beats.classifier_model import default_model, forest_logit, from_arrays
from ecg.beats.classifier_state import FIDUCIAL, WAVE_LEN
from ecg.beats.model_file import as_arrays

RR = 200  # kernel samples: 75 /min
_AT = (np.arange(WAVE_LEN) - FIDUCIAL) / 250.0


def bump(centre_s: float, width_s: float, height_mv: float) -> np.ndarray:
    return height_mv * np.exp(-0.5 * ((_AT - centre_s) / width_s) ** 2)


def sinus(p_mv: float = 0.12) -> np.ndarray:
    """Two leads of a normal beat: P, narrow QRS, ST to T."""
    one = bump(-0.16, 0.02, p_mv) + bump(0, 0.012, 1.0) - bump(0.03, 0.01, 0.25) + bump(0.26, 0.04, 0.25)
    other = bump(-0.16, 0.02, 0.7 * p_mv) - bump(0, 0.012, 0.6) + bump(0.03, 0.01, 0.2) + bump(0.26, 0.04, 0.1)
    return np.stack([one, other])


def ventricular() -> np.ndarray:
    """No P, broad and the other way round, T opposite."""
    one = -bump(0.01, 0.045, 1.4) + bump(0.09, 0.03, 0.5) + bump(0.26, 0.05, 0.5)
    return np.stack([one, -0.8 * one])


def noisy(wave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (wave + rng.normal(0, 0.01, wave.shape)).astype(np.float32)


def stream_of(kinds: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Kernel samples and waves of a rhythm: N in time, S early without the usual P, V early and broad."""
    k, ks, waves = 1000, [], []
    for i, kind in enumerate(kinds):
        after_pause = i > 0 and kinds[i - 1] != "N"
        k += {"N": int(1.3 * RR) if after_pause else RR, "S": int(0.6 * RR), "V": int(0.6 * RR)}[kind]
        k += int(rng.integers(-3, 4))
        ks.append(k)
        waves.append(noisy(ventricular() if kind == "V" else sinus(0.12 if kind == "N" else -0.12), rng))
    return np.array(ks, np.int64), np.stack(waves)


def classes(classifier: BeatClassifier, ks: np.ndarray, waves: np.ndarray) -> str:
    return "".join(classifier.classify(int(k), w, FIDUCIAL)[0].value for k, w in zip(ks, waves, strict=True))


@pytest.mark.parametrize("rows", [[0, 1], [0], [1]])
def test_a_plain_rhythm_and_its_ectopic_beats_are_told_apart(rows: list[int]) -> None:
    kinds = "N" * 60 + "V" + "N" * 12 + "S" + "N" * 12 + "V" + "N" * 9 + "S" + "N" * 6
    ks, waves = stream_of(kinds, np.random.default_rng(3))
    assert classes(BeatClassifier(), ks, waves[:, rows]) == kinds


def test_a_run_of_broad_beats_is_ventricular_from_its_second_beat_on() -> None:
    kinds = "N" * 60 + "V" * 6
    ks, waves = stream_of(kinds, np.random.default_rng(4))
    assert classes(BeatClassifier(), ks, waves)[-5:] == "VVVVV"


def test_a_class_does_not_depend_on_what_follows() -> None:
    kinds = "N" * 40 + "V" + "N" * 5
    ks, waves = stream_of(kinds, np.random.default_rng(5))
    whole, part = BeatClassifier(), BeatClassifier()
    given = [whole.classify(int(k), w, FIDUCIAL) for k, w in zip(ks, waves, strict=True)]
    assert [part.classify(int(k), w, FIDUCIAL) for k, w in zip(ks[:41], waves[:41], strict=True)] == given[:41]


def test_gain_and_polarity_of_the_device_do_not_matter() -> None:
    kinds = "N" * 50 + "V" + "N" * 10 + "S" + "N" * 5
    ks, waves = stream_of(kinds, np.random.default_rng(6))
    changed = waves * np.array([-2.0, 0.7], np.float32)[None, :, None]
    assert classes(BeatClassifier(), ks, changed) == classes(BeatClassifier(), ks, waves) == kinds


def test_after_a_gap_the_interval_is_unknown_and_the_shapes_are_kept() -> None:
    ks, waves = stream_of("N" * 50, np.random.default_rng(7))
    classifier = BeatClassifier()
    classes(classifier, ks, waves)
    classifier.restart()
    early = int(ks[-1]) + RR // 2  # where a gap of unknown length ended
    assert classifier.classify(early, noisy(sinus(), np.random.default_rng(0)), FIDUCIAL)[0] is BeatClass.NORMAL
    broad = noisy(ventricular(), np.random.default_rng(1))
    assert classifier.classify(early + int(0.6 * RR), broad, FIDUCIAL)[0] is BeatClass.VENTRICULAR


def test_a_pickled_classifier_goes_on_as_if_nothing_had_happened() -> None:
    ks, waves = stream_of("N" * 30 + "V" + "N" * 9 + "S", np.random.default_rng(8))
    whole, first = BeatClassifier(), BeatClassifier()
    expected = [whole.classify(int(k), w, FIDUCIAL) for k, w in zip(ks, waves, strict=True)]
    for k, w in zip(ks[:20], waves[:20], strict=True):
        first.classify(int(k), w, FIDUCIAL)
    again = pickle.loads(pickle.dumps(first))
    assert [again.classify(int(k), w, FIDUCIAL) for k, w in zip(ks[20:], waves[20:], strict=True)] == expected[20:]


def test_features_are_finite_for_flat_huge_and_random_waves() -> None:
    rng = np.random.default_rng(9)
    flat, huge = np.zeros((30, 2, WAVE_LEN)), np.full((30, 2, WAVE_LEN), 1e4) * rng.normal(size=(30, 2, WAVE_LEN))
    waves = np.concatenate([flat, huge, rng.normal(size=(30, 2, WAVE_LEN)), flat]).astype(np.float32)
    ks = np.cumsum(rng.integers(45, 900, len(waves))).astype(np.int64)
    stream, leads = new_context(2)
    features = np.empty((len(waves), N_FEATURES), np.float32)
    observe_all(stream, leads, ks, waves, features)
    assert np.isfinite(features).all()
    assert all(
        0 <= BeatClassifier().classify(int(k), w, FIDUCIAL)[1] <= 1 for k, w in zip(ks[:40], waves[:40], strict=True)
    )


def test_a_waveform_cut_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="not 160 around 90"):
        BeatClassifier().classify(0, np.zeros((1, 100), np.float32), 50)


def test_the_shipped_model_fits_its_features_and_survives_its_file_form() -> None:
    model = default_model()
    again = from_arrays(as_arrays(model))
    features = np.random.default_rng(1).normal(size=N_FEATURES).astype(np.float32)
    assert forest_logit(again.ventricular, features) == forest_logit(model.ventricular, features)
    for forest in (model.ventricular, model.early):
        assert forest.feature.max() < len(NAMES)
        inner = forest.feature >= 0
        assert (forest.left[inner] > np.flatnonzero(inner)).all(), "a tree that loops would hang the kernel"
        assert (forest.right[inner] > np.flatnonzero(inner)).all()
