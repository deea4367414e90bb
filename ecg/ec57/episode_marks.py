"""Where the episodes of an annotator lie: atrial fibrillation and flutter, ventricular fibrillation, ischaemic ST.

Owns the reading of rhythm changes, VF brackets and ST notes; comparing is `episodes.py`. Pure; must not read files.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ecg.annotations import Annotations, Code


class EpisodeType(Enum):
    """What an episode is of; the value is the name `epicmp` prints."""

    AF = "AF"
    VF = "VF"
    ST_SIGNAL_0 = "ST0"
    ST_SIGNAL_1 = "ST1"
    ST = "ST"
    AFL = "AFL"  # only as an exclusion from AF


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode in samples; an end of 0 is "no more episodes", as in `epicmp`.

    Attributes:
        start: First sample.
        end: Sample of the annotation that ends it.
        extremum_0: Sample of the largest ST deviation in signal 0, 0 if none is marked.
        extremum_1: The same in signal 1.
    """

    start: int = 0
    end: int = 0
    extremum_0: int = 0
    extremum_1: int = 0


NO_MORE = Episode()


def find_episodes(made: Annotations, kind: EpisodeType, end: int = 0) -> list[Episode]:
    """The episodes of one type in time order; an unended one ends at `end` or the last annotation, if that is later."""
    found: list[Episode] = []
    start: int | None = None
    extrema, nested = [0, 0], 0
    code = made.code
    for i in np.flatnonzero(_speaks_of(code, kind)).tolist():
        at, note, is_vf_on = int(made.sample[i]), made.aux_note[i], code[i] == Code.VFON
        if start is None:
            if _begins(kind, note, is_vf_on):
                start, extrema, nested = at, [0, 0], 1
            continue
        if kind in (EpisodeType.ST, EpisodeType.ST_SIGNAL_0) and note.startswith("AST0"):
            extrema[0] = at
        if kind in (EpisodeType.ST, EpisodeType.ST_SIGNAL_1) and note.startswith("AST1"):
            extrema[1] = at
        if kind is EpisodeType.ST and note.startswith("(ST"):
            nested += 1  # episodes of the two signals overlap: the joint one lasts until both have ended
        elif _ends(kind, note, is_vf_on):
            nested -= 1
            if nested == 0:
                found.append(Episode(start, at, *extrema))
                start = None
    if start is not None:
        found.append(Episode(start, max(end, int(made.sample[-1])), *extrema))
    return found


def _speaks_of(code: NDArray[np.int8], kind: EpisodeType) -> NDArray[np.bool_]:
    if kind in (EpisodeType.AF, EpisodeType.AFL):
        return np.equal(code, Code.RHYTHM)
    if kind is EpisodeType.VF:
        return np.isin(code, (Code.VFON, Code.VFOFF))
    return np.equal(code, Code.STCH)


_FIRST_WORDS = {
    EpisodeType.AF: "(AFIB",
    EpisodeType.AFL: "(AFL",
    EpisodeType.ST_SIGNAL_0: "(ST0",
    EpisodeType.ST_SIGNAL_1: "(ST1",
    EpisodeType.ST: "(ST",
}


def _begins(kind: EpisodeType, note: str, is_vf_on: bool) -> bool:
    return is_vf_on if kind is EpisodeType.VF else note.startswith(_FIRST_WORDS[kind])


def _ends(kind: EpisodeType, note: str, is_vf_on: bool) -> bool:
    if kind is EpisodeType.VF:
        return not is_vf_on
    if kind in (EpisodeType.AF, EpisodeType.AFL):
        return not note.startswith(_FIRST_WORDS[kind])
    return note.startswith(_FIRST_WORDS[kind][1:])
