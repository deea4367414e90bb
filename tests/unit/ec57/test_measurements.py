"""mxm's rules: each test measurement with the reference measurement nearest in time."""

from __future__ import annotations

import pytest

from ecg.annotations import Annotations
from ecg.ec57 import score_measurements, summarise
from ecg.ec57.measurements import measurement_heading, measurement_line, measurement_text
from ecg.errors import InvalidSignal

FS_HZ = 100.0


def heart_rate(at: list[int], values: list[str], kind: int = 0, n_samples: int | None = 2000) -> Annotations:
    return Annotations.of(at, "=", FS_HZ, aux_note=values, subtype=kind, n_samples=n_samples)


def test_nearest_reference_measurement_is_compared() -> None:
    ref = heart_rate([500, 1000, 1500], ["60", "80", "100"], n_samples=None)
    tst = heart_rate([600, 900, 1500], ["63", "84", "100"], n_samples=None)
    c = score_measurements(ref, tst, start_s=0, end_s=0)
    assert (c.n_pairs, c.squared_error, c.reference_sum) == (3, 9 + 16, 240)
    assert c.normalised_rms_error == pytest.approx((25 / 3) ** 0.5 / 80)


def test_learning_period_is_not_summed_but_divides() -> None:
    ref = heart_rate([500, 1000, 1500], ["60", "80", "100"])
    tst = heart_rate([500, 1000, 1500], ["60", "90", "100"])
    c = score_measurements(ref, tst, start_s=8, end_s=0)
    assert (c.n_pairs, c.n_test) == (2, 3)
    assert c.mean_reference == pytest.approx(180 / 3)


def test_other_measurements_are_not_read() -> None:
    ref = heart_rate([500], ["60"], kind=3)
    with pytest.raises(InvalidSignal, match="type 0 for either"):
        score_measurements(ref, ref, start_s=0)
    with pytest.raises(InvalidSignal, match="type 3 for test"):
        score_measurements(ref, heart_rate([500], ["60"]), measurement=3, start_s=0)


def test_printed_forms_and_their_sum() -> None:
    c = score_measurements(heart_rate([500], ["50"]), heart_rate([500], ["49"]), start_s=0, end_s=0)
    line = measurement_line("r", c)
    assert line == "     r\t 2.0000\t\t50\n"
    assert "Normalized RMS error:  2.0000% (n = 1)" in measurement_text("r", c, "a", "b")
    total = summarise(measurement_heading(0) + line + line)
    assert total.endswith("Average  2.0000\t\t50\n\nSummary of results from 2 records\n")


def test_zero_mean_cannot_be_normalised() -> None:
    c = score_measurements(heart_rate([500], ["0"]), heart_rate([500], ["1"]), start_s=0, end_s=0)
    assert c.rms_error == 1.0
    with pytest.raises(InvalidSignal, match="zero mean"):
        _ = c.normalised_rms_error
