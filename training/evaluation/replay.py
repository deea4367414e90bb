"""Recordings through the very monitor a bed has, second by second, and what it called when.

Owns the replay and the choice of networks: a recording the shipped networks were fitted on is judged by those of the
fold that did not see it. Must not import any task.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np

from ecg.conditions import ConditionCode
from ecg.monitor import Monitor
from ecg.profiles import RuleProfile
from ecg.rhythm.wave_model import RhythmModel, default_model, read_model
from edge.recordings import segments
from edge.sources.wfdb_replay import Recording
from training.rhythm.folds import N_FOLDS, fold_of

#: Length of the segments a recording is sent in.
SEGMENT_S = 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """One condition of a recording, in seconds of the record; end_s is the record's end where it lasts.

    Attributes:
        detected_s: End of the segment with which the monitor reported it: what a bed's clock would show.
    """

    code: ConditionCode
    onset_s: float
    detected_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class RhythmChange:
    """From start_s on the monitor's rhythm is `word`."""

    start_s: float
    word: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What the monitor said of one recording."""

    length_s: float
    calls: tuple[Call, ...]
    rhythm: tuple[RhythmChange, ...]
    mean_quality: float


def replay(recording: Recording, model: RhythmModel | None = None, profile: RuleProfile | None = None) -> Replay:
    """Runs a recording through a fresh monitor.

    Args:
        recording: ECG leads only.
        model: Networks of the rhythm rules; None for the shipped.
        profile: Thresholds; None for the CinC 2015 defaults.
    """
    monitor = Monitor(profile=profile, rhythm_model=model)
    fs, n = recording.fs_hz, recording.samples.shape[1]
    calls: dict[tuple[ConditionCode, int], Call] = {}
    rhythm: list[RhythmChange] = []
    quality: list[float] = []
    for segment in segments(recording, "replay", SEGMENT_S):
        made = monitor.step([segment])
        for output in made.outputs:
            now_s = output.end_sample / fs
            quality.append(max(lead.index for lead in output.quality))
            if not rhythm or rhythm[-1].word != output.rhythm:
                rhythm.append(RhythmChange(now_s, output.rhythm))
            for c in output.conditions:
                key = (c.code, c.detected_sample)
                begun = calls.get(key)
                detected_s = now_s if begun is None else begun.detected_s
                end_s = n / fs if c.ended_sample is None else c.ended_sample / fs
                calls[key] = Call(c.code, c.onset_sample / fs, detected_s, end_s, c.reason)
    mean = float(np.mean(quality)) if quality else 0.0
    return Replay(n / fs, tuple(calls.values()), tuple(rhythm), mean)


@cache
def _folds() -> tuple[RhythmModel, ...]:
    with as_file(files("training.rhythm") / "folds.npz") as path:
        return tuple(read_model(path, f"fold{fold}_") for fold in range(N_FOLDS))


@cache
def _seen() -> frozenset[str]:
    manifest = json.loads((files("ecg.rhythm") / "wave_model.json").read_text(encoding="utf-8"))
    return frozenset(f"{folder}/{record}" for folder, records in manifest["seen"].items() for record in records)


def unseen_model(folder: str, record: str) -> RhythmModel:
    """Networks that did not see the recording: the shipped ones, or those of its fold.

    Args:
        folder: "mitdb", "vfdb" ...
        record: Name of the record.
    """
    group = f"{folder}/{'201' if (folder, record) == ('mitdb', '202') else record}"
    return _folds()[fold_of(group)] if group in _seen() else default_model()


def records_of(folder: Path) -> list[Path]:
    """Records that stand in a folder, without extension, sorted; none where there is no folder."""
    found = sorted(folder.rglob("*.hea")) if folder.is_dir() else []
    return [path.with_suffix("") for path in found if not path.name.endswith("_layout.hea")]
