"""Which recordings of a folder can be evaluated, and from when: other people's records are shorter, broken, unannotated.

Owns the leaving out, always said. Must not import any task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from ecg.annotations import Annotations
from ecg.ec57.times import LEARNING_PERIOD_S
from ecg.errors import InvalidSignal
from edge.sources.wfdb_replay import read_recording
from edge.wfdb_files import read_annotations


def annotated(paths: Iterable[Path], say: Callable[[str], object]) -> list[Path]:
    """Records whose signal and reference annotations (.atr) can be read; the others are told and left out.

    Args:
        paths: Records without extension.
        say: Told of each record left out, with the reason.
    """
    kept = []
    for path in readable(paths, say):
        if not path.with_suffix(".atr").exists():
            say(f"{path.name}: no {path.name}.atr, left out")
            continue
        try:
            reference = read_annotations(path, "atr")
        except InvalidSignal as error:
            say(f"{error}: left out")
            continue
        if len(reference.sample):
            kept.append(path)
        else:
            say(f"{path.name}: {path.name}.atr has no annotations, left out")
    return kept


def readable(paths: Iterable[Path], say: Callable[[str], object]) -> list[Path]:
    """Records whose ECG can be read; the others are told and left out."""
    kept = []
    for path in paths:
        try:
            read_recording(str(path))
        except InvalidSignal as error:
            say(f"{error}: left out")
        else:
            kept.append(path)
    return kept


def scored_from_s(reference: Annotations) -> float:
    """Where scoring starts: after EC57's five minutes of learning; at the start of a record with less than a minute beyond."""
    last = reference.n_samples or (int(reference.sample[-1]) if len(reference.sample) else 0)
    return LEARNING_PERIOD_S if last / reference.fs >= LEARNING_PERIOD_S + 60.0 else 0.0
