"""Episodes called against episodes annotated: counts, durations, and the time an alarm takes.

Owns the arithmetic on spans of seconds. Must not import any task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecg.intervals import bootstrap_ratio
from training.evaluation.figures import Figure, fraction
from training.evaluation.replay import Call
from training.rhythm.reference import Span, merged

#: An alarm that comes this long after an episode's end is still its alarm (the window that shows it ends later).
GRACE_S = 5.0
_GRID_S = 0.1


@dataclass(frozen=True, slots=True)
class Tally:
    """One record's episodes of one kind.

    Attributes:
        found, episodes: Annotated episodes long enough to alarm on, and those with an alarm.
        right, calls: Calls made, and those that overlap an annotated episode of any length.
        both_s, annotated_s, called_s: Durations.
        delays_s: Annotated onset to alarm, of the found ones.
    """

    found: int
    episodes: int
    right: int
    calls: int
    both_s: float
    annotated_s: float
    called_s: float
    delays_s: tuple[float, ...]


def tally(truth: Sequence[Span], calls: Sequence[Call], least_s: float, length_s: float) -> Tally:
    """Compares one record.

    Args:
        truth: Annotated episodes, merged.
        calls: Calls of the kind.
        least_s: Shorter episodes need no alarm (the definition's length).
        length_s: Of the record.
    """
    delays = []
    long_enough = [span for span in truth if span.end_s - span.start_s >= least_s]
    for span in long_enough:
        hits = [
            c
            for c in calls
            if c.detected_s <= span.end_s + GRACE_S and c.end_s > span.start_s and c.onset_s < span.end_s
        ]
        if hits:
            delays.append(max(0.0, min(c.detected_s for c in hits) - span.start_s))
    called = merged(Span(c.onset_s, c.end_s) for c in calls)
    right = sum(any(min(c.end_s, span.end_s) > max(c.onset_s, span.start_s) for span in truth) for c in calls)
    a, b = _marked(truth, length_s), _marked(called, length_s)
    both_s, annotated_s, called_s = (float(marks.sum()) * _GRID_S for marks in (a & b, a, b))
    return Tally(len(delays), len(long_enough), right, len(calls), both_s, annotated_s, called_s, tuple(delays))


def _marked(spans: Sequence[Span], length_s: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    made = np.zeros(int(length_s / _GRID_S) + 1, np.bool_)
    for span in spans:
        made[max(0, int(span.start_s / _GRID_S)) : max(0, int(span.end_s / _GRID_S))] = True
    return made


def episode_figures(name: str, tallies: Sequence[Tally]) -> list[Figure]:
    """Episode and duration Se / +P, and the delay, over records; intervals of durations by bootstrap over records."""
    found, episodes = sum(t.found for t in tallies), sum(t.episodes for t in tallies)
    right, calls = sum(t.right for t in tallies), sum(t.calls for t in tallies)
    se = bootstrap_ratio([t.both_s for t in tallies], [t.annotated_s for t in tallies])
    pp = bootstrap_ratio([t.both_s for t in tallies], [t.called_s for t in tallies])
    return [
        fraction(f"{name}.episode_se", found, episodes),
        fraction(f"{name}.episode_ppv", right, calls),
        Figure(f"{name}.duration_se", se.value, se.low, se.high, len(tallies), "fraction"),
        Figure(f"{name}.duration_ppv", pp.value, pp.low, pp.high, len(tallies), "fraction"),
        *delay_figures(name, [d for t in tallies for d in t.delays_s]),
    ]


def delay_figures(name: str, delays_s: Sequence[float]) -> list[Figure]:
    """Median, 95th percentile and maximum of the time to alarm, and the share within the 10 s limit."""
    if not delays_s:
        return []
    d = np.array(delays_s)
    n = len(d)
    return [
        Figure(f"{name}.delay_median", float(np.median(d)), None, None, n, "s"),
        Figure(f"{name}.delay_p95", float(np.percentile(d, 95)), None, None, n, "s"),
        Figure(f"{name}.delay_max", float(d.max()), None, None, n, "s"),
        fraction(f"{name}.delay_within_10s", int((d <= 10.0).sum()), n),
    ]
