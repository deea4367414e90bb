"""Parts of recordings, through the monitor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.sources.wfdb_replay import Recording, read_recording
from training.evaluation.replay import Replay, replay, unseen_model

DATA = Path(__file__).parents[2] / "data"


def said(folder: str, record: str, from_s: float, to_s: float) -> Replay:
    """Replay of a part of a recording, with networks that did not see it; times count from its beginning."""
    path = DATA / folder / record
    if not path.with_suffix(".hea").exists():
        pytest.skip(f"no recording {folder}/{record} in data/")
    whole = read_recording(str(path))
    first, end = round(from_s * whole.fs_hz), round(to_s * whole.fs_hz)
    part = Recording(whole.fs_hz, whole.leads, np.ascontiguousarray(whole.samples[:, first:end]))
    return replay(part, unseen_model(folder, record))
