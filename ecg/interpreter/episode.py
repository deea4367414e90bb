"""The episode: the part of a window its alarm is about, from the alarm's onset on, and what is measured in it alone.

Owns where the episode begins and ends and its rate, length, beats and shape. A window holds what went before too, so that a
rate of the whole window describes neither. Must not write sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg.beats.beat import Beat
from ecg.conditions import Condition, ConditionCode
from ecg.measurements.measurement import Measurement
from ecg.windows import Window

#: Alarms about a run of beats: the run lasts while its rate stays above the limit (VT: PhysioNet/CinC 2015; CLINICAL.md
#: section 2). Accelerated idioventricular rhythm starts at 40 bpm.
RUN_LIMIT_BPM = {ConditionCode.VTA: 100.0, ConditionCode.RUN: 100.0, ConditionCode.AIVR: 40.0}
#: Alarms about the rate of all beats since the onset.
RATE = frozenset({ConditionCode.ETC, ConditionCode.EBR, ConditionCode.TACHY, ConditionCode.BRADY, ConditionCode.SVT})
#: A rule's onset and the detector's fiducial point of the same beat differ by up to this (EC57's match window).
_SLACK_S = 0.15
#: Half of what is compared of a beat; a wide QRS is up to 0.2 s long.
_HALF_S = 0.10
_FEWEST = 3
#: Two intervals, of which the second may be a little longer.
_ONE_MISSED = 2.2
#: Of so many intervals behind such a one, one must be fast.
_MISSED_IN_TURN = 2


@dataclass(frozen=True, slots=True)
class Episode:
    """What the window shows of the alarm's episode.

    Attributes:
        code: The alarm's.
        onset_s: From the window's start; 0 where it began before the window.
        before: True where it began before the window.
        beats: Beats found in it.
        rate_bpm: Of its median interval; None for fewer than three beats.
        length_s: First beat to last.
        going_on: True where it lasts to the window's end.
        rate_before_bpm: The same of the beats before it; None for fewer than three.
        alikeness: Mean correlation of its beats with their mean; None for fewer than three.
    """

    code: ConditionCode
    onset_s: float
    before: bool
    beats: int
    rate_bpm: float | None
    length_s: float
    going_on: bool
    rate_before_bpm: float | None
    alikeness: float | None

    @property
    def is_run(self) -> bool:
        """True for a run of ventricular beats."""
        return self.code in RUN_LIMIT_BPM


def find_episode(window: Window, beats: Sequence[Beat], conditions: Sequence[Condition]) -> Episode | None:
    """The episode of the first condition that is about a run or a rate.

    Args:
        window: The signal.
        beats: In the window, samples counted from its first.
        conditions: What the window was sent for, samples counted from the window's first.

    Returns:
        None where no condition is of that kind, or none of it lies in the window.
    """
    n = window.signal_mv.shape[1]
    about = next((c for c in conditions if c.code in RUN_LIMIT_BPM or c.code in RATE), None)
    if about is None or about.onset_sample >= n or (about.ended_sample or n) <= 0:
        return None
    fs_hz = window.fs_hz
    onset = max(0, about.onset_sample)
    at = np.array([beat.sample for beat in beats], dtype=np.int64)
    first = int(np.searchsorted(at, onset - _SLACK_S * fs_hz))
    end = n if about.ended_sample is None else min(n, about.ended_sample)
    inside = at[first : int(np.searchsorted(at, end + _SLACK_S * fs_hz))]
    limit_bpm = RUN_LIMIT_BPM.get(about.code)
    if limit_bpm is not None:
        inside = inside[: _run_length(inside, 60.0 * fs_hz / limit_bpm)]
    rate_bpm = _rate_bpm(inside, fs_hz)
    last_s = float(inside[-1]) / fs_hz if len(inside) else onset / fs_hz
    # The next beat of a run would come within two of its intervals; after that it is over.
    silent_s = 120.0 / rate_bpm if rate_bpm else 2.0
    return Episode(
        about.code,
        onset / fs_hz,
        about.onset_sample < 0,
        len(inside),
        rate_bpm,
        float(inside[-1] - inside[0]) / fs_hz if len(inside) else 0.0,
        about.ended_sample is None and n / fs_hz - last_s <= silent_s and first + len(inside) == len(at),
        _rate_bpm(at[:first], fs_hz),
        _alikeness(window.signal_mv, inside, fs_hz),
    )


def episode_rows(episode: Episode | None) -> tuple[Measurement, ...]:
    """The episode as rows of the measurement table, so that the verifier can judge what is said of it."""
    absent = "no episode of a run or a rate in this window"
    values = (
        ("episode_rate", episode.rate_bpm if episode else None, "bpm"),
        ("episode_onset", episode.onset_s * 1000.0 if episode and not episode.before else None, "ms"),
        ("episode_length", episode.length_s * 1000.0 if episode and episode.beats > 1 else None, "ms"),
        ("rate_before", episode.rate_before_bpm if episode else None, "bpm"),
        ("run_alikeness", episode.alikeness if episode and episode.is_run else None, ""),
    )
    reason = "too few beats in it" if episode else absent
    return tuple(
        Measurement(name, value, unit, reason="" if value is not None else reason) for name, value, unit in values
    )


def _run_length(at: NDArray[np.int64], longest_rr: float) -> int:
    """How many of the beats belong to the run, from the first on.

    A beat that was not found makes an interval of two; it does not end a run that goes on as fast soon behind it (a detector
    that starts with the window misses beats of a new shape). The pause after a run is followed by slow beats and does.
    """
    rr = np.diff(at)
    fast = rr <= longest_rr
    if not fast.any():
        return min(1, len(at))
    usual = float(np.median(rr[fast]))
    for i in np.flatnonzero(~fast):
        if rr[i] > _ONE_MISSED * usual or not fast[i + 1 : i + 1 + _MISSED_IN_TURN].any():
            return int(i) + 1
    return len(at)


def _rate_bpm(at: NDArray[np.int64], fs_hz: float) -> float | None:
    """Rate of the median interval: a beat that was not found does not change it."""
    if len(at) < _FEWEST:
        return None
    return 60.0 * fs_hz / float(np.median(np.diff(at)))


def _alikeness(signal_mv: NDArray[np.float32], at: NDArray[np.int64], fs_hz: float) -> float | None:
    """Mean correlation of each beat with the mean of all, over all leads at once: the axis counts, a small lead does not."""
    half = round(_HALF_S * fs_hz)
    kept = at[(at >= half) & (at + half < signal_mv.shape[1])]
    if len(kept) < _FEWEST:
        return None
    cut = signal_mv[:, kept[:, None] + np.arange(-half, half + 1)]  # (n_leads, n_beats, n)
    cut = cut[np.isfinite(cut).all(axis=(1, 2))]
    if not len(cut):
        return None
    beats = np.moveaxis(cut - cut.mean(axis=2, keepdims=True), 1, 0).reshape(len(kept), -1)  # (n_beats, n_leads * n)
    mean = beats.mean(axis=0)
    size = np.linalg.norm(beats, axis=1) * np.linalg.norm(mean)  # (n_beats,)
    return float(np.mean(beats @ mean / size)) if size.min() > 0 else None
