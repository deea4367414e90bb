"""The class of a whole recording: its features on drawn rhythms, its network against a plain convolution, its judgement."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.conditioning import StreamBlock
from ecg.errors import InvalidSignal
from ecg.quality.lead_quality import LeadQuality
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.record_class import MISSING, RECORD_FEATURES, RecordClass, RecordLook, judge
from ecg.rhythm.record_intervals import INTERVAL_FEATURES, interval_features
from ecg.rhythm.record_model import class_probabilities, default_model
from ecg.rhythm.record_net import Convolution, _convolve, from_arrays, log_probabilities, to_arrays
from ecg.rhythm.record_wave import WAVE_FEATURES, wave_features
from ecg.rhythm.rules import RhythmRules

from .conftest import FS, draw

SINUS = "N......." * 45


def irregular(n: int) -> str:
    """Intervals of 0.4 to 1.1 s in no order, no P wave."""
    rng = np.random.default_rng(3)
    return "".join("S" + "." * int(rng.integers(3, 11)) for _ in range(n))


def look_at(line: str, noise_mv: float = 0.01, quality: float = 0.95) -> RecordLook:
    """A time line through the rules, gathered block by block as the evaluation does."""
    signal, valid, beats = draw(line, 1, noise_mv)
    rules, look = RhythmRules(), RecordLook()
    for start in range(0, signal.shape[1], FS):
        end = min(start + FS, signal.shape[1])
        final = [b for b in beats if b.sample <= end - 90]
        beats = beats[len(final) :]
        leads = (LeadQuality("I", quality),)
        block = StreamBlock(FS, FS, start, signal[:, start:end], valid[:, start:end], ("I",), leads)
        rules.step(final, block)
        look.take(tuple(rules.timeline.beats), block)
    return look


def feature(look: RecordLook, name: str) -> float:
    return float(look.features(0)[RECORD_FEATURES.index(name)])


def test_every_feature_is_measured_on_a_plain_rhythm_and_none_has_two_names():
    look = look_at(SINUS)
    found = look.features(0)
    assert [name for name, value in zip(RECORD_FEATURES, found, strict=True) if value == MISSING] == []
    assert len(set(RECORD_FEATURES)) == len(RECORD_FEATURES)
    rr_s = np.full(20, 0.8)
    assert set(interval_features(rr_s, np.ones(20, bool))) == set(INTERVAL_FEATURES)
    signal, _, beats = draw(SINUS, 1)
    found = wave_features(signal[0].astype(float), np.array([b.sample for b in beats]))
    assert set(found) == set(WAVE_FEATURES)


def test_rate_and_p_waves_are_those_of_the_drawing():
    look = look_at(SINUS)
    assert feature(look, "rr_s") == pytest.approx(0.8)
    assert feature(look, "changes_above_0.05") == 0
    assert feature(look, "p_likeness") > 0.9
    assert feature(look, "p_size_mv") == pytest.approx(0.12, abs=0.04)
    wild = look_at(irregular(60))
    assert feature(wild, "changes_above_0.05") > 0.7
    assert feature(wild, "p_likeness") < 0.6
    assert feature(wild, "change_entropy") > feature(look, "change_entropy") + 1


def test_early_beats_and_their_pauses_are_counted():
    rr_s = np.tile([0.8] * 8 + [0.5, 1.1], 4)
    found = interval_features(rr_s, np.ones(rr_s.size, bool))
    assert found["early_share"] == pytest.approx(0.1)
    assert found["compensated_of_early"] == 1
    assert interval_features(rr_s[:3], np.ones(3, bool)) == {}


def test_irregular_rhythm_without_p_waves_is_fibrillation_and_sinus_rhythm_is_not():
    called, probability = judge(look_at(irregular(60)))
    assert called is RecordClass.ATRIAL_FIBRILLATION
    assert probability.sum() == pytest.approx(1)
    assert judge(look_at(SINUS))[0] is not RecordClass.ATRIAL_FIBRILLATION


def test_noise_without_beats_is_noise():
    rng = np.random.default_rng(1)
    look = RecordLook()
    for start in range(0, 30 * FS, FS):
        block = rng.normal(0, 0.3, (1, FS)).astype(np.float32)
        look.take((), StreamBlock(FS, FS, start, block, np.ones((1, FS), bool), ("I",), (LeadQuality("I", 0.1),)))
    assert judge(look)[0] is RecordClass.NOISE


def test_the_better_lead_is_judged():
    look = RecordLook()
    leads = (LeadQuality("I", 0.2), LeadQuality("II", 0.9))
    look.take((), StreamBlock(FS, FS, 0, np.zeros((2, FS), np.float32), np.ones((2, FS), bool), ("I", "II"), leads))
    assert look.lead() == 1


def test_nothing_has_no_class():
    with pytest.raises(InvalidSignal, match="no signal"):
        judge(RecordLook())


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 4)])
def test_convolution_is_the_sum_over_inputs_and_taps(stride, dilation):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 41)).astype(np.float32)
    layer = Convolution(rng.normal(size=(4, 3, 5)).astype(np.float32), rng.normal(size=4).astype(np.float32))
    made = _convolve(x, layer, stride, dilation)
    for column, at in enumerate(range(0, 41, stride)):
        wanted = layer.bias.copy()
        for tap in range(5):
            from_ = at + dilation * (tap - 2)
            if 0 <= from_ < 41:
                wanted = wanted + layer.weight[:, :, tap] @ x[:, from_]
        np.testing.assert_allclose(made[:, column], wanted, rtol=1e-4, atol=1e-5)
    assert made.shape[1] == -(-41 // stride)


def test_the_network_survives_its_file():
    net = default_model().members[0].net
    signal, _, _ = draw(SINUS, 1)
    again = from_arrays(to_arrays(net))
    np.testing.assert_array_equal(log_probabilities(again, signal[0]), log_probabilities(net, signal[0]))


def test_members_are_heard_alike():
    look, model = look_at(irregular(40)), default_model()
    assert model.features == RECORD_FEATURES and len(model.members) == 5
    found, lead = look.features(0), look.signal_of(0)
    each = [class_probabilities([member], found, lead) for member in model.members]
    np.testing.assert_allclose(class_probabilities(model.members, found, lead), np.mean(each, axis=0))
    assert KERNEL_FS_HZ == FS
