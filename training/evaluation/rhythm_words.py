"""Figures of rhythm words on mitdb: each word of the reference annotations that the kernel has a rule for, and pauses.

Owns which conditions stand for which word, and the counting, which is `epicmp`'s of atrial fibrillation with the word in
its place. Must not replay recordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.annotations import Annotations
from ecg.conditions import ConditionCode
from ecg.ec57 import EpisodeComparison, EpisodeType, score_episodes
from ecg.intervals import bootstrap_ratio
from training.evaluation.figures import Figure, fraction
from training.evaluation.replay import Replay
from training.rhythm.reference import Span, merged

#: Conditions that say a WFDB rhythm word; none where the monitor's rhythm word alone says it. A word that is missing here
#: (AB, NOD, PREX, SBR) has no rule: no figure of it is printed.
WORDS: dict[str, tuple[ConditionCode, ...]] = {
    "AFIB": (ConditionCode.AFIB,),
    "AFL": (ConditionCode.AFLT,),
    "SVTA": (ConditionCode.SVT, ConditionCode.SVE_RUN),
    "BII": (ConditionCode.AVB2,),
    "B": (ConditionCode.BIGEMINY,),
    "T": (ConditionCode.TRIGEMINY,),
    "VT": (ConditionCode.VTA, ConditionCode.RUN),
    "IVR": (ConditionCode.AIVR,),
    "P": (),
}
#: Stem of a word's figures, where it is not the word in lower case.
_STEMS = {"AFIB": "af"}
_PAUSES = (ConditionCode.PAUSE, ConditionCode.ASY)


def called_spans(said: Replay, word: str) -> list[Span]:
    """Where the monitor said a word of WORDS, seconds of the record, merged."""
    codes = WORDS[word]
    if codes:
        return merged(Span(c.onset_s, c.end_s) for c in said.calls if c.code in codes and c.end_s > c.onset_s)
    ends = [*(change.start_s for change in said.rhythm[1:]), said.length_s]
    return merged(
        Span(change.start_s, end) for change, end in zip(said.rhythm, ends, strict=False) if change.word == word
    )


def compare_word(truth: Annotations, called: Sequence[Span], word: str, start_s: float) -> EpisodeComparison:
    """One record's episodes of a word against those called, counted as `epicmp` counts atrial fibrillation.

    Args:
        truth: Reference annotations with rhythm changes.
        called: Where it was called, merged.
        word: WFDB rhythm word without "(". Reference flutter is left out of the predictivity of AFIB (`epicmp -x`).
        start_s: First second scored.
    """
    is_change = np.array([symbol == "+" for symbol in truth.symbol.tolist()], bool)
    notes = [note.strip("\x00") for note, on in zip(truth.aux_note, is_change, strict=True) if on]
    reference = _as_fibrillation(truth.sample[is_change].tolist(), notes, word, truth.fs, truth.n_samples)
    samples, marks = [0], ["(N"]
    for span in called:
        samples += [round(span.start_s * truth.fs), round(span.end_s * truth.fs)]
        marks += [f"({word}", "(N"]
    test = _as_fibrillation(samples, marks, word, truth.fs, truth.n_samples)
    return score_episodes(reference, test, EpisodeType.AF, start_s=start_s, exclude_flutter=word == "AFIB")


def _as_fibrillation(
    samples: Sequence[int], notes: Sequence[str], word: str, fs_hz: float, n_samples: int | None
) -> Annotations:
    """Rhythm changes with `word` named AFIB and every other word N (flutter stays where it is to be left out)."""
    kept = {f"({word}": "(AFIB"} | ({"(AFL": "(AFL"} if word == "AFIB" else {})
    named = [kept.get(note, "(N") for note in notes]
    return Annotations.of(samples, "+", fs_hz, aux_note=named, n_samples=n_samples)


def word_figures(prefix: str, word: str, compared: Sequence[EpisodeComparison]) -> list[Figure]:
    """Episode and duration Se / +P of one word over records; of a word nobody annotated, save AFIB, none."""
    if word != "AFIB" and not any(c.ref_duration for c in compared):
        return []
    name = f"{prefix}.{_STEMS.get(word, word.lower())}"
    se, pp = [c.episode_sensitivity for c in compared], [c.episode_predictivity for c in compared]
    duration_se = bootstrap_ratio([c.ref_overlap / c.fs for c in compared], [c.ref_duration / c.fs for c in compared])
    duration_pp = bootstrap_ratio([c.test_overlap / c.fs for c in compared], [c.test_duration / c.fs for c in compared])
    return [
        fraction(f"{name}.episode_se", sum(p.k for p in se), sum(p.n for p in se)),
        fraction(f"{name}.episode_ppv", sum(p.k for p in pp), sum(p.n for p in pp)),
        Figure(f"{name}.duration_se", duration_se.value, duration_se.low, duration_se.high, len(compared), "fraction"),
        Figure(f"{name}.duration_ppv", duration_pp.value, duration_pp.low, duration_pp.high, len(compared), "fraction"),
    ]


@dataclass(frozen=True, slots=True)
class PauseTally:
    """One record's pauses: annotated RR intervals at least as long as the limit, and calls of a pause."""

    found: int
    pauses: int
    right: int
    calls: int


def tally_pauses(beat_s: npt.NDArray[np.float64], said: Replay, least_s: float, start_s: float) -> PauseTally:
    """Compares one record's pauses.

    Args:
        beat_s: float64 (n,), reference beats, seconds.
        said: What the monitor said; asystole is a pause too.
        least_s: Shortest annotated interval that counts.
        start_s: First second scored.
    """
    pauses = [
        Span(before, beat)
        for before, beat in zip(beat_s[:-1].tolist(), beat_s[1:].tolist(), strict=True)
        if beat - before >= least_s and before >= start_s
    ]
    calls = merged(Span(c.onset_s, c.end_s) for c in said.calls if c.code in _PAUSES and c.onset_s >= start_s)
    return PauseTally(
        sum(any(_covers(call, pause) for call in calls) for pause in pauses),
        len(pauses),
        sum(any(_covers(call, pause) for pause in pauses) for call in calls),
        len(calls),
    )


def _covers(call: Span, pause: Span) -> bool:
    """Whether a call covers half of a pause or more: a call lasts a moment longer than its pause, into the next interval."""
    both_s = min(call.end_s, pause.end_s) - max(call.start_s, pause.start_s)
    return both_s >= 0.5 * (pause.end_s - pause.start_s)


def pause_figures(prefix: str, tallies: Iterable[PauseTally]) -> list[Figure]:
    """Pauses found and calls that are right, over records; without value where there is none of them."""
    known = list(tallies)
    if not known:
        return []
    return [
        fraction(f"{prefix}.pause.se", sum(t.found for t in known), sum(t.pauses for t in known)),
        fraction(f"{prefix}.pause.ppv", sum(t.right for t in known), sum(t.calls for t in known)),
    ]
