"""Lead names, derived leads and the frontal plane."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.measurements.leads import canonical, frontal_vector, lead_set
from ecg.measurements.window_rows import axis_difference


def test_spellings() -> None:
    assert canonical(["avr", "AVL", "Lead aVF", "v1", "MLII", "ECG", "Pleth"]) == (
        "aVR",
        "aVL",
        "aVF",
        "V1",
        "II",
        "ECG",
        "Pleth",
    )
    assert canonical(["II", "MLII"]) == ("II", "MLII")


@pytest.mark.parametrize("pair", [("I", "II"), ("I", "III"), ("II", "III")])
def test_any_two_limb_leads_give_the_others(pair: tuple[str, str]) -> None:
    lead = {"I": 0.3, "II": 1.0, "III": 0.7, "aVR": -0.65, "aVL": -0.2, "aVF": 0.85}
    found = lead_set(pair, np.array([True, True]))
    assert set(found.names) == set(lead)
    np.testing.assert_allclose(found.mixing @ [lead[pair[0]], lead[pair[1]]], [lead[name] for name in found.names])
    assert [found.is_derived(k) for k in range(6)] == [False, False, True, True, True, True]


def test_an_unusable_lead_derives_nothing() -> None:
    assert lead_set(("I", "II"), np.array([True, False])).names == ("I", "II")


def test_frontal_vector_needs_two_directions() -> None:
    assert frontal_vector({"II": 1.0}) is None
    x, y = frontal_vector({"I": 1.0, "aVF": np.sqrt(3) / 2}) or (0, 0)
    assert (x, y) == pytest.approx((1.0, 1.0))


def test_axes_are_compared_around_the_circle() -> None:
    assert axis_difference(-170, 170) == pytest.approx(20)
