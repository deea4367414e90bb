"""Chunking, gaps, snapshot and resume, profiles, and the compiled evidence."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ecg.conditions import ConditionCode
from ecg.errors import ModelMismatch
from ecg.profiles import PROFILES
from ecg.rhythm.rules import RhythmRules
from ecg.rhythm.wave_model import default_model, read_model
from ecg.rhythm.waveform import N_FEATURES, features

S = 250
SINUS = "N......." * 20
STORY = SINUS + "V..." * 7 + "....N......." + SINUS + "." * 60 + SINUS + "~" * 120 + SINUS


def facts(played):
    return [(c.code, c.onset_sample, c.detected_sample, c.ended_sample, c.reason) for c in played.conditions]


@pytest.mark.parametrize("chunk", [50, 237, 1000, 2500])
def test_nothing_depends_on_how_the_stream_was_cut(play, chunk):
    assert facts(play(STORY, chunk=chunk)) == facts(play(STORY))


def test_one_lead_and_three_say_the_same_codes(play):
    assert play(STORY, n_leads=1).codes == play(STORY, n_leads=3).codes >= {"VTA", "ASY", "VFB"}


def test_a_gap_ends_what_was_on_and_invents_nothing(go_on):
    rules = RhythmRules()
    played = go_on(rules, SINUS + "." * 60)  # asystole is on
    assert ConditionCode.ASY in [c.code for c in played.conditions if c.active]
    end = (len(SINUS) + 60) * 25
    #                 30 s later, beats again
    go_on(rules, SINUS, first=end + 30 * S, played=played)
    (asystole,) = played.of(ConditionCode.ASY)
    assert asystole.ended_sample == end
    assert not played.of(ConditionCode.EBR)  # no interval reaches over the gap
    assert {c.code for c in played.conditions} <= {ConditionCode.ASY, ConditionCode.PAUSE}


def test_an_interval_over_a_gap_is_no_pause(go_on):
    rules = RhythmRules()
    played = go_on(rules, SINUS)
    go_on(rules, SINUS, first=len(SINUS) * 25 + 20 * S, played=played)
    assert played.codes == set()


@pytest.mark.parametrize("at_char", [160, 205, 230, 420, 580])
def test_a_snapshot_goes_on_where_it_was_taken(play, go_on, at_char):
    whole = play(STORY)
    signal_end = at_char * 25 // S * S  # on a block border
    played = go_on(RhythmRules(), STORY, pickle_at=signal_end)
    assert facts(played) == facts(whole)


def test_a_snapshot_holds_no_network():
    assert len(pickle.dumps(RhythmRules())) < 4000


def test_every_profile_keeps_the_five(play):
    for profile in PROFILES.values():
        assert {"VFB", "ASY"} <= play(STORY, profile=profile).codes


def test_features_are_finite_for_absurd_windows():
    rng = np.random.default_rng(0)
    windows = np.stack(
        [np.zeros(500), np.full(500, 7.0), rng.normal(0, 1e4, 500), np.eye(1, 500)[0], np.linspace(-50, 50, 500)]
    )
    found = features(windows[None].astype(np.float32))
    assert found.shape == (1, 5, N_FEATURES)
    assert np.isfinite(found).all()


def test_features_are_the_same_for_any_constant_and_by_stream():
    rng = np.random.default_rng(1)
    windows = rng.normal(0, 0.5, (3, 2, 500)).astype(np.float32)
    together = features(windows)
    np.testing.assert_allclose(features(windows + 4.0), together, rtol=2e-2, atol=2e-2)
    np.testing.assert_array_equal(features(windows[1:2])[0], together[1])


def test_the_shipped_model_fits_and_another_is_refused(tmp_path):
    assert default_model().wave.w1.shape[0] == N_FEATURES
    np.savez(tmp_path / "other.npz", wave_w1=np.zeros((3, 3)))
    with pytest.raises(ModelMismatch, match=r"other\.npz lacks"):
        read_model(tmp_path / "other.npz")
