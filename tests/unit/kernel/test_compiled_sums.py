"""The compiled sums of conditioning and of the detector's envelope, beside the plain ones they stand for."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.beats.detector import envelope_of
from ecg.beats.detector_state import ENVELOPE_HALF, ENVELOPE_PAIR
from ecg.conditioning import resample_lead
from ecg.resample import plan
from ecg.segments import FloatArray


def _resampled(level_mv: FloatArray, fs_hz: float, chunk: int) -> tuple[FloatArray, FloatArray]:
    """Low and residue of a whole signal, made `chunk` kernel samples at a time."""
    rate = plan(fs_hz)
    first, end = -(-rate.half * rate.up // rate.down) + 1, rate.kernel_end(level_mv.size)
    low, residue = np.empty(end - first, np.float32), np.empty(end - first, np.float32)
    flag = np.ones(level_mv.size, np.uint8)
    for k in range(first, end, chunk):
        stop = min(k + chunk, end)
        made = (low[k - first : stop - first], residue[k - first : stop - first], np.empty(stop - k, np.uint8))
        resample_lead(level_mv, flag, 0, k, stop, rate.up, rate.down, rate.taps, made)
    return low, residue


@pytest.mark.parametrize("fs_hz", [100.0, 128.0, 250.0, 257.0, 360.0, 500.0, 999.7, 1000.0])
def test_samples_made_together_are_those_made_alone(fs_hz: float) -> None:
    level_mv = np.random.default_rng(1).normal(0, 1, round(6 * fs_hz)).astype(np.float32)
    alone = _resampled(level_mv, fs_hz, 1)
    for chunk in (7, 250, 2000):
        together = _resampled(level_mv, fs_hz, chunk)
        assert np.array_equal(together[0], alone[0])
        assert np.array_equal(together[1], alone[1])


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 360.0, 500.0])
def test_resampling_is_the_sum_it_says_it_is(fs_hz: float) -> None:
    rate = plan(fs_hz)
    level_mv = np.random.default_rng(2).normal(0, 1, round(4 * fs_hz)).astype(np.float32)
    low, residue = _resampled(level_mv, fs_hz, 500)
    first = -(-rate.half * rate.up // rate.down) + 1
    for k in range(first, first + low.size, 13):
        centre, rest = k * rate.down // rate.up, k * rate.down % rate.up
        phase = rest if len(rate.taps) == rate.up else rest * len(rate.taps) // rate.up
        around = level_mv[centre - rate.half + 1 : centre + rate.half + 1]
        wanted = float(around.astype(np.float64) @ rate.taps[phase])
        assert low[k - first] == pytest.approx(wanted, abs=2e-6)
        assert residue[k - first] == pytest.approx(float(level_mv[centre]) - wanted, abs=2e-6)


def test_the_envelope_is_the_root_of_both_kernels_squares() -> None:
    x = np.random.default_rng(3).normal(0, 1, 700).astype(np.float32)
    out = np.zeros(700, np.float32)
    envelope_of(x, ENVELOPE_HALF, 700 - ENVELOPE_HALF, out)
    even, odd = (np.correlate(x.astype(np.float64), kernel, "valid") for kernel in ENVELOPE_PAIR)
    assert np.abs(out[ENVELOPE_HALF : 700 - ENVELOPE_HALF] - np.hypot(even, odd)).max() < 1e-5
    pieces = np.zeros(700, np.float32)
    for first in range(ENVELOPE_HALF, 700 - ENVELOPE_HALF, 17):
        envelope_of(x, first, min(first + 17, 700 - ENVELOPE_HALF), pieces)
    assert np.array_equal(pieces, out)
