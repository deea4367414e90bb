"""Waveform blocks: nothing is lost in packing, in building and in merging."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ecg.blocks import decode_block, encode_block
from ecg.errors import InvalidSignal
from ecg.segments import Lead, Segment
from stream.recorder.blocks import BlockBuilder
from stream.recorder.merge import merged, runs_to_merge


def segment(
    seq: int, *, stream: str = "bed", epoch: int = 0, n: int = 250, first: int | None = None, gain: float = 200.0
) -> Segment:
    x = np.random.default_rng(seq).integers(-2048, 2047, (2, n), np.int16)
    start = seq * n if first is None else first
    return Segment(stream, epoch, seq, start, 250.0, 10**18 + start * 4_000_000, (Lead("II", gain), Lead("V1")), x)


@given(hnp.arrays(np.int16, st.tuples(st.integers(1, 4), st.integers(1, 400))))
def test_a_block_unpacks_to_what_was_packed(samples: np.ndarray) -> None:
    assert np.array_equal(decode_block(encode_block(samples), *samples.shape), samples)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-4], lambda b: b"", lambda b: b"junk" + b, lambda b: b[:8] + b"\x00" * (len(b) - 8)]
)
def test_a_damaged_block_is_named(damage: object) -> None:
    packed = encode_block(np.arange(500, dtype=np.int16).reshape(2, 250))
    with pytest.raises(InvalidSignal):
        decode_block(damage(packed), 2, 250)  # type: ignore[operator]


def test_an_ecg_packs_better_than_two_to_one() -> None:
    t = np.arange(2500) / 250
    ecg = (200 * np.exp(-(((t % 0.8) - 0.3) ** 2) / 0.0004) + np.random.default_rng(1).normal(0, 2, 2500)).astype(
        np.int16
    )
    assert 2 * 2500 / len(encode_block(ecg[None])) > 2


def test_blocks_hold_contiguous_runs() -> None:
    #  seq   0 1 2 . 4 5 | 5 again | epoch 1: 0
    #  rows  [0  3)[4  6)           [0 1)
    builder = BlockBuilder()
    for s in [*map(segment, (0, 1, 2, 4, 5, 5)), segment(0, epoch=1)]:
        builder.add(s)
    assert [(b.epoch, b.first_seq, b.end_seq) for b in builder.flush()] == [(0, 0, 3), (0, 4, 6), (1, 0, 1)]
    assert builder.repeated == 1 and len(builder) == 0


@pytest.mark.parametrize("odd", [segment(1, gain=100.0), segment(1, first=999)])
def test_a_change_of_gain_or_a_jump_of_samples_starts_a_block(odd: Segment) -> None:
    builder = BlockBuilder()
    builder.add(segment(0))
    builder.add(odd)
    assert len(builder.flush()) == 2


@given(st.lists(st.booleans(), min_size=1, max_size=120), st.integers(1, 15))
def test_building_and_merging_lose_nothing(received: list[bool], flush_every: int) -> None:
    builder, blocks = BlockBuilder(), []
    sent = {seq: segment(seq, n=25) for seq, here in enumerate(received) if here}
    for seq, s in sent.items():
        builder.add(s)
        if seq % flush_every == 0:
            blocks += builder.flush()
    blocks += builder.flush()
    runs = runs_to_merge(blocks)
    gone = {b.first_seq for run in runs for b in run}
    kept = [b for b in blocks if b.first_seq not in gone] + [merged(run) for run in runs]
    back: dict[int, np.ndarray] = {}
    for b in kept:
        samples = decode_block(b.packed, 2, b.n_samples)
        for i, seq in enumerate(range(b.first_seq, b.end_seq)):
            assert seq not in back
            back[seq] = samples[:, i * 25 : (i + 1) * 25]
    assert back.keys() == sent.keys()
    assert all(np.array_equal(back[seq], sent[seq].samples) for seq in sent)
