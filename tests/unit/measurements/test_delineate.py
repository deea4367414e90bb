"""Delineation: waves where they were drawn, nothing where nothing was, the compiled network against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.delineation.delineate import ABSENT, delineate
from ecg.delineation.network import _BLOCKS, N_OUTPUTS, probabilities, trained_on, weights
from ecg.errors import InvalidSignal
from ecg.synthesis import BeatSpec, synthesize

FS = 500.0
SIGNAL, TRUTH = synthesize(
    BeatSpec(), 0.8, FS, 10.0, ("I", "II", "V5"), np.random.default_rng(1), noise_mv=0.01, wander_mv=0.05
)
LEADS = delineate(SIGNAL, FS)


@pytest.mark.parametrize(
    ("point", "tolerance_ms"),
    [("p_on", 20), ("p_off", 20), ("qrs_on", 14), ("qrs_off", 16), ("t_peak", 20), ("t_off", 30)],
)
def test_marks_are_where_the_waves_were_drawn(point: str, tolerance_ms: float) -> None:
    for lead in LEADS:
        found, true = getattr(lead, point), getattr(TRUTH, point)
        for k in range(1, len(lead.beats) - 1):
            nearest = true[np.argmin(np.abs(TRUTH.qrs_on - lead.beats[k]))]
            assert found[k] != ABSENT
            assert abs(found[k] - nearest) / FS * 1000 <= tolerance_ms


def test_marks_stand_in_order() -> None:
    lead = LEADS[1]
    order = np.stack(
        [lead.p_on, lead.p_peak, lead.p_off, lead.qrs_on, lead.r_peak, lead.qrs_off, lead.t_on, lead.t_peak, lead.t_off]
    )
    whole = (order != ABSENT).all(axis=0)
    assert whole.sum() >= 10
    assert (np.diff(order[:, whole], axis=0) >= 0).all()


def test_beats_that_are_known_are_kept() -> None:
    beats = np.array([1000, 2000, 3000])
    lead = delineate(SIGNAL, FS, beats)[0]
    np.testing.assert_array_equal(lead.beats, beats)


def test_a_lead_that_is_off_has_no_waves() -> None:
    signal = SIGNAL.copy()
    signal[0] = np.nan
    off, on, _ = delineate(signal, FS)
    assert (off.qrs_on == ABSENT).all()
    assert (on.qrs_on[1:-1] != ABSENT).all()


def test_nothing_is_found_in_nothing() -> None:
    for lead in delineate(np.zeros((2, 5000)), FS):
        assert lead.beats.size == 0 and lead.p_waves.size == 0


@pytest.mark.parametrize("signal", [np.zeros(5000), np.zeros((0, 5000)), np.zeros((1, 0)), np.zeros((1, 100))])
def test_absurd_input_is_refused(signal: np.ndarray) -> None:
    with pytest.raises(InvalidSignal):
        delineate(signal, FS)


def _convolve_plainly(x: np.ndarray, w: np.ndarray, b: np.ndarray, stride: int = 1, dilation: int = 1) -> np.ndarray:
    half = dilation * (w.shape[2] // 2)
    padded = np.pad(x, ((0, 0), (half, half)))
    taps = np.stack([padded[:, k * dilation : k * dilation + x.shape[1]] for k in range(w.shape[2])], axis=1)
    return (np.einsum("oik,ikt->ot", w.astype(float), taps) + b[:, None])[:, ::stride]


def test_compiled_network_computes_the_network() -> None:
    w, b = (dict(zip(_BLOCKS, part, strict=True)) for part in weights())
    rng = np.random.default_rng(0)
    lead = rng.normal(0, 0.3, 320).astype(np.float32)
    activity = np.abs(lead)

    def block(name: str, x: np.ndarray, stride: int = 1, dilation: int = 1) -> np.ndarray:
        return np.maximum(_convolve_plainly(x, w[name], b[name], stride, dilation), 0)

    x = block("stem1", block("stem0", np.stack([lead, activity]).astype(float)))
    skips = []
    for level in range(4):
        skips.append(x)
        x = block(f"level{level}", block(f"down{level}", x, stride=2))
    x = x + block("bottom0", x, dilation=2)
    x = x + block("bottom1", x, dilation=4)
    for level in range(4):
        x = block(f"up{level}", np.repeat(block(f"merge{level}", x), 2, axis=1) + skips.pop())
    logits = _convolve_plainly(x, w["head"], b["head"])
    e = np.exp(logits[:4] - logits[:4].max(axis=0))
    expected = np.concatenate([e / e.sum(axis=0), 1 / (1 + np.exp(-logits[4:]))])
    found = probabilities(lead[None], activity, np.ones(1, bool))
    assert found.shape == (1, N_OUTPUTS, 320)
    np.testing.assert_allclose(found[0], expected, atol=2e-4)


def test_half_models_share_no_record() -> None:
    assert not trained_on("half0") & trained_on("half1")
    assert trained_on("half0") | trained_on("half1") == trained_on("all")
