"""nst's recipe on made signals; the bit-for-bit check on recordings is tests/replay/test_ec57_golden.py."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.annotations import Annotations
from ecg.ec57.noise import NoiseStep, add_noise, mix, noise_gains, on_off_protocol, protocol_of, qrs_amplitude
from ecg.errors import InvalidSignal

FS_HZ = 100.0
N = 60_000  # ten minutes


def ecg_and_marks() -> tuple[np.ndarray, Annotations]:
    """A spike of 200 adu a second on lead 0, 100 on lead 1, over an offset of 1024."""
    adu = np.full((N, 2), 1024)
    at = np.arange(50, N, 100)
    adu[at] += [200, 100]
    return adu, Annotations.of(at, "N", FS_HZ, n_samples=N)


def square_noise() -> np.ndarray:
    """RMS 10 adu: +10, -10, ..."""
    return np.where(np.arange(N) % 2, 10, -10)[:, None]


def test_gain_makes_the_ratio_asked_for() -> None:
    adu, marks = ecg_and_marks()
    assert qrs_amplitude(adu, marks) == [200.0, 100.0]
    # 0 dB: noise power equals (peak to peak)^2 / 8.
    assert noise_gains(adu, square_noise(), marks, 0.0) == pytest.approx((200 / 8**0.5 / 10, 100 / 8**0.5 / 10))
    twenty = noise_gains(adu, square_noise(), marks, 20.0)
    assert twenty[0] == pytest.approx(200 / 8**0.5 / 100)


def test_five_minutes_clean_then_two_on_two_off() -> None:
    steps = on_off_protocol((1.23456789, 2.0), N, FS_HZ)
    assert [step.sample for step in steps] == [30_000, 42_000, 54_000, 60_000]
    assert [step.gains for step in steps] == [(1.23457, 2.0), (0.0, 0.0), (1.23457, 2.0), (0.0, 0.0)]


def test_noise_only_in_its_minutes_and_the_adc_zero_is_off() -> None:
    adu, marks = ecg_and_marks()
    noisy = add_noise(adu, square_noise(), marks, 6.0, adc_zero=1024).adu
    np.testing.assert_array_equal(noisy[:30_000], adu[:30_000] - 1024)
    assert np.std(noisy[30_000:42_000, 0] - (adu[30_000:42_000, 0] - 1024)) > 20
    quiet = noisy[42_000:54_000] - (adu[42_000:54_000] - 1024)
    assert (quiet == quiet[0]).all()  # clean, but for an offset that keeps the signal from jumping


def test_noise_begins_again_one_sample_before_its_end() -> None:
    ecg = np.zeros((8, 1), dtype=np.int64)
    noise = np.array([[0], [10], [20], [30]])
    # Steps: gain 1 from sample 1 on. Noise read: 0 10 20 | 0 10 20 30 | 0, the shift keeping each join level.
    made = mix(ecg, noise, (NoiseStep(1, (1.0,)), NoiseStep(8, (0.0,))))
    assert made[:, 0].tolist() == [0, 10, 20, 20, 30, 40, 50, 50]


def test_missing_samples_stay_missing_and_only_they() -> None:
    ecg = np.array([[0], [-32768], [5]])
    made = mix(ecg, np.zeros((9, 1), dtype=np.int64), (NoiseStep(3, (0.0,)),))
    assert made[:, 0].tolist() == [0, -32768, 5]


def test_protocol_file_is_read_and_must_hold_gains() -> None:
    notes = Annotations.of([10, 20], '"', FS_HZ, aux_note=["1.5 2", "0"])
    assert protocol_of(notes, 2) == (NoiseStep(10, (1.5, 2.0)), NoiseStep(20, (0.0, 2.0)))
    with pytest.raises(InvalidSignal, match="not a list of gains"):
        protocol_of(Annotations.of([10], '"', FS_HZ, aux_note=["loud"]), 1)
    with pytest.raises(InvalidSignal, match="no notes"):
        protocol_of(Annotations.of([10], "N", FS_HZ), 1)


def test_silence_cannot_be_scaled() -> None:
    adu, marks = ecg_and_marks()
    with pytest.raises(InvalidSignal, match="noise lead 0 has no amplitude"):
        add_noise(adu, np.zeros((N, 1), dtype=np.int64), marks, 6.0)
    with pytest.raises(InvalidSignal, match="no normal beats"):
        add_noise(adu, square_noise(), Annotations.of([], "N", FS_HZ), 6.0)
