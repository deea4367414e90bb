"""The encoder's input: rate, band, missing samples and lead names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ecg.encoder_input import CLIP_MV, ENCODER_SAMPLES, prepare
from ecg.errors import InvalidSignal
from ecg.leads import STANDARD_LEADS, UNKNOWN_LEAD, lead_index

Sine = Callable[..., np.ndarray]


@pytest.mark.parametrize("fs_hz", [128.0, 250.0, 257.0, 360.0, 500.0, 1000.0])
def test_a_sine_in_the_band_comes_out_the_same_at_250_hz_in_phase(fs_hz: float, sine_mv: Sine) -> None:
    out = prepare(sine_mv([1.0, 0.3], fs_hz)[None], fs_hz, [("II", "V1")])
    assert out.signal.shape == (1, 2, ENCODER_SAMPLES) and out.signal.dtype == np.float32
    t = np.arange(ENCODER_SAMPLES) / 250
    middle = slice(250, -250)
    assert np.abs(out.signal[0, 0] - np.sin(2 * np.pi * 10 * t))[middle].max() < 0.04
    assert np.abs(out.signal[0, 1] - 0.3 * np.sin(2 * np.pi * 10 * t))[middle].max() < 0.02


def test_baseline_and_mains_are_removed() -> None:
    t = np.arange(2500) / 250
    mains = 0.5 * np.sin(2 * np.pi * 60 * t)
    wander = 1.0 * np.sin(2 * np.pi * 0.1 * t) + 3.0
    out = prepare((mains + wander).astype(np.float32)[None, None], 250.0, [("II",)])
    assert np.abs(out.signal[0, 0, 250:-250]).max() < 0.1


def test_missing_samples_leave_no_step_and_no_nan(sine_mv: Sine) -> None:
    signal = sine_mv([0.0, 0.0]) + 2.0  # an offset: zeros in the gap would be steps of 2 mV
    signal[0, 800:1200] = np.nan
    signal[1, 400:] = np.nan
    out = prepare(signal[None], 250.0, [("II", "V1")])
    assert np.isfinite(out.signal).all() and np.abs(out.signal).max() < 0.01
    assert out.lead_mask.tolist() == [[1.0, 0.0]], "84 % of lead V1 is missing"


def test_rails_are_clipped_and_short_windows_count_as_partly_missing(sine_mv: Sine) -> None:
    out = prepare(sine_mv([50.0])[None], 250.0, [("II",)])
    assert np.abs(out.signal).max() == CLIP_MV
    short = prepare(sine_mv([1.0], seconds=9.0)[None], 250.0, [("II",)])
    assert short.signal.shape == (1, 1, ENCODER_SAMPLES) and short.lead_mask[0, 0] == 1


def test_a_window_does_not_depend_on_its_neighbours_in_the_batch(sine_mv: Sine) -> None:
    rng = np.random.default_rng(1)
    batch = rng.normal(0, 1, (7, 3, 3600)).astype(np.float32)
    together = prepare(batch, 360.0, [("I", "II", "V2")] * 7)
    alone = prepare(batch[4:5], 360.0, [("I", "II", "V2")])
    np.testing.assert_allclose(together.signal[4], alone.signal[0], atol=1e-5)


def test_what_is_no_window_is_refused() -> None:
    with pytest.raises(InvalidSignal, match="longer than 10 s"):
        prepare(np.zeros((1, 1, 2600), np.float32), 250.0, [("II",)])
    with pytest.raises(InvalidSignal, match="names"):
        prepare(np.zeros((1, 2, 2500), np.float32), 250.0, [("II",)])


def test_names_of_monitors_and_holters_find_their_lead() -> None:
    assert [lead_index(name) for name in STANDARD_LEADS] == list(range(12))
    known = {"MLII": 1, "ECG": 1, "AVR": 3, "V": 6, "MCL1": 6, "lead ii": 1, "mod.V1": 6, "CM5": 10}
    assert {name: lead_index(name) for name in known} == known
    assert lead_index("ECG1") == lead_index("ABP") == UNKNOWN_LEAD
