"""The EC57 scorer: how well a set of annotations agrees with a reference, by the field's own rules.

Owns pure versions of the WFDB programs `bxb`, `rxr`, `epicmp`, `mxm`, `nst` and `sumstats`: functions on annotations
that give frozen counts, and functions that print those counts as the programs do. See docs/ec57.md. Pure: reading
WFDB files is `edge/wfdb_files.py`, the command is `deploy/cli/score.py`.
"""

from __future__ import annotations

from ecg.ec57.beats import BeatComparison, BeatSummary, score_beats, summarise_beats
from ecg.ec57.episode_marks import Episode, EpisodeType, find_episodes
from ecg.ec57.episodes import EpisodeComparison, score_episodes
from ecg.ec57.measurements import MeasurementComparison, score_measurements
from ecg.ec57.noise import NoisyRecord, add_noise
from ecg.ec57.runs import RunComparison, score_runs
from ecg.ec57.summary import summarise

__all__ = [
    "BeatComparison",
    "BeatSummary",
    "Episode",
    "EpisodeComparison",
    "EpisodeType",
    "MeasurementComparison",
    "NoisyRecord",
    "RunComparison",
    "add_noise",
    "find_episodes",
    "score_beats",
    "score_episodes",
    "score_measurements",
    "score_runs",
    "summarise",
    "summarise_beats",
]
