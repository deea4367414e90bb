"""Merging: 10 s live blocks into 60 s blocks, once they have gone quiet. Saves space and rows; loses nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ecg.blocks import decode_block, encode_block
from ecg.segments import Lead, LeadState
from stream.recorder.blocks import WaveformBlock
from stream.recorder.rows import WAVEFORM_BLOCK, block_row
from stream.recorder.store import Store

#: Length of a merged block: 60 s packs 9 % better than 10 s on MIT-BIH 100 (DESIGN.md §3).
MERGED_S = 60.0
#: Blocks younger than this may still grow by redelivery.
QUIET = dt.timedelta(minutes=5)
_HORIZON = dt.timedelta(hours=1)

_SELECT = (
    "SELECT stream_id, epoch, first_seq, end_seq, start_time_ns, first_sample, n_samples, fs_hz, lead_names, lead_gains,"
    " lead_baselines, leads_off, packed FROM waveform_block WHERE start_time >= %s AND start_time < %s"
    " AND n_samples < %s * fs_hz ORDER BY stream_id, epoch, first_seq"
)


def block_from_row(row: Sequence[Any]) -> WaveformBlock:
    """The block in a row of _SELECT's columns."""
    stream_id, epoch, first_seq, end_seq, start_ns, first, n, fs, names, gains, baselines, off, packed = row
    leads = tuple(
        Lead(name, gain, baseline, LeadState.OFF if is_off else LeadState.CONNECTED)
        for name, gain, baseline, is_off in zip(names, gains, baselines, off, strict=True)
    )
    return WaveformBlock(stream_id, epoch, first_seq, end_seq, start_ns, first, n, fs, leads, bytes(packed))


def runs_to_merge(blocks: Sequence[WaveformBlock]) -> list[list[WaveformBlock]]:
    """Runs of at least two blocks that join without a seam, each at most MERGED_S long; blocks in order of stream and seq."""
    runs: list[list[WaveformBlock]] = [[block] for block in blocks[:1]]
    for previous, block in pairwise(blocks):
        run = runs[-1]
        joins = (
            (block.stream_id, block.epoch, block.first_seq, block.first_sample, block.fs_hz, block.leads)
            == (
                previous.stream_id,
                previous.epoch,
                previous.end_seq,
                previous.first_sample + previous.n_samples,
                previous.fs_hz,
                previous.leads,
            )
        )  # fmt: skip
        if joins and block.first_sample + block.n_samples - run[0].first_sample <= MERGED_S * block.fs_hz:
            run.append(block)
        else:
            runs.append([block])
    return [run for run in runs if len(run) > 1]


def merged(run: Sequence[WaveformBlock]) -> WaveformBlock:
    """One block that holds what the run's blocks hold."""
    first, last = run[0], run[-1]
    samples = np.concatenate([decode_block(b.packed, len(b.leads), b.n_samples) for b in run], axis=1)
    return WaveformBlock(
        first.stream_id,
        first.epoch,
        first.first_seq,
        last.end_seq,
        first.start_time_ns,
        first.first_sample,
        samples.shape[1],
        first.fs_hz,
        first.leads,
        encode_block(samples),
    )


def merge_quiet_blocks(store: Store, now: dt.datetime) -> int:
    """Merges what has been quiet for QUIET within the last hour.

    Returns:
        Blocks that were merged away.
    """
    rows = store.query(_SELECT, (now - _HORIZON, now - QUIET, MERGED_S))
    gone = 0
    for run in runs_to_merge([block_from_row(row) for row in rows]):
        block = merged(run)
        with store.transaction():
            store.execute(
                "DELETE FROM waveform_block WHERE stream_id = %s AND epoch = %s AND first_seq >= %s AND first_seq < %s"
                " AND start_time >= %s",
                (block.stream_id, block.epoch, block.first_seq, block.end_seq, now - _HORIZON),
            )
            store.insert(WAVEFORM_BLOCK, [block_row(block)])
        gone += len(run) - 1
    return gone
