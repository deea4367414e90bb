"""The EC57 scorer: how well a set of annotations agrees with a reference, by the field's own rules.

Owns pure versions of the WFDB programs `bxb`, `rxr`, `epicmp`, `mxm`, `nst` and `sumstats`: functions on annotations
that give frozen counts, and functions that print those counts as the programs do. See docs/ec57.md. Pure: reading
WFDB files is `edge/wfdb_files.py`, the command is `deploy/cli/score.py`.
"""

from __future__ import annotations

from ecg.ec57.beats import BeatComparison, BeatSummary, score_beats, summarise_beats

__all__ = ["BeatComparison", "BeatSummary", "score_beats", "summarise_beats"]
