"""A recording second by second as the kernel hands it to the rhythm rules, and as one whole for the record class.

Owns running the stream group without its monitor, for those who judge with other networks or judge the whole. Must not
write files.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ecg.beats.beat import Beat
from ecg.beats.detector_model import default_model
from ecg.conditioning import StreamBlock
from ecg.rhythm.record_class import RecordLook
from ecg.rhythm.rules import RhythmRules
from ecg.rhythm.wave_model import RhythmModel
from ecg.stream_group import StreamGroup
from ecg.stream_state import StreamState, rule_beats
from edge.sources.wfdb_replay import Recording


def blocks(recording: Recording) -> Iterator[tuple[list[Beat], StreamBlock]]:
    """Newly final beats and conditioned block, second by second, just as the monitor hands them to the rules."""
    n_leads, n = recording.samples.shape
    names = tuple(lead.name for lead in recording.leads)
    gains = tuple(lead.gain_adu_per_mv for lead in recording.leads)
    group = StreamGroup(recording.fs_hz, n_leads, default_model())
    slot = group.add(0)
    state = StreamState.begin(0, recording.fs_hz, names, gains, slot)
    off, mv_per_adu = np.zeros((1, n_leads), bool), 1.0 / np.array([gains])
    step = round(recording.fs_hz)
    for first in range(0, n, step):
        samples = np.ascontiguousarray(recording.samples[None, :, first : first + step])
        block, found, seconds = group.step(samples, off, mv_per_adu, np.array([slot]))
        state.take_seconds(0, seconds)
        beats = rule_beats(0, found, group.classify(np.array([slot]), found)[0])
        m = int(block.n_samples[0])
        signal, valid = block.signal_mv[0, :, :m], block.valid[0, :, :m]
        yield (
            beats,
            StreamBlock(
                block.fs_hz,
                block.stream_fs_hz,
                int(block.first_sample[0]),
                signal,
                valid,
                names,
                state.quality,
                state.ladder.usable,
            ),
        )


def look_at(recording: Recording, model: RhythmModel | None = None) -> RecordLook:
    """Gathers a whole recording for `ecg.rhythm.record_class.judge`.

    Args:
        recording: Its ECG leads.
        model: Networks of the rhythm rules instead of the shipped ones (cross-validation).
    """
    rules, look = RhythmRules(model=model), RecordLook()
    for beats, block in blocks(recording):
        if block.signal_mv.shape[1]:
            rules.step(beats, block)
            look.take(tuple(rules.timeline.beats), block)
    return look
