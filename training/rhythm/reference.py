"""What the recordings' own annotations say of rhythm: episodes, beats, alarms, in seconds of the record.

Owns reading the truth of mitdb, vfdb, cudb, cinc2015 and cinc2017 (shared/DATA layouts). Must not import the kernel's
rules: the truth may not depend on what is judged by it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.wfdb_files import read_annotations, record_length

#: Rhythm words that are ventricular fibrillation or flutter, and ventricular tachycardia, in mitdb, vfdb and cudb.
VF_WORDS = frozenset({"VF", "VFL", "VFIB"})
VT_WORDS = frozenset({"VT"})
#: Words that say nothing of the rhythm.
UNKNOWN_WORDS = frozenset({"NOISE"})


@dataclass(frozen=True, slots=True)
class Episode:
    """A rhythm from start_s to end_s of the record; word without "("."""

    start_s: float
    end_s: float
    word: str

    @property
    def length_s(self) -> float:
        """Seconds it lasts."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Span:
    """From start_s to end_s of a record."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceBeats:
    """Reference beats: time_s float64 (n,), symbol (n,)."""

    time_s: npt.NDArray[np.float64]
    symbol: npt.NDArray[np.str_]


def rhythm_episodes(record: Path) -> tuple[Episode, ...]:
    """Rhythm changes of the record's `.atr` as episodes; flutter and fibrillation between "[" and "]" count as VF."""
    notes = read_annotations(record, "atr")
    fs, n_samples = record_length(record)
    end_s = (n_samples or 0) / fs
    marks = [
        (at / fs, note.strip("\x00").lstrip("("))
        for at, symbol, note in zip(notes.sample.tolist(), notes.symbol.tolist(), notes.aux_note, strict=True)
        if symbol == "+" and note.startswith("(")
    ]
    ends = [*(start for start, _ in marks[1:]), end_s][: len(marks)]
    return tuple(Episode(start, end, word) for (start, word), end in zip(marks, ends, strict=True) if end > start)


def reference_beats(record: Path) -> ReferenceBeats:
    """Beats of the record's `.atr`, flutter waves "!" included."""
    notes = read_annotations(record, "atr").beats()
    return ReferenceBeats(notes.sample / notes.fs, notes.symbol)


def shockable_episodes(folder: Path, record: str) -> tuple[Episode, ...]:
    """cudb: runs of 5-s windows marked shockable, as VF, the rest as N; empty where the table lacks the record."""
    with (folder / "windows_5s_rhythm.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["record"] == record]
    windows = (
        Episode(float(row["start_s"]), float(row["end_s"]), "VF" if int(row["shockable"]) else "N") for row in rows
    )
    return tuple(joined(windows))


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch joined."""
    out: list[Span] = []
    for span in sorted(spans, key=lambda s: s.start_s):
        if out and span.start_s <= out[-1].end_s:
            out[-1] = Span(out[-1].start_s, max(out[-1].end_s, span.end_s))
        else:
            out.append(span)
    return out


def joined(episodes: Iterable[Episode]) -> list[Episode]:
    """Episodes of the same word that touch, as one."""
    out: list[Episode] = []
    for episode in episodes:
        if out and out[-1].word == episode.word and episode.start_s <= out[-1].end_s:
            out[-1] = Episode(out[-1].start_s, max(out[-1].end_s, episode.end_s), episode.word)
        else:
            out.append(episode)
    return out


@dataclass(frozen=True, slots=True)
class LabelledAlarm:
    """One record of CinC 2015: the alarm fires at the end of its first 300 s or, in the 60 s layout, of the record."""

    record: str
    kind: str
    true: bool


def labelled_alarms(folder: Path) -> tuple[LabelledAlarm, ...]:
    """The ALARMS file of cinc2015, only records that are there."""
    lines = (folder / "ALARMS").read_text(encoding="utf-8").split()
    rows = (line.split(",") for line in lines)
    return tuple(
        LabelledAlarm(name, kind, flag == "1") for name, kind, flag in rows if (folder / f"{name}.hea").is_file()
    )
