"""Episode-by-episode comparison (`epicmp`): atrial fibrillation, ventricular fibrillation, ischaemic ST change.

Owns the counts and the durations; `episode_marks.py` finds the episodes, `episode_report.py` prints the comparison.
Pure; must not read files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ecg.annotations import Annotations
from ecg.ec57.episode_marks import NO_MORE, Episode, EpisodeType, find_episodes
from ecg.ec57.times import LEARNING_PERIOD_S, samples_of
from ecg.errors import InvalidSignal
from ecg.intervals import Proportion


@dataclass(frozen=True, slots=True)
class EpisodeComparison:
    """What `epicmp` finds in one record for one type of episode; durations in samples.

    Attributes:
        episode_sensitivity: Reference episodes that a test episode overlaps.
        episode_predictivity: Test episodes that a reference episode overlaps.
        ref_overlap, ref_duration: Overlap within reference episodes, and their total length.
        test_overlap, test_duration: Overlap within test episodes, and their total length.
        fs: Sampling frequency in Hz.
    """

    episode_sensitivity: Proportion
    episode_predictivity: Proportion
    ref_overlap: int
    ref_duration: int
    test_overlap: int
    test_duration: int
    fs: float

    @property
    def duration_sensitivity(self) -> float | None:
        """Share of the reference episodes' time that the test has too; None without any."""
        return self.ref_overlap / self.ref_duration if self.ref_duration > 0 else None

    @property
    def duration_predictivity(self) -> float | None:
        """Share of the test episodes' time that the reference has too; None without any."""
        return self.test_overlap / self.test_duration if self.test_duration > 0 else None

    def __add__(self, other: EpisodeComparison) -> EpisodeComparison:
        """Counts and durations of both together: the gross comparison, in samples of the first one's rate."""
        scale = self.fs / other.fs
        mine, theirs = (self.episode_sensitivity, self.episode_predictivity), other
        return EpisodeComparison(
            Proportion(mine[0].k + theirs.episode_sensitivity.k, mine[0].n + theirs.episode_sensitivity.n),
            Proportion(mine[1].k + theirs.episode_predictivity.k, mine[1].n + theirs.episode_predictivity.n),
            self.ref_overlap + round(theirs.ref_overlap * scale),
            self.ref_duration + round(theirs.ref_duration * scale),
            self.test_overlap + round(theirs.test_overlap * scale),
            self.test_duration + round(theirs.test_duration * scale),
            self.fs,
        )


@dataclass(frozen=True, slots=True)
class EpisodeRules:
    """What is compared, in samples.

    Attributes:
        start: First sample scored.
        end: Last sample scored, 0 for no end.
        min_length: Shorter episodes are left out of the episodes counted (`-i`).
        drop_short_everywhere: Leave them out of the overlaps too (`-I`).
        exclude_flutter: Leave reference flutter out of AF predictivity (`-x`, EC38:1998).
    """

    start: int
    end: int
    min_length: int = 0
    drop_short_everywhere: bool = False
    exclude_flutter: bool = False


def score_episodes(
    ref: Annotations,
    test: Annotations,
    kind: EpisodeType,
    *,
    start_s: float = LEARNING_PERIOD_S,
    end_s: float | None = None,
    min_length_s: float = 0.0,
    drop_short_everywhere: bool = False,
    exclude_flutter: bool = False,
    n_samples: int | None = None,
) -> EpisodeComparison:
    """Compares the episodes of two annotators, as `epicmp -r RECORD -a ref test`.

    AF is what rhythm changes "(AFIB" begin; VF lies between "[" and "]" (a rhythm change "(VFIB" does not count, nor
    does one "(VFL"); ST episodes lie between "(ST.." and "ST..)" notes on "s".

    Args:
        ref: Reference annotations.
        test: Annotations under test; moved to the reference's sampling frequency if theirs differs.
        kind: Which episodes.
        start_s: First second scored; 300 in EC57.
        end_s: Last second scored; None for the whole record, 0 for no end.
        min_length_s: Shorter episodes are not counted.
        drop_short_everywhere: ... nor do they overlap anything.
        exclude_flutter: Leave reference flutter out of AF predictivity.
        n_samples: Record length where `ref.n_samples` does not know it. Unknown: no end. (`epicmp` then compares
            against -1 and finds no episode at all; that one oddity is not kept.)

    Raises:
        InvalidSignal: The interval ends before it starts.
    """
    end = samples_of(end_s, ref.fs) if end_s is not None else (n_samples or ref.n_samples or 0)
    length = samples_of(min_length_s, ref.fs)
    rules = EpisodeRules(samples_of(start_s, ref.fs), end, length, drop_short_everywhere, exclude_flutter)
    return score_episodes_between(ref, test, kind, rules)


def score_episodes_between(
    ref: Annotations, test: Annotations, kind: EpisodeType, rules: EpisodeRules
) -> EpisodeComparison:
    """As `score_episodes`, with the rules in samples of the reference."""
    if 0 < rules.end < rules.start:
        raise InvalidSignal(f"the scored interval ends (sample {rules.end}) before it starts (sample {rules.start})")
    test = test.at_rate(ref.fs)
    mine, theirs = find_episodes(ref, kind, rules.end), find_episodes(test, kind, rules.end)
    excluded: list[Episode] = []
    if rules.exclude_flutter and kind is EpisodeType.AF:
        excluded = [
            e
            for e in find_episodes(ref, EpisodeType.AFL, rules.end)
            if e.end >= rules.start and (rules.end == 0 or e.start < rules.end)
        ]
    found = _compare(mine, theirs, kind, rules, [])
    back = _compare(theirs, mine, kind, rules, excluded)
    return EpisodeComparison(found[0], back[0], found[1], found[2], back[1], back[2], ref.fs)


def _compare(
    of: list[Episode], against: list[Episode], kind: EpisodeType, rules: EpisodeRules, excluded: list[Episode]
) -> tuple[Proportion, int, int]:
    """Matched episodes of `of`, overlap and total duration, one annotator against the other."""
    queue = iter(of)
    episode = next(queue, NO_MORE)
    while 0 < episode.end < rules.start:
        episode = next(queue, NO_MORE)
    if episode.end == 0:
        return Proportion(0, 0), 0, 0
    episode = _moved(episode, start=max(episode.start, rules.start))
    others = _Others(against, rules)
    matched = n = overlap_total = total = 0
    while episode.end and (rules.end == 0 or episode.start < rules.end):
        if rules.end > 0 and episode.end > rules.end:
            episode = _moved(episode, end=rules.end)
        episode, duration = _without(episode, excluded)
        if duration >= rules.min_length:
            total += duration
            overlap, extremum_0, extremum_1 = others.overlap(_scored_extrema(episode, kind, rules))
            n += 1
            overlap_total += overlap
            if overlap > 0 and _is_match(kind, overlap, duration, extremum_0, extremum_1):
                matched += 1
        episode = next(queue, NO_MORE)
    return Proportion(matched, n), overlap_total, total


def _moved(episode: Episode, *, start: int | None = None, end: int | None = None) -> Episode:
    return Episode(
        episode.start if start is None else start,
        episode.end if end is None else end,
        episode.extremum_0,
        episode.extremum_1,
    )


def _scored_extrema(episode: Episode, kind: EpisodeType, rules: EpisodeRules) -> Episode:
    """Extrema outside the test period do not count."""
    if kind in (EpisodeType.AF, EpisodeType.VF):
        return episode
    kept = [at if rules.start < at < rules.end else 0 for at in (episode.extremum_0, episode.extremum_1)]
    return Episode(episode.start, episode.end, *kept)


def _is_match(kind: EpisodeType, overlap: int, duration: int, extremum_0: bool, extremum_1: bool) -> bool:
    """Any overlap matches AF and VF; ST needs the extremum or half of the episode (EC57:2012 4.3.7)."""
    if kind in (EpisodeType.AF, EpisodeType.VF):
        return True
    half = overlap * 2 >= duration
    if kind is EpisodeType.ST_SIGNAL_0:
        return extremum_0 or half
    if kind is EpisodeType.ST_SIGNAL_1:
        return extremum_1 or half
    return extremum_0 or extremum_1 or half


def _without(episode: Episode, excluded: list[Episode]) -> tuple[Episode, int]:
    """The episode less the excluded stretches, and its duration; -1 where nothing is left of it."""
    duration = episode.end - episode.start
    for gap in excluded:
        if episode.end <= gap.start:
            break
        if gap.start <= episode.start <= gap.end:
            if episode.end <= gap.end:
                return episode, -1
            # epicmp subtracts (start - end of the gap), a negative number, and so lengthens the episode. Kept.
            duration -= episode.start - gap.end
            episode = _moved(episode, start=gap.end)
        elif episode.start <= gap.start <= episode.end:
            if gap.end < episode.end:
                duration -= gap.end - gap.start
            else:
                duration -= episode.end - gap.start
                episode = _moved(episode, end=gap.start)
    return episode, duration


class _Others:
    """The other annotator's episodes, read once from first to last."""

    def __init__(self, found: list[Episode], rules: EpisodeRules) -> None:
        self._queue: Iterator[Episode] = iter(found)
        self._rules = rules
        self._now = next(self._queue, NO_MORE)

    def _read(self) -> None:
        self._now = next(self._queue, NO_MORE)

    def overlap(self, window: Episode) -> tuple[int, bool, bool]:
        """Samples of `window` that the other annotator has too, and whether they hold its two extrema."""
        if self._now.end == 0:
            return 0, False, False
        while self._now.end < window.start:
            self._read()
            if self._now.start == 0:
                return 0, False, False
        if self._now.start > window.end:
            return 0, False, False
        total, extremum_0, extremum_1 = 0, False, False
        while True:
            too_short = self._now.end - self._now.start < self._rules.min_length
            if not (self._rules.drop_short_everywhere and too_short):
                first, last = max(self._now.start, window.start), min(self._now.end, window.end)
                total += last - first
                extremum_0 = extremum_0 or first <= window.extremum_0 <= last
                extremum_1 = extremum_1 or first <= window.extremum_1 <= last
                if self._now.end >= window.end:
                    break
            self._read()
            if not 0 < self._now.start < window.end:
                break
        return total, extremum_0, extremum_1
