"""A second look at an alarm of ventricular tachycardia: how likely it is true, by the seconds before it.

Owns what is noted second by second, the numbers a small network decides on, and the network's members. It only ever speaks
of a tachycardia that another monitor or a laxer rule called: what it doubts may be downgraded, never deleted, and asystole
and fibrillation are not its matter (CLINICAL.md section 5). Pure; must not import the monitor.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ecg.errors import ModelMismatch
from ecg.model_file import read_shipped
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.run_evidence import RunEvidence, log_odds
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Timeline
from ecg.rhythm.tiny_net import TinyNet, forward, net_from

FloatArray = npt.NDArray[np.float32]

#: Seconds noted, and seconds of beats looked at: the event begins within the last 10 s (CinC 2015), a monitor takes some more.
NOTED_S, _BEATS_S = 14, 16
_NOTES = (
    *(
        "odds",
        "rate",
        "ventricular",
        "mean_ventricular",
        "likeness",
        "least_likeness",
    ),  # of the surest run of that second
    *("malignant", "best_quality", "worst_quality", "slope_ratio", "repetition"),
)
LOOK_FEATURES = (
    *_NOTES[:7],
    *("least_quality", "mean_quality", "mean_worst_quality", "log_slope_ratio", "repetition"),
    *("ventricular_beats", "ventricular_share", "longest_run", "rate_by_median", "shortest_rr", "rr_spread", "alike"),
    "surest_four",
)
#: Four beats in a row faster than this are a stretch that could be one, bpm; log odds where there is none.
_FAST_BPM, _NO_STRETCH = 95.0, -6.0
#: Where a miss is five times as dear as a false agreement, the challenge's score, an alarm is kept above this probability.
KEEP_ABOVE = 1.0 / 6.0
#: Below this probability an alarm may be downgraded. Fitted on CinC 2015, out of fold: no true one lost, docs/experiments.md.
DOUBT_BELOW = 0.01


class LookModel(NamedTuple):
    """Members, each fitted without one fifth of the records, and the fold of each record seen ("set/record")."""

    members: tuple[TinyNet, ...]
    fold: dict[str, int]

    def probability(self, features: FloatArray, group: str = "") -> float:
        """How likely the alarm is true: by the member that did not see `group`, or by the mean of all log odds."""
        asked = [self.members[self.fold[group]]] if group in self.fold else self.members
        odds = float(np.mean([forward(features[None], member)[0, 0] for member in asked]))
        return 1.0 / (1.0 + math.exp(-odds))


@dataclass(slots=True)
class Witness:
    """What the last seconds of a stream showed.

    Attributes:
        rows: A row of _NOTES for each second, oldest first.
    """

    rows: deque[tuple[float, ...]] = field(default_factory=lambda: deque(maxlen=NOTED_S))

    def note(self, now: Timeline, malignant: float, run: RunEvidence) -> None:
        """Notes a moment of the clock; a gap makes it forget.

        Args:
            now: The stream at this moment.
            malignant: Smoothed log odds of a malignant waveform.
            run: The surest run of beats.
        """
        if now.broken:
            self.rows.clear()
        if not now.new_wave or not now.moments:
            return
        beats, wave, moment = run.run, now.wave, now.moments[-1]
        n = max(len(beats), 1)
        span = beats[-1].sample - beats[0].sample if len(beats) > 1 else 0
        self.rows.append(
            (
                run.log_odds,
                0.6 * KERNEL_FS_HZ * (len(beats) - 1) / span if span else 0.0,
                sum(beat.ventricular >= 0.5 for beat in beats),
                sum(beat.ventricular for beat in beats) / n,
                sum(beat.likeness for beat in beats) / n,
                min((beat.likeness for beat in beats), default=1.0),
                malignant,
                moment.best_quality,
                moment.worst_quality,
                wave.slope_ratio,
                wave.repetition,
            )
        )

    def features(self, now: Timeline) -> FloatArray | None:
        """LOOK_FEATURES of the moment, float32 (n,); None where nothing was seen: nothing may be doubted then."""
        if not self.rows:
            return None
        rows = np.array(self.rows)
        surest = rows[rows[:, 0].argmax()]
        made = (
            *surest[:6],
            rows[:, 6].max(),
            rows[:, 7].min(),
            rows[:, 7].mean(),
            rows[:, 8].mean(),
            math.log(max(rows[:, 9].max(), 0.05)),
            rows[:, 10].max(),
            *_of_beats([beat for beat in now.beats if beat.sample > now.now - _BEATS_S * KERNEL_FS_HZ]),
        )
        return np.array(made, np.float32)


def _of_beats(beats: Sequence[SeenBeat]) -> tuple[float, ...]:
    ventricular = [beat.ventricular >= 0.5 for beat in beats]
    run = longest = 0
    for sure in ventricular:
        run = run + 1 if sure else 0
        longest = max(longest, run)
    rr_s = np.array([beat.rr_s for beat in beats[1:]]) if len(beats) > 1 else np.ones(1)
    alike = float(np.median([beat.alike for beat in beats])) if beats else 0.0
    surest = _NO_STRETCH
    for i in range(4, len(beats) + 1):
        four = beats[i - 4 : i]
        if four[-1].sample - four[0].sample < 180.0 / _FAST_BPM * KERNEL_FS_HZ:
            surest = max(surest, sum(log_odds(beat) for beat in four) / 4)
    return (
        float(sum(ventricular)),
        sum(ventricular) / max(len(beats), 1),
        float(longest),
        0.6 / float(np.median(rr_s)),
        float(rr_s.min()),
        float(rr_s.std() / rr_s.mean()),
        alike,
        surest,
    )


@cache
def default_look() -> LookModel:
    """The model the product ships.

    Raises:
        ModelMismatch: The file does not fit its manifest or this version's features.
    """
    manifest, arrays = read_shipped(files("ecg.rhythm"), "second_look")
    if tuple(manifest["features"]) != LOOK_FEATURES:
        raise ModelMismatch("the second look was fitted on other features: fit it again")
    members = tuple(net_from(arrays, f"fold{i}") for i in range(manifest["members"]))
    return LookModel(members, dict(manifest["fold"]))


__all__ = ["DOUBT_BELOW", "KEEP_ABOVE", "LOOK_FEATURES", "NOTED_S", "LookModel", "Witness", "default_look"]
