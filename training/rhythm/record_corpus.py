"""Whole recordings as the record class sees them, with the class the challenge gave them.

Owns the reference of CinC 2017 and who may judge a recording.
Must not import torch or scikit-learn: the evaluation asks too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ecg.rhythm.record_class import RecordLook
from ecg.rhythm.record_model import RecordMember, default_model
from edge.kernel_blocks import look_at
from edge.sources.wfdb_replay import read_recording
from training.evaluation.replay import unseen_model
from training.rhythm.folds import fold_of

SET = "cinc2017"


def unseen_members(folder: str, record: str) -> tuple[RecordMember, ...]:
    """Members that did not see the recording: that of its fold, or all of them where none saw it."""
    model, group = default_model(), f"{folder}/{record}"
    return (model.members[fold_of(group)],) if group in model.seen else model.members


def reference_classes(folder: Path) -> Iterator[tuple[str, str]]:
    """Record and class (N, A, O, ~) of each recording that stands in the folder of CinC 2017."""
    for line in (folder / "REFERENCE.csv").read_text(encoding="utf-8").split():
        record, truth = line.split(",")[:2]
        if (folder / f"{record}.hea").exists():
            yield record, truth


def record_corpus(folder: Path) -> Iterator[tuple[str, str, RecordLook]]:
    """Record, class and what was gathered of every recording of CinC 2017 in the folder."""
    for record, truth in reference_classes(folder):
        look = look_at(read_recording(str(folder / record)), unseen_model(SET, record))
        if look.signal:
            yield record, truth, look
