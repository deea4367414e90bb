"""The monitor's answers do not depend on chunking, offset, lead order, company or interruption."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg.monitor import Monitor
from tests.unit.kernel.conftest import cut, feed, synthetic_adu

ADU, R_S = synthetic_adu(12.0, 360.0, 2, seed=3, noise_mv=0.03)
WHOLE, _OUTPUTS = feed(Monitor(), cut(ADU, [360], 360.0))
QUALITY, RHYTHM = _OUTPUTS[-1].quality, _OUTPUTS[-1].rhythm
SETTINGS = settings(max_examples=12, deadline=None)


def test_reference_run_finds_the_beats() -> None:
    found = np.array([beat.sample / 360.0 for beat in WHOLE])
    due = R_S[R_S < 11.5]
    assert all(np.abs(found - r).min() < 0.02 for r in due)
    assert len(WHOLE) <= len(R_S)


@SETTINGS
@given(st.lists(st.integers(1, 1080), min_size=1, max_size=20))
def test_any_chunking_gives_the_same_beats(lengths: list[int]) -> None:
    beats, outputs = feed(Monitor(), cut(ADU, lengths, 360.0))
    n = min(len(beats), len(WHOLE))
    assert beats[:n] == WHOLE[:n]
    assert abs(len(beats) - len(WHOLE)) <= 0  # the same samples were received in all
    assert outputs[-1].heart_rate_bpm is not None
    assert outputs[-1].quality == QUALITY
    assert outputs[-1].rhythm == RHYTHM


@SETTINGS
@given(st.integers(-20_000, 20_000))
def test_constant_offset_changes_nothing(offset: int) -> None:
    beats, outputs = feed(Monitor(), cut((ADU + offset).astype(np.int16), [360], 360.0))
    assert beats == WHOLE
    assert [q.problems for q in outputs[-1].quality] == [q.problems for q in QUALITY]
    np.testing.assert_allclose([q.index for q in outputs[-1].quality], [q.index for q in QUALITY], atol=1e-3)


def test_lead_order_changes_nothing() -> None:
    adu, _ = synthetic_adu(12.0, 250.0, 3, seed=5)
    forward, ahead = feed(Monitor(), cut(adu, [250], 250.0))
    turned, behind = feed(Monitor(), cut(adu[[2, 0, 1]].copy(), [250], 250.0))
    assert len(forward) > 10
    assert [b.sample for b in turned] == [b.sample for b in forward]
    for before, after in zip(ahead, behind, strict=True):
        assert [after.quality[k].index for k in (1, 2, 0)] == [q.index for q in before.quality]
        assert [after.quality[k].problems for k in (1, 2, 0)] == [q.problems for q in before.quality]


@SETTINGS
@given(st.integers(1, 11))
def test_snapshot_and_restore_change_nothing(at: int) -> None:
    segments = cut(ADU, [360], 360.0)
    first, second = Monitor(), Monitor()
    before, _ = feed(first, segments[:at])
    second.restore("bed-1", first.snapshot("bed-1"))
    after, outputs = feed(second, segments[at:])
    assert before + after == WHOLE
    reference = feed(Monitor(), segments)[1]
    assert outputs[-1] == reference[-1]


def test_other_streams_change_nothing() -> None:
    monitor = Monitor()
    own = cut(ADU, [360], 360.0)
    others = [cut(synthetic_adu(12.0, 360.0, 2, bpm=60 + 10 * i, seed=i)[0], [360], 360.0, f"o{i}") for i in range(11)]
    found = []
    for tick, segment in enumerate(own):
        company = [other[tick] for other in others[: tick % 12]] + [segment] + [o[tick] for o in others[tick % 12 :]]
        outputs = monitor.step([s for s in company if not (s.stream_id == "o3" and tick % 3)]).outputs
        found += [b for output in outputs if output.stream_id == "bed-1" for b in output.beats]
    assert found == WHOLE


@pytest.mark.parametrize("fs_hz", [125.0, 128.0, 257.0, 360.0, 500.0, 1000.0])
def test_resampling_keeps_the_beats(fs_hz: float) -> None:
    adu, r_s = synthetic_adu(12.0, fs_hz, 1, seed=3)
    beats, outputs = feed(Monitor(), cut(adu, [round(fs_hz)], fs_hz))
    assert outputs[-1].quality[0].problems == () and outputs[-1].quality[0].index > 0.9
    found = np.array([beat.sample / fs_hz for beat in beats])
    due = r_s[(r_s < 11.5)]
    assert all(np.abs(found - r).min() < 0.02 for r in due)
    assert len(found) <= len(r_s)
