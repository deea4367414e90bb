"""Windows: the same whatever the chunking, gaps as NaN, resumed where they stopped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecg.errors import InvalidSignal
from ecg.segments import Int16Array, Segment
from ecg.windows import Window, Windower
from tests.unit.kernel.conftest import cut

ADU: Int16Array = (np.arange(2 * 3000).reshape(2, 3000) % 5000).astype(np.int16)
SETTINGS = settings(max_examples=40, deadline=None)


def windows_of(segments: list[Segment], windower: Windower | None = None) -> list[Window]:
    windower = windower or Windower(2.0, 0.5)
    return [window for segment in segments for window in windower.step(segment)]


def same(a: list[Window], b: list[Window]) -> bool:
    return len(a) == len(b) and all(
        x.first_sample == y.first_sample
        and x.start_time_ns == y.start_time_ns
        and np.array_equal(x.signal_mv, y.signal_mv, equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


def test_windows_are_half_open_ranges_of_the_signal() -> None:
    # fs 250: length 500, hop 125
    #   [0 ---- 500)
    #     [125 ---- 625)
    #        [250 ...
    windows = windows_of(cut(ADU, [250], 250.0))
    assert [w.first_sample for w in windows] == list(range(0, 2501, 125))
    for window in windows:
        expected = ADU[:, window.first_sample : window.end_sample] / np.float32(200)
        np.testing.assert_allclose(window.signal_mv, expected, rtol=1e-6)
        assert window.start_time_ns == round(window.first_sample * 4e6)
        assert not window.signal_mv.flags.writeable


@SETTINGS
@given(st.lists(st.integers(1, 1200), min_size=1, max_size=30))
def test_any_chunking_gives_the_same_windows(lengths: list[int]) -> None:
    assert same(windows_of(cut(ADU, lengths, 250.0)), windows_of(cut(ADU, [250], 250.0)))


@SETTINGS
@example([1, 1, 223, 400], {0, 2, 3}, 0)
@given(
    st.lists(st.integers(1, 400), min_size=4, max_size=20),
    st.sets(st.integers(0, 30), max_size=12),
    st.integers(0, 20),
)
def test_gaps_are_nan_and_resuming_changes_nothing(lengths: list[int], lost: set[int], at: int) -> None:
    kept = [s for s in cut(ADU, lengths, 250.0) if s.seq not in lost]
    windows = windows_of(kept)
    truth = np.full((2, 3000), np.nan, np.float32)
    for s in kept:
        truth[:, s.first_sample : s.end_sample] = s.samples / np.float32(200)
    for window in windows:
        np.testing.assert_allclose(window.signal_mv, truth[:, window.first_sample : window.end_sample], rtol=1e-6)
        assert np.isfinite(window.signal_mv).any()
    received = np.isfinite(truth[0])
    start, end = (kept[0].first_sample, kept[-1].end_sample) if kept else (0, 0)
    due = [f for f in range(-(-start // 125) * 125, end - 499, 125) if received[f : f + 500].any()]
    assert [w.first_sample for w in windows] == due
    if 0 < at < len(kept):
        first, second = Windower(2.0, 0.5), Windower(2.0, 0.5)
        before = windows_of(kept[:at], first)
        second.restore(*first.snapshot("bed-1"))
        assert same(before + windows_of(kept[at:], second), windows)


def test_a_new_epoch_starts_over_and_an_old_one_is_refused() -> None:
    windower = Windower(2.0, 0.5)
    windows_of(cut(ADU, [250], 250.0, epoch=1), windower)
    again = windows_of(cut(ADU, [250], 250.0, epoch=2), windower)
    assert [w.first_sample for w in again] == list(range(0, 2501, 125))
    with pytest.raises(InvalidSignal, match="epoch 2 has begun"):
        windower.step(cut(ADU, [250], 250.0, epoch=1)[0])


def test_overlap_and_change_of_leads_are_refused() -> None:
    windower = Windower(2.0, 0.5)
    segments = cut(ADU, [250], 250.0)
    windower.step(segments[0])
    with pytest.raises(InvalidSignal, match="250 is next"):
        windower.step(segments[0])
    with pytest.raises(InvalidSignal, match="within an epoch"):
        windower.step(cut(ADU[:1].copy(), [250], 250.0)[1])
    assert windower.step(segments[1])


def test_a_stream_that_starts_late_starts_on_the_grid() -> None:
    windows = windows_of(cut(ADU, [250], 250.0, first=310))
    assert windows[0].first_sample == 375


@pytest.mark.parametrize(("length_s", "hop_s"), [(2.0, 0.0), (2.0, 3.0), (2.0, -1.0)])
def test_absurd_lengths_are_refused(length_s: float, hop_s: float) -> None:
    with pytest.raises(InvalidSignal):
        Windower(length_s, hop_s)
