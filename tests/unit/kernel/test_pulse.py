"""Pulses of a plethysmogram: found where they are, causal, and denying only what a steady pulse can deny."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from ecg.alarm_cycle import UNTOUCHABLE
from ecg.conditions import ConditionCode
from ecg.profiles import CINC2015
from ecg.pulse import denied, find_pulses, steady_intervals_s

FS_HZ = 250.0
LENGTH_S = 40.0


def beats_at(bpm: float) -> npt.NDArray[np.float64]:
    return np.arange(0.5, LENGTH_S, 60.0 / bpm)


def pleth(onsets_s: npt.NDArray[np.float64], height: float = 1000.0) -> npt.NDArray[np.float64]:
    """A rise of 0.15 s, a slow fall and a dicrotic wave a quarter as high, on a baseline that breathes."""
    t = np.arange(0.0, LENGTH_S, 1.0 / FS_HZ)
    wave = 0.2 * np.sin(2 * np.pi * 0.25 * t)
    for onset_s in onsets_s:
        for delay_s, size, width_s in ((0.15, 1.0, 0.06), (0.4, 0.25, 0.06)):
            wave += size * np.exp(-0.5 * ((t - onset_s - delay_s) / width_s) ** 2)
    return height * wave


@pytest.mark.parametrize("bpm", [45.0, 75.0, 150.0])
@pytest.mark.parametrize("height", [1.0, 1e4])
def test_every_pulse_is_found_once(bpm: float, height: float) -> None:
    true_s = beats_at(bpm)
    found = find_pulses(pleth(true_s, height), FS_HZ)
    # the first eight seconds are learned from, the last pulse may not have risen yet
    expected_s = true_s[(true_s > 8.1) & (true_s < LENGTH_S - 0.5)]
    nearest_s = np.array([np.abs(found.onset_s - at).min() for at in expected_s])
    assert nearest_s.max() < 0.15
    assert abs(found.onset_s.size - expected_s.size) <= 1


def test_what_was_found_does_not_change_with_what_comes_later() -> None:
    wave = pleth(beats_at(75.0))
    whole, part = find_pulses(wave, FS_HZ), find_pulses(wave[: int(20 * FS_HZ)], FS_HZ)
    assert part.onset_s.size > 10
    np.testing.assert_array_equal(part.onset_s, whole.onset_s[: part.onset_s.size])


@pytest.mark.parametrize(
    ("bpm", "expected"),
    [
        (75.0, {ConditionCode.EBR, ConditionCode.ETC, ConditionCode.VTA}),
        (96.0, {ConditionCode.EBR, ConditionCode.ETC}),
        (150.0, {ConditionCode.EBR}),
        (38.0, {ConditionCode.ETC, ConditionCode.VTA}),
    ],
)
def test_a_steady_pulse_denies_the_rates_it_has_not(bpm: float, expected: set[ConditionCode]) -> None:
    said = denied(find_pulses(pleth(beats_at(bpm)), FS_HZ), LENGTH_S, CINC2015)
    assert said == expected
    assert not said & UNTOUCHABLE


def test_a_pulse_that_stops_stumbles_or_weakens_denies_nothing() -> None:
    steady = beats_at(75.0)
    stopped = steady[steady < LENGTH_S - 4.0]
    stumbling = np.delete(steady, np.searchsorted(steady, LENGTH_S - 8.0))
    run = np.concatenate((steady[steady < 28.0], np.arange(28.2, 31.0, 0.4), steady[steady > 31.2]))
    for onsets_s in (stopped, stumbling, run):
        assert denied(find_pulses(pleth(onsets_s), FS_HZ), LENGTH_S, CINC2015) == frozenset()
    weak = pleth(steady[steady < 30.0]) + 0.45 * pleth(steady[steady >= 30.0])
    assert denied(find_pulses(weak, FS_HZ), LENGTH_S, CINC2015) == frozenset()


def test_no_signal_and_noise_deny_nothing() -> None:
    n = int(LENGTH_S * FS_HZ)
    noise = np.random.default_rng(1).normal(0.0, 100.0, n)
    lost = pleth(beats_at(75.0))
    lost[int(30 * FS_HZ) :] = np.nan
    for wave in (np.full(n, np.nan), np.zeros(n), noise, lost, np.zeros(0)):
        pulses = find_pulses(wave, FS_HZ)
        assert steady_intervals_s(pulses, LENGTH_S) is None
        assert denied(pulses, LENGTH_S, CINC2015) == frozenset()
