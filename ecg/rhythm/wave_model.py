"""The small networks of the rhythm rules: a four-second window, a beat shape, a row of intervals.

Owns where the weights are and what they must fit. Weights are in wave_model.npz, their provenance in
wave_model.json; training/rhythm makes both. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ecg.errors import ModelMismatch
from ecg.rhythm.morphology import N_BEAT_FEATURES
from ecg.rhythm.tiny_net import TinyNet, net_from
from ecg.rhythm.waveform import N_FEATURES

OTHER, VT, VF = 0, 1, 2
#: Inputs of the interval network (ecg.rhythm.atrial.AF_FEATURES, which imports this module's users).
N_AF_FEATURES = 4
#: ... and of the run network (ecg.rhythm.run_evidence.RUN_FEATURES).
N_RUN_FEATURES = 14


class RhythmModel(NamedTuple):
    """Networks of the rhythm rules.

    Attributes:
        wave: On a window: other, VT, VF.
        beat: On a beat's shape: ventricular.
        af: On intervals: atrial fibrillation.
        run: On a run of beats: ventricular tachycardia.
    """

    wave: TinyNet
    beat: TinyNet
    af: TinyNet
    run: TinyNet


def read_model(path: Path, prefix: str = "") -> RhythmModel:
    """Weights from an npz file, keys `{prefix}wave_w1` and so on.

    Raises:
        ModelMismatch: The file does not hold networks of this version's features.
    """
    with np.load(path) as kept:
        try:
            nets = [net_from(kept, f"{prefix}{name}") for name in RhythmModel._fields]
        except KeyError as missing:
            raise ModelMismatch(f"rhythm model {path.name} lacks {missing}") from missing
    if [net.w1.shape[0] for net in nets] != [N_FEATURES, N_BEAT_FEATURES, N_AF_FEATURES, N_RUN_FEATURES]:
        raise ModelMismatch(f"rhythm model {path.name} was trained on other features: train it again")
    return RhythmModel(*nets)


@cache
def default_model() -> RhythmModel:
    """The model the rules run."""
    with as_file(files("ecg.rhythm") / "wave_model.npz") as path:
        return read_model(path)
