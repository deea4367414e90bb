"""Compiles the kernel's compiled functions, so that the first second of a service or a test does not wait for it.

`python -m ecg.warm` fills numba's cache on disk (about a minute on one core the first time, a few seconds after). Must
not be imported by the kernel itself.
"""

from __future__ import annotations

import numpy as np

from ecg.annotations import Annotations
from ecg.ec57 import EpisodeType, score_beats, score_episodes, score_runs
from ecg.interpreter import interpret
from ecg.monitor import Monitor
from ecg.segments import Int16Array, Lead, Segment, millivolts
from ecg.windows import Window

_FS_HZ = 250


def _signal(seconds: int) -> Int16Array:
    """int16 (2, n): narrow beats with an early wide one now and then, a little noise; enough to reach every path."""
    n = seconds * _FS_HZ
    t = np.arange(n)
    x = np.random.default_rng(0).normal(0, 2, (2, n))
    for i, centre in enumerate(range(100, n - 100, 200)):
        wide = i % 7 == 6
        at, width = (centre - 60, 14.0) if wide else (centre, 3.0)
        x += np.array([[200.0], [-120.0 if wide else 150.0]]) * np.exp(-0.5 * ((t - at) / width) ** 2)
    return x.astype(np.int16)


def main() -> None:
    """Runs a short signal through monitor, interpreter and scorer."""
    samples = _signal(30)
    leads = (Lead("II"), Lead("V1"))
    monitor = Monitor()
    for n_leads in (1, 2):
        for seq in range(30):
            part = np.ascontiguousarray(samples[:n_leads, seq * _FS_HZ : (seq + 1) * _FS_HZ])
            segment = Segment(f"warm-{n_leads}", 0, seq, seq * _FS_HZ, float(_FS_HZ), 0, leads[:n_leads], part)
            monitor.step([segment])
    last = Segment("warm", 0, 0, 0, float(_FS_HZ), 0, leads, np.ascontiguousarray(samples[:, -10 * _FS_HZ :]))
    interpret(Window("warm", 0, 0, float(_FS_HZ), 0, ("II", "V1"), millivolts(last)))
    beats = Annotations.of([100, 300, 500], ["N", "V", "N"], float(_FS_HZ), n_samples=samples.shape[1])
    score_beats(beats, beats, start_s=0)
    score_runs(beats, beats, start_s=0)
    score_episodes(beats, beats, EpisodeType.AF, start_s=0)


if __name__ == "__main__":
    main()
