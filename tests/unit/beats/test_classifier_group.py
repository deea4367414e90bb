"""Many streams judged in one call get the classes each would get alone, whatever their company, order and interruptions."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.classifier import BeatClassifier, ClassifierGroup, Verdict
from ecg.beats.classifier_state import FIDUCIAL, WAVE_LEN
from ecg.beats.detector import WAVE_BEFORE
from ecg.beats.detector import WAVE_LEN as GIVEN_LEN
from ecg.errors import InvalidSignal

S, N = 3, 40


def _streams() -> tuple[np.ndarray, np.ndarray]:
    """Fiducials int64 (S, N) and waves float32 (S, N, 2, WAVE_LEN): two shapes a stream, noise on both."""
    rng = np.random.default_rng(11)
    t = np.arange(WAVE_LEN) - FIDUCIAL
    shapes = np.stack([np.exp(-((t / width) ** 2)) for width in (4.0, 14.0)])
    kind = (rng.random((S, N)) < 0.2).astype(int)
    waves = shapes[kind][:, :, None] * np.array([1.0, -0.6])[:, None]
    ks = np.cumsum(rng.integers(150, 260, (S, N)), axis=1)
    return ks, (waves + rng.normal(0, 0.02, waves.shape)).astype(np.float32)


def _alone(ks: np.ndarray, waves: np.ndarray) -> list[Verdict]:
    one = BeatClassifier()
    return [one.classify(int(k), wave, FIDUCIAL) for k, wave in zip(ks, waves, strict=True)]


def test_the_detector_cuts_a_beat_as_the_classifier_looks_at_it() -> None:
    assert (WAVE_BEFORE, GIVEN_LEN) == (FIDUCIAL, WAVE_LEN)


def test_company_does_not_change_a_verdict() -> None:
    ks, waves = _streams()
    group = ClassifierGroup(2)
    slots = np.array([4, 0, 2])
    for slot in slots:
        group.begin(int(slot))
    found: list[list[Verdict]] = [[] for _ in range(S)]
    rng = np.random.default_rng(12)
    at = np.zeros(S, int)
    while (at < N).any():
        order = rng.permutation(S)
        count = np.minimum(rng.integers(0, 4, S), (N - at)[order])
        given_k, given = np.zeros((S, 4), np.int64), np.zeros((S, 4, 2, WAVE_LEN), np.float32)
        for row, stream in enumerate(order):
            part = slice(at[stream], at[stream] + count[row])
            given_k[row, : count[row]], given[row, : count[row]] = ks[stream, part], waves[stream, part]
        verdicts = iter(group.judge(slots[order], count, given_k, given))
        for row, stream in enumerate(order):
            found[stream] += [next(verdicts) for _ in range(count[row])]
            at[stream] += count[row]
    assert found == [_alone(ks[s], waves[s]) for s in range(S)]


def test_a_snapshot_goes_on_in_another_row_and_a_foreign_one_is_refused() -> None:
    ks, waves = _streams()
    first, other = ClassifierGroup(2), ClassifierGroup(2)
    first.begin(0)
    half, one = N // 2, np.array([N // 2])
    begun = first.judge(np.array([0]), one, ks[:1, :half], waves[:1, :half])
    other.restore(5, first.snapshot(0))
    rest = other.judge(np.array([5]), np.array([N - half]), ks[:1, half:], waves[:1, half:])
    assert begun + rest == _alone(ks[0], waves[0])
    with pytest.raises(InvalidSignal, match="snapshot of beats_"):
        ClassifierGroup(1).restore(0, first.snapshot(0))
