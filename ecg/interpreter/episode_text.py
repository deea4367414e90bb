"""The episode in words: what the summary and step 1 say of the run or the rate an alarm was about.

Owns sentences only; the numbers are `episode`'s. Must not decide anything clinical but whether beats of a run are alike.
"""

from __future__ import annotations

from ecg.interpreter.episode import Episode
from ecg.interpreter.sentences import sentence

#: Correlation of the beats of a run from which they are one shape, and below which they are several; between, nothing is said.
#: Ours, and not measured on recordings: above the first a run is called monomorphic, below the second polymorphic.
ALIKE, UNLIKE = 0.9, 0.7


def rate_text(episode: Episode | None) -> str:
    """ "rate of the run 171 bpm", "rate of the episode 158 bpm"; empty where it could not be measured."""
    if episode is None or episode.rate_bpm is None:
        return ""
    return f"rate of the {_noun(episode)} {episode.rate_bpm:.0f} bpm"


def episode_text(episode: Episode | None) -> str:
    """Rate, onset, length, shape and the rate before; empty where the episode could not be measured."""
    rate = rate_text(episode)
    if episode is None or not rate:
        return ""
    noun = _noun(episode)
    began = (
        f"The {noun} began before this window"
        if episode.before
        else (f"The {noun} begins {episode.onset_s:.1f} s into the window")
    )
    lasts = " and goes on at its end." if episode.going_on else f". The {noun} lasts {episode.length_s:.1f} s."
    before = f"Rate before it {episode.rate_before_bpm:.0f} bpm." if episode.rate_before_bpm else ""
    return sentence(f"{rate[0].upper()}{rate[1:]}.", began + lasts, _shape(episode), before)


def _noun(episode: Episode) -> str:
    return "run" if episode.is_run else "episode"


def _shape(episode: Episode) -> str:
    if not episode.is_run or episode.alikeness is None:
        return ""
    if episode.alikeness >= ALIKE:
        return "The beats of the run are alike (monomorphic)."
    return "The beats of the run differ (polymorphic)." if episode.alikeness < UNLIKE else ""
