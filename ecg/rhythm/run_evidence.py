"""Is this run of beats a ventricular tachycardia? The numbers a small network decides on, and when it is asked.

Owns the features of a run of beats and the candidates at a moment. A run is asked about again while the signal after it
comes in, for a few seconds: noise shows in what follows. Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ecg.beats.beat import BeatClass
from ecg.profiles import RuleProfile
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.timeline import Timeline
from ecg.rhythm.tiny_net import TinyNet, forward

RUN_FEATURES = (
    "rate", "interval_spread", "mean_log_odds", "least_log_odds", "likeness", "width", "labelled_share",
    "malignant", "smoothed_malignant", "log_slope_ratio", "fibrillation", "waves_seen", "best_quality", "worst_quality",
)  # fmt: skip
#: A run is asked about until its last beat is this old, s.
_ASKED_FOR_S = 3.5
#: Each beat's log odds of being ventricular are limited to this; runs whose sum is below LEAST_EVIDENCE are not asked about.
_BEAT_LIMIT = 3.0
#: A beat of the patient's own: at least this like the usual one, at most this ventricular. Chosen on mitdb 233 and checked on
#: vfdb and cinc2015, docs/experiments.md.
_OWN_LIKENESS, _OWN_VENTRICULAR = 0.95, 0.1
LEAST_EVIDENCE = -8.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run of beats and its features, float32 (1, n)."""

    beats: tuple[SeenBeat, ...]
    features: Any


def log_odds(beat: SeenBeat) -> float:
    """Log odds of being ventricular, limited."""
    return _log_odds_of(beat.ventricular)


@lru_cache(maxsize=4096)  # each beat is asked about in several runs, at several moments
def _log_odds_of(ventricular: float) -> float:
    share = min(max(ventricular, 1e-4), 1 - 1e-4)
    return min(max(math.log(share / (1 - share)), -_BEAT_LIMIT), _BEAT_LIMIT)


def interrupted(run: Sequence[SeenBeat], profile: RuleProfile) -> bool:
    """Whether a beat of the patient's own inside the run ends an interval slower than vt_bpm: couplets about it, no run.

    Args:
        run: Consecutive beats, oldest first; the interval before the first is not the run's.
        profile: Thresholds.
    """
    slow_s = 60.0 / profile.vt_bpm
    return any(
        beat.rr_s > slow_s and beat.likeness >= _OWN_LIKENESS and beat.ventricular <= _OWN_VENTRICULAR
        for beat in run[1:]
    )


def candidates(now: Timeline, profile: RuleProfile, smoothed: float) -> Iterator[Candidate]:
    """Runs of vt_beats beats above vt_bpm that ended lately.

    Args:
        now: The stream at this moment.
        profile: Thresholds.
        smoothed: Smoothed log odds of a malignant waveform.
    """
    beats, n = now.beats, profile.vt_beats
    oldest = now.now - round(_ASKED_FOR_S * KERNEL_FS_HZ)
    longest = (n - 1) * 60.0 / profile.vt_bpm * KERNEL_FS_HZ
    last = len(beats) - 1
    while last >= n - 1 and beats[last].sample >= oldest:
        if beats[last].sample - beats[last - n + 1].sample < longest:
            run = [beats[i] for i in range(last - n + 1, last + 1)]
            odds = [_log_odds_of(beat.ventricular) for beat in run]
            if sum(odds) * 5 / n >= LEAST_EVIDENCE:
                yield Candidate(tuple(run), _features(now, run, odds, smoothed))
        last -= 1


def _features(now: Timeline, run: Sequence[SeenBeat], odds: Sequence[float], smoothed: float) -> Any:
    n = len(run)
    rr_s = [beat.rr_s for beat in run[1:]]
    mean = sum(rr_s) / len(rr_s)
    spread = math.sqrt(sum((rr - mean) ** 2 for rr in rr_s) / len(rr_s)) / mean
    since = run[0].sample + KERNEL_FS_HZ
    moments = [moment for moment in now.moments if moment.at >= since] or [now.moments[-1]]
    waves = [moment.wave for moment in moments if moment.wave.n_leads and not moment.wave.own]
    slope = min((math.log(max(wave.slope_ratio, 0.05)) for wave in waves), default=0.0)
    found = (
        60.0 / mean / 100.0,
        spread,
        sum(odds) / n,
        min(odds),
        sum(beat.likeness for beat in run) / n,
        10.0 * sum(beat.width_s for beat in run) / n,
        sum(beat.label is BeatClass.VENTRICULAR for beat in run) / n,
        max((wave.malignant for wave in waves), default=-4.0),
        smoothed,
        slope,
        max((wave.fibrillation for wave in waves), default=0.0),
        len(waves) / len(moments),
        sum(moment.best_quality for moment in moments) / len(moments),
        sum(moment.worst_quality for moment in moments) / len(moments),
    )
    return np.array([found], np.float32)


@dataclass(slots=True)
class RunEvidence:
    """The surest candidate of the last second; moved with every new window.

    Attributes:
        log_odds: Of its being ventricular tachycardia.
        run: Its beats.
    """

    log_odds: float = -9.0
    run: tuple[SeenBeat, ...] = ()

    def move(self, now: Timeline, profile: RuleProfile, smoothed: float, net: TinyNet) -> None:
        """Asks the network about this moment's candidates."""
        if not now.new_wave and not now.broken:
            return
        self.log_odds, self.run = -9.0, ()
        if now.broken:
            return
        for candidate in candidates(now, profile, smoothed):
            sure = float(forward(candidate.features, net)[0, 0])
            if sure > self.log_odds:
                self.log_odds, self.run = sure, candidate.beats
