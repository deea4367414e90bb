"""The printed forms of `epicmp`, and its table of ST measurements. Pure text; owns no counts of episodes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecg.annotations import Annotations, Code
from ecg.ec57.episode_marks import EpisodeType
from ecg.ec57.episodes import EpisodeComparison
from ecg.ec57.runs import whole_percent
from ecg.ec57.times import format_duration, format_time
from ecg.intervals import Proportion

_TITLES = {
    EpisodeType.AF: "(AF detection)\n",
    EpisodeType.VF: "(VF detection)\n",
    EpisodeType.ST_SIGNAL_0: "(Ischemic ST detection, signal 0)\n",
    EpisodeType.ST_SIGNAL_1: "(Ischemic ST detection, signal 1)\n",
    EpisodeType.ST: "(Ischemic ST detection, both signals)\n",
}
_SIGNALS = {
    EpisodeType.ST_SIGNAL_0: ", signal 0",
    EpisodeType.ST_SIGNAL_1: ", signal 1",
    EpisodeType.ST: ", both signals",
}
ST_HEADING = "(ST measurements)\nRecord     Time  Signal  Reference  Test\n"


def episode_heading(kind: EpisodeType) -> str:
    """The two heading lines of `epicmp -L`."""
    return _TITLES[kind] + "Record  TPs   FN  TPp   FP  ESe E+P DSe D+P  Ref duration  Test duration \n"


def _share(part: float | None) -> int | None:
    return None if part is None else int(part + 0.5)


def _percents(c: EpisodeComparison) -> list[int | None]:
    duration_se = 100.0 * c.ref_overlap / c.ref_duration if c.ref_duration > 0 else None
    duration_p = 100.0 * c.test_overlap / c.test_duration if c.test_duration > 0 else None
    return [
        whole_percent(c.episode_sensitivity),
        whole_percent(c.episode_predictivity),
        _share(duration_se),
        _share(duration_p),
    ]


def episode_line(record: str, c: EpisodeComparison) -> str:
    """One line of `epicmp -L`."""
    se, p = c.episode_sensitivity, c.episode_predictivity
    text = f"{record:>6s} {se.k:4d} {se.n - se.k:4d} {p.k:4d} {p.n - p.k:4d} "
    text += "".join("   -" if percent is None else f" {percent:3d}" for percent in _percents(c))
    return f"{text}  {format_duration(c.ref_duration, c.fs)}   {format_duration(c.test_duration, c.fs)}\n"


def episode_matrix(record: str, c: EpisodeComparison, kind: EpisodeType, ref_name: str, test_name: str) -> str:
    """The long report of `epicmp`."""
    name = "ST" if kind in _SIGNALS else kind.value
    text = f"{name} episode-by-episode comparison results for record {record}{_SIGNALS.get(kind, '')}\n"
    text += f"Reference annotator: {ref_name}\n     Test annotator: {test_name}\n\n"

    def time(samples: int) -> str:
        return format_duration(samples, c.fs).lstrip(" ")

    def counted(part: Proportion) -> str:
        return f"({part.k}/{part.n})"

    shown = [
        ("           Episode sensitivity", counted(c.episode_sensitivity)),
        (" Episode positive predictivity", counted(c.episode_predictivity)),
        ("          Duration sensitivity", f"({time(c.ref_overlap)}/{time(c.ref_duration)})"),
        ("Duration positive predictivity", f"({time(c.test_overlap)}/{time(c.test_duration)})"),
    ]
    for (label, parts), percent in zip(shown, _percents(c), strict=True):
        text += f"{label}:" + ("   - " if percent is None else f" {percent:3d}%") + f" {parts}\n"
    text += f"Duration of reference episodes:  {format_duration(c.ref_duration, c.fs)}\n"
    return text + f"     Duration of test episodes:  {format_duration(c.test_duration, c.fs)}\n"


@dataclass(frozen=True, slots=True)
class StMeasurement:
    """A reference ST extremum and the test's measurement nearest to it.

    Attributes:
        sample: When, in samples.
        signal: 0 or 1.
        reference: Deviation the reference notes, in microvolts.
        test: Deviation of the test beat nearest in time.
    """

    sample: int
    signal: int
    reference: int
    test: int


def compare_st(ref: Annotations, test: Annotations, signal: int | None = None) -> list[StMeasurement]:
    """Pairs each reference ST extremum ("AST0+120" on "s") with the nearest test measurement.

    Test measurements are the first two numbers noted on test beats; a beat without any keeps those of the beat before
    (zero at the start). Run once a signal, `epicmp` carries the last values of one run into the next; this does not.

    Args:
        ref: Reference annotations.
        test: Test annotations.
        signal: 0, 1, or None for both.
    """
    beats = test.at_rate(ref.fs).beats()
    made: list[StMeasurement] = []
    at, now, before, time, time_before = 0, (0, 0), (0, 0), 0, 0
    for i in (ref.code == Code.STCH).nonzero()[0].tolist():
        extremum = _extremum(ref.aux_note[i])
        if extremum is None or (signal is not None and extremum[0] != signal):
            continue
        when, ended = int(ref.sample[i]), True
        while at < len(beats):
            before, now, time = now, _deviations(beats.aux_note[at], now), int(beats.sample[at])
            at += 1
            if time > when:
                ended = False
                break
            time_before = time
        chosen = now if ended or when - time_before >= time - when else before
        made.append(StMeasurement(when, *extremum, chosen[extremum[0]]))
    return made


def _extremum(note: str) -> tuple[int, int] | None:
    """Signal and deviation of "AST0+120", "AST1-80" or, with one signal, "AST+120"."""
    if not note.startswith("AST") or len(note) < 4:
        return None
    if note[3] in "01":
        return int(note[3]), _leading_int(note[4:])
    return (0, _leading_int(note[3:])) if note[3] in "+-" else None


def _leading_int(text: str) -> int:
    found = re.match(r"\s*([+-]?\d+)", text)
    return int(found[1]) if found else 0


def _deviations(note: str, last: tuple[int, int]) -> tuple[int, int]:
    found = re.match(r"\s*([+-]?\d+)(?:\s*([+-]?\d+))?", note)
    if not found:
        return last
    return int(found[1]), int(found[2]) if found[2] else last[1]


def st_table(record: str, measurements: list[StMeasurement], fs: float) -> str:
    """The ST measurements of `epicmp -S`; a star marks differences above 100 microvolts."""
    text = ""
    for m in measurements:
        when = format_time(m.sample, fs).split(".")[0]
        star = " *" if abs(m.reference - m.test) > 100 else ""
        text += f"{record:>6s} {when} {m.signal:7d} {m.reference:10d} {m.test:5d}{star}\n"
    return text
