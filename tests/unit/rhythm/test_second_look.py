"""The second look at an alarm of ventricular tachycardia: what it notes, forgets, and says of clear cases."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from ecg.rhythm import second_look
from ecg.rhythm.rules import RhythmRules
from ecg.rhythm.second_look import KEEP_ABOVE, LOOK_FEATURES, NOTED_S, Witness, default_look
from training.rhythm.second_look import dealt

SINUS = "N......." * 25  # 20 s at 75 bpm
TACHYCARDIA = SINUS + "V..." * 12


def looked(go_on, line, **options):
    rules = RhythmRules(witness=Witness())
    go_on(rules, line, **options)
    features = rules.witness.features(rules.timeline)
    assert features is not None
    return features


def test_a_run_of_wide_beats_is_kept_and_sinus_rhythm_is_not(go_on):
    assert default_look().probability(looked(go_on, TACHYCARDIA)) > 2 * KEEP_ABOVE
    assert default_look().probability(looked(go_on, SINUS)) < KEEP_ABOVE


@pytest.mark.parametrize("chunk", [50, 237, 1000])
def test_its_numbers_do_not_depend_on_how_the_stream_was_cut(go_on, chunk):
    whole = looked(go_on, TACHYCARDIA, chunk=len(TACHYCARDIA) * 25)
    np.testing.assert_array_equal(looked(go_on, TACHYCARDIA, chunk=chunk), whole)


def test_it_survives_being_put_away(go_on):
    rules = RhythmRules(witness=Witness())
    go_on(rules, TACHYCARDIA)
    again = pickle.loads(pickle.dumps(rules))
    np.testing.assert_array_equal(again.witness.features(again.timeline), rules.witness.features(rules.timeline))


def test_it_holds_the_last_seconds_and_nothing_of_before_a_gap(go_on):
    rules = RhythmRules(witness=Witness())
    go_on(rules, TACHYCARDIA)
    assert len(rules.witness.rows) == NOTED_S
    go_on(rules, SINUS[:30], first=len(TACHYCARDIA) * 25 + 2500)
    assert len(rules.witness.rows) <= 3
    assert rules.witness.features(rules.timeline)[LOOK_FEATURES.index("ventricular_beats")] == 0


def test_where_nothing_was_seen_nothing_is_said():
    assert Witness().features(RhythmRules().timeline) is None


def test_the_member_that_did_not_see_a_record_speaks_of_it_and_all_of_any_other(go_on):
    look = default_look()
    features = looked(go_on, TACHYCARDIA)
    group, fold = next(iter(look.fold.items()))
    alone = look._replace(members=(look.members[fold],), fold={})
    assert look.probability(features, group) == alone.probability(features)
    assert look.probability(features) not in {look.probability(features, g) for g in look.fold}


def test_a_model_of_other_features_is_refused(monkeypatch):
    default_look.cache_clear()
    monkeypatch.setattr(second_look, "LOOK_FEATURES", LOOK_FEATURES[:-1])
    with pytest.raises(second_look.ModelMismatch, match="other features"):
        default_look()
    default_look.cache_clear()


def test_folds_hold_whole_blocks_and_as_many_true_alarms_each():
    alarms = [(f"v{100 + i}l", i % 3 == 0) for i in range(300)]
    fold = dealt(alarms)
    true = [sum(t for record, t in alarms if fold[int(record[1:4]) // 20] == k) for k in range(5)]
    assert sum(true) == 100 and max(true) - min(true) <= 7
    assert all(fold[int(record[1:4]) // 20] in range(5) for record, _ in alarms)
