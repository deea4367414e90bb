"""The synthetic heart: what the specification says is what the leads show."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.errors import InvalidSignal
from ecg.lead_geometry import INDEPENDENT_LEADS, STANDARD_LEADS
from ecg.synthesis import BeatSpec, QrsShape, beat_course, render_beats, synthesize
from ecg.synthesis_waves import atrial_fibrillation, ventricular_fibrillation

CLEAN, _TRUTH = synthesize(BeatSpec(), 0.8)
LEAD = {name: row for row, name in enumerate(STANDARD_LEADS)}


def test_limb_leads_obey_einthoven_and_goldberger() -> None:
    lead = dict(zip(STANDARD_LEADS, CLEAN, strict=True))
    np.testing.assert_allclose(lead["III"], lead["II"] - lead["I"], atol=1e-6)
    np.testing.assert_allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=1e-6)


@pytest.mark.parametrize("axis", [-60.0, 0.0, 50.0, 110.0])
@pytest.mark.parametrize("shape", list(QrsShape))
def test_frontal_axis_is_the_one_asked_for(axis: float, shape: QrsShape) -> None:
    t_ms = np.arange(0, 90, 0.5)
    limb = beat_course(BeatSpec(qrs_axis_deg=axis, qrs_shape=shape), t_ms)[:2].sum(axis=1)
    found = np.degrees(np.arctan2((2 * limb[1] - limb[0]) / np.sqrt(3), limb[0]))
    assert found == pytest.approx(axis, abs=0.01)


def test_waves_have_finite_support() -> None:
    spec = BeatSpec(pr_ms=160, p_duration_ms=100, qrs_duration_ms=90, qt_ms=380, t_duration_ms=180)
    outside = np.array([-170.0, -161.0, -59.0, -10.0, 91.0, 150.0, 199.0, 381.0, 500.0])
    assert np.abs(beat_course(spec, outside)).max() < 1e-12
    inside = np.array([-110.0, 40.0, 300.0])
    assert (np.abs(beat_course(spec, inside)).max(axis=0) > 0.05).all()


def test_st_level_at_j_is_the_one_asked_for() -> None:
    level = beat_course(BeatSpec(st_mv={"V2": 0.25, "II": -0.1}), np.array([90.0, 150.0]))
    assert level[INDEPENDENT_LEADS.index("V2")] == pytest.approx([0.25, 0.25], abs=1e-9)
    assert level[INDEPENDENT_LEADS.index("II")] == pytest.approx([-0.1, -0.1], abs=1e-9)


def test_blocked_p_waves_are_drawn_without_qrs() -> None:
    alone = render_beats([BeatSpec(qrs_present=False)], [1.0], 500.0, 1000)
    assert 0.1 < alone[1].max() < 0.2
    assert np.abs(alone[:, 500:]).max() == 0


def test_rbbb_has_an_rsr_in_v1_and_a_broad_s_in_v6() -> None:
    t_ms = np.arange(0, 140, 1.0)
    course = beat_course(BeatSpec(qrs_shape=QrsShape.RBBB, qrs_duration_ms=140), t_ms)
    v1, v6 = course[INDEPENDENT_LEADS.index("V1")], course[INDEPENDENT_LEADS.index("V6")]
    assert v1[:20].max() > 0.1 and v1[20:60].min() < -0.1 and v1[70:].max() > 0.3
    assert v6[70:].min() < -0.1


def test_fibrillation_has_its_own_frequency() -> None:
    rng = np.random.default_rng(0)
    for wave, low, high in (
        (atrial_fibrillation(rng, 5000, 500.0), 4, 10),
        (ventricular_fibrillation(rng, 5000, 500.0), 2.5, 7.5),
    ):
        power = np.abs(np.fft.rfft(wave[2])) ** 2
        hz = np.fft.rfftfreq(5000, 1 / 500)
        assert power[(hz >= low) & (hz <= high)].sum() > 0.6 * power[hz > 0.5].sum()


def test_absurd_specifications_are_refused() -> None:
    with pytest.raises(InvalidSignal, match="T must start after"):
        BeatSpec(qrs_duration_ms=250)
    with pytest.raises(InvalidSignal, match="must end before"):
        BeatSpec(pr_ms=80, p_duration_ms=100)
    with pytest.raises(InvalidSignal, match="independent lead"):
        BeatSpec(st_mv={"III": 0.1})
    with pytest.raises(InvalidSignal, match="cannot synthesize"):
        synthesize(BeatSpec(), 0.8, leads=("V9",))
    with pytest.raises(InvalidSignal, match="random generator"):
        synthesize(BeatSpec(), 0.8, noise_mv=0.1)
