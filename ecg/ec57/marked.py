"""The comparison as annotations, to look at beside the signal: `bxb -o` (beats) and `bxb -O` (everything).

Owns the marks only; counting is `beats.py`. Pure; must not read files.
"""

from __future__ import annotations

from dataclasses import dataclass

from ecg.annotations import IS_QRS, SYMBOL_OF_CODE, Annotations, Code
from ecg.ec57.beats import BeatComparison
from ecg.ec57.pairing import CLASS_OF_CODE, HUGE, O, X
from ecg.errors import InvalidSignal

_NAMES = "NSVFQOX*"
_NOTE = SYMBOL_OF_CODE[Code.NOTE]
_MAX_NOTE = 254  # longer notes are cut there

_Row = tuple[int, str, int, int, int, str]  # sample, symbol, subtype, chan, num, note


def marked_beats(c: BeatComparison, ref: Annotations, test: Annotations, *, sveb: bool = True) -> Annotations:
    """`bxb -o`: the test annotation where the labels agree, else a note "Vn" (reference class, test class small).

    Args:
        c: Their comparison.
        ref: Reference annotations.
        test: Test annotations, at the reference's sampling frequency.
        sveb: Whether S is told from N.
    """
    rows: list[_Row] = []
    for ref_class, test_class, i, j in (c if sveb else c.without_sveb()).pairs.tolist():
        if ref_class == test_class:
            rows.append(_row(test, j))
            continue
        at = int(ref.sample[i]) if test_class in (O, X) else int(test.sample[j])
        rows.append((at, _NOTE, 0, 0, 0, _NAMES[ref_class] + _NAMES[test_class].lower()))
    return _made(rows, ref)


def marked_annotations(ref: Annotations, test: Annotations, start: int, end: int, match_dt: int) -> Annotations:
    """`bxb -O`: all annotations of both, beats or not, agreeing ones as they are, others as notes "N/V", "O/+ ((AFIB)".

    Every annotation counts as a beat here, so VF and shutdown have no special place, and the last test annotation
    of the learning period is among them.

    Args:
        ref: Reference annotations.
        test: Test annotations, at the reference's sampling frequency.
        start: First sample compared.
        end: Last sample compared, -1 for the end of the reference annotations, 0 for the end of either.
        match_dt: Match window in samples.
    """
    if 0 < end < start:
        raise InvalidSignal(f"the compared interval ends (sample {end}) before it starts (sample {start})")
    r, t = _Walker(ref), _Walker(test)
    r.read()
    while r.at < start:
        r.read()
    t.read()
    while t.next_at < start:
        t.read()
    for walker in (r, t):
        if walker.index < 0:
            walker.read()
    rows: list[_Row] = []
    while (
        (end > 0 and (r.at <= end or t.at <= end))
        or (end == -1 and r.at != HUGE)
        or (end == 0 and r.at != HUGE and t.at != HUGE)
    ):
        early, late = (t, r) if t.at < r.at else (r, t)
        gap = late.at - early.at
        # A rival that is no beat does not hinder a match: rhythm changes stand close to beats.
        if gap <= match_dt and (gap < abs(late.at - early.next_at) or not early.next_is_beat):
            rows.append(_matched(ref, r.index, test, t.index))
            r.read()
            t.read()
        elif early is t:
            rows.append(_noted(test, t.index, "O/" + _text(test, t.index)))
            t.read()
        else:
            rows.append(_noted(ref, r.index, _text(ref, r.index) + "/O"))
            r.read()
    return _made(rows, ref)


@dataclass(slots=True)
class _Walker:
    """`getref` or `gettest` with every annotation read as a beat."""

    made: Annotations
    at: int = 0
    index: int = -1
    next_at: int = 0
    next_index: int = -1

    def read(self) -> None:
        self.at, self.index = self.next_at, self.next_index
        self.next_index += 1
        ended = self.next_index >= len(self.made)
        self.next_at = HUGE if ended else int(self.made.sample[self.next_index])

    @property
    def next_is_beat(self) -> bool:
        """False for a mark that no AAMI class holds (the flutter wave among them); True at the end, as in bxb."""
        if self.next_at == HUGE:
            return True
        code = int(self.made.code[self.next_index])
        return bool(IS_QRS[code]) and int(CLASS_OF_CODE[code]) != O


def _row(made: Annotations, i: int) -> _Row:
    note = made.aux_note[i]
    return int(made.sample[i]), str(made.symbol[i]), int(made.subtype[i]), int(made.chan[i]), int(made.num[i]), note


def _noted(made: Annotations, i: int, text: str) -> _Row:
    at, _, subtype, chan, num, _ = _row(made, i)
    return at, _NOTE, subtype, chan, num, text[:_MAX_NOTE]


def _text(made: Annotations, i: int, fields: str = "") -> str:
    note = made.aux_note[i]
    return f"{made.symbol[i]}{fields}" + (f" ({note})" if note else "")


def _matched(ref: Annotations, i: int, test: Annotations, j: int) -> _Row:
    mine, theirs = _row(ref, i), _row(test, j)
    if mine[1:] == theirs[1:]:
        return theirs
    fields = "" if mine[2:5] == theirs[2:5] else f"[{mine[2]},{mine[3]},{mine[4]}]"
    return _noted(test, j, f"{_text(ref, i, fields)}/{_text(test, j)}")


def _made(rows: list[_Row], ref: Annotations) -> Annotations:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(6)]
    return Annotations.of(
        columns[0],
        [str(symbol) for symbol in columns[1]],
        ref.fs,
        subtype=columns[2],
        chan=columns[3],
        num=columns[4],
        aux_note=[str(note) for note in columns[5]],
        n_samples=ref.n_samples,
    )
