"""Order of the intervals and P waves that are looked for: fibrillation has no early beat, a block is not ventricular.

Sinus rhythm, fibrillation at twice the rate, sinus rhythm again; and a QRS that changes for stretches behind the same P wave.
"""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.beat import BeatClass
from ecg.beats.classifier import BeatClassifier
from ecg.beats.classifier_final import FINAL_NAMES, N_FINAL, new_past, new_views, observe_stream
from ecg.beats.classifier_learning import new_context
from ecg.beats.classifier_recent import RECENT
from ecg.beats.classifier_state import FIDUCIAL
from tests.unit.beats.test_classifier import RR, bump, noisy, sinus, ventricular


def seen(ks: np.ndarray, waves: np.ndarray) -> dict[str, np.ndarray]:
    """RECENT features of a stream by name."""
    features = np.empty((ks.size, N_FINAL), np.float32)
    n_leads = waves.shape[1]
    observe_stream(*new_context(n_leads), *new_past(n_leads), ks, np.ascontiguousarray(waves, np.float32), features)
    assert np.isfinite(features).all()
    return {name: features[:, FINAL_NAMES.index(name)] for name in RECENT}


def paroxysm(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sinus rhythm, 150 beats of fibrillation, sinus rhythm: fiducials, waves, and which beats fibrillate."""
    on = np.arange(400) // 150 == 1
    rr = np.where(on, 0.55 * RR * np.exp(rng.normal(0, 0.2, on.size)), RR * np.exp(rng.normal(0, 0.02, on.size)))
    fibrillation = [bump(at, 0.03, 0.05) for at in rng.uniform(-0.3, -0.1, on.size)]
    waves = np.stack(
        [noisy(sinus(0.0) + wave if f else sinus(), rng) for f, wave in zip(on, fibrillation, strict=True)]
    )
    return np.cumsum(np.maximum(np.round(rr), 80)).astype(np.int64), waves, on


def test_no_beat_is_early_in_fibrillation_that_follows_sinus_rhythm() -> None:
    ks, waves, on = paroxysm(np.random.default_rng(11))
    classifier = BeatClassifier()
    label = np.array([classifier.classify(int(k), w, FIDUCIAL).label.value for k, w in zip(ks, waves, strict=True)])
    later = on & (np.arange(on.size) > 190)  # forty beats to see that they have no order
    assert (label[later] == "S").mean() < 0.1
    assert (label[~on] == "S").mean() < 0.02


def test_fibrillation_is_irregular_and_bigeminy_is_not() -> None:
    rng = np.random.default_rng(12)
    ks, waves, on = paroxysm(rng)
    disorder = seen(ks, waves)["irregular32"]
    bigeminy = np.cumsum(np.tile([int(0.6 * RR), int(1.4 * RR)], 100) + rng.integers(-2, 3, 200)).astype(np.int64)
    order = seen(bigeminy, np.stack([noisy(sinus(), rng) for _ in bigeminy]))["irregular32"]
    assert disorder[on][40:].min() > 0 > order[40:].max()


def test_the_kept_p_wave_outlasts_fibrillation_and_gives_way_to_another_that_stays() -> None:
    rng = np.random.default_rng(13)
    ks, waves, on = paroxysm(rng)
    found = seen(ks, waves)
    again = np.flatnonzero(~on & (np.arange(on.size) > 300))
    assert found["kept_p"][again].min() > 0.9 > 0.5 > np.median(found["kept_recent"][on][10:])
    inverted = np.cumsum(np.full(500, RR) + rng.integers(-3, 4, 500)).astype(np.int64)
    other = seen(inverted, np.stack([noisy(sinus(0.12 if i < 100 else -0.12), rng) for i in range(500)]))["kept_p"]
    assert other[105:115].max() < 0.5 < 0.9 < other[-50:].min()


@pytest.mark.parametrize("rows", [[0, 1], [0]])
def test_a_block_behind_the_same_p_wave_is_not_ventricular_and_an_ectopic_beat_is(rows: list[int]) -> None:
    """Same P wave at the same interval, the QRS broad and slurred for stretches; then single ventricular beats."""
    rng = np.random.default_rng(14)
    blocked = bump(-0.16, 0.02, 0.12) + bump(0.0, 0.012, 0.8) - bump(0.05, 0.03, 0.6) + bump(0.26, 0.04, -0.2)
    block = np.stack([blocked, bump(-0.16, 0.02, 0.09) - bump(0.0, 0.015, 0.4) + bump(0.05, 0.03, 0.5)])
    kinds = ("N" * 60 + "B" * 30) * 3 + ("N" * 15 + "V") * 4
    rr = [int(0.6 * RR) if kind == "V" else RR for kind in kinds]
    ks = np.cumsum(np.array(rr) + rng.integers(-3, 4, len(kinds))).astype(np.int64)
    drawn = {"N": sinus(), "B": block, "V": ventricular()}
    waves = np.stack([noisy(drawn[kind], rng) for kind in kinds])[:, rows]
    classifier = BeatClassifier()
    label = np.array([classifier.classify(int(k), w, FIDUCIAL).label.value for k, w in zip(ks, waves, strict=True)])
    kind = np.array(list(kinds))
    assert (label[kind == "V"] == "V").all()
    assert (label[kind == "B"][30:] == "V").mean() < 0.05


def test_views_are_all_leads_and_the_first_three_alone() -> None:
    assert [new_views(n)[0].size for n in (1, 2, 3, 12)] == [1, 3, 4, 4]


def test_a_flat_lead_changes_no_class() -> None:
    rng = np.random.default_rng(15)
    ks = np.cumsum(np.full(120, RR) + rng.integers(-3, 4, 120)).astype(np.int64)
    ks[100:] -= RR // 2
    one = np.stack([noisy(sinus()[:1] if i != 100 else -ventricular()[:1], rng) for i in range(120)])
    both = np.concatenate((one, np.zeros_like(one)), axis=1)

    def said(waves: np.ndarray) -> list[BeatClass]:
        classifier = BeatClassifier()
        return [classifier.classify(int(k), w, FIDUCIAL).label for k, w in zip(ks, waves, strict=True)]

    assert said(both) == said(one)
