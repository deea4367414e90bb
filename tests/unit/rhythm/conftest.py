"""Beats drawn as ASCII time lines, one character per 100 ms, played to the rules with a signal that fits them.

    N narrow beat   n the same, missed by the detector   V wide beat   S early narrow beat   / paced   . nothing
    p a beat of unknown class, shaped as paced   b the same wide beat as V, shown as normal: block that comes and goes
    w a P wave alone, where that of an N here would be
    - no valid sample   ~ fibrillation   ^ the electrode overloads and comes back over seconds

Beats are given as the detector would give them, so that the rules are tested alone.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from ecg.beats.beat import Beat, BeatClass, JudgedBeat
from ecg.conditioning import StreamBlock
from ecg.conditions import Condition, ConditionCode
from ecg.profiles import RuleProfile
from ecg.quality.lead_quality import LeadQuality, QualityProblem
from ecg.rhythm.rules import RhythmRules

FS = 250
CHAR = FS // 10
_LABELS = {
    "N": BeatClass.NORMAL,
    "V": BeatClass.VENTRICULAR,
    "b": BeatClass.VENTRICULAR,
    "S": BeatClass.SUPRAVENTRICULAR,
    "/": BeatClass.PACED,
    "p": BeatClass.UNKNOWN,
}


def _bump(n: int, at: float, width_s: float, height: float) -> np.ndarray:
    return height * np.exp(-0.5 * ((np.arange(n) - at) / (width_s * FS)) ** 2)


#: A paced beat, ms from its fiducial and mV: up within 16 ms out of a flat line, then down and back over 270 ms.
PACED_POINTS = ((-16.0, 0.0), (0.0, 1.0), (40.0, 0.7), (110.0, -1.2), (270.0, 0.0))


def paced_beat(n: int, at: float) -> np.ndarray:
    """Float (n,), mV."""
    times_ms, heights_mv = zip(*PACED_POINTS, strict=True)
    return np.interp(1000.0 * (np.arange(n) - at) / FS, times_ms, heights_mv, left=0.0, right=0.0)


def draw(
    line: str, n_leads: int = 2, noise_mv: float = 0.01, flutter_per_min: float = 0.0
) -> tuple[np.ndarray, np.ndarray, list[Beat]]:
    """Signal (n_leads, n) in mV, validity, beats of a time line; a beat stands in the middle of its character.

    Flutter waves of 0.4 mV go through everything, and T waves are flat, where a rate is given.
    """
    n = len(line) * CHAR
    rng = np.random.default_rng(7)
    signal = rng.normal(0, noise_mv, n)
    valid = np.ones(n, bool)
    beats = []
    t_mv = 0.05 if flutter_per_min else 0.2
    for i, char in enumerate(line):
        at = i * CHAR + CHAR // 2
        if char == "p":
            beats.append(Beat(at, BeatClass.UNKNOWN, 0.5))
            signal += paced_beat(n, at)
        elif char in _LABELS:
            wide = char in "Vb"
            judged = JudgedBeat(at, _LABELS[char], 0.9, BeatClass.NORMAL)
            beats.append(judged if char == "b" else Beat(at, _LABELS[char], 0.9))
            signal += _bump(n, at, 0.045 if wide else 0.012, 1.6 if wide else 1.0)
            signal += _bump(n, at + 0.26 * FS, 0.05, -0.4 if wide else t_mv)
            if char == "N":
                signal += _bump(n, at - 0.16 * FS, 0.02, 0.12)
        elif char == "w":
            signal += _bump(n, at - 0.16 * FS, 0.02, 0.12)
        elif char == "n":
            signal += _bump(n, at, 0.012, 1.0)
        elif char == "^":
            signal[at:] += 2.0 * np.exp(-np.arange(n - at) / (0.8 * FS))
        elif char == "-":
            valid[i * CHAR : (i + 1) * CHAR] = False
    t = np.arange(n) / FS
    if flutter_per_min:
        signal += 0.4 * ((t * flutter_per_min / 60.0) % 1.0 - 0.5)
    shaking = np.repeat(np.array([c == "~" for c in line]), CHAR)
    drift = np.cumsum(rng.normal(0, 0.05, n))
    wave = 0.5 * np.sin(2 * np.pi * 5.2 * t + drift) + 0.35 * np.sin(2 * np.pi * 4.1 * t + 1.3 * drift)
    signal = np.where(shaking, wave * (1 + 0.3 * np.sin(2 * np.pi * 0.5 * t)), signal)
    signal[~valid] = 0.0
    scale = np.linspace(1.0, 0.7, n_leads)[:, None]
    return (signal[None] * scale).astype(np.float32), np.repeat(valid[None], n_leads, axis=0), beats


@dataclass
class Played:
    """What the rules said of a time line: every condition as last reported, in order of detection; words by block."""

    changes: list[Condition] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def conditions(self) -> list[Condition]:
        last = {(c.code, c.detected_sample): c for c in self.changes}
        return sorted(last.values(), key=lambda c: c.detected_sample)

    def of(self, code: ConditionCode) -> list[Condition]:
        return [c for c in self.conditions if c.code is code]

    @property
    def codes(self) -> set[str]:
        return {c.code.value for c in self.conditions}


Feed = Callable[..., Played]


def feed(
    rules: RhythmRules,
    line: str,
    *,
    first: int = 0,
    chunk: int = FS,
    profile: RuleProfile | None = None,
    problems: tuple[QualityProblem, ...] = (),
    n_leads: int = 2,
    usable: bool = True,
    flutter_per_min: float = 0.0,
    played: Played | None = None,
    pickle_at: int | None = None,
) -> Played:
    """Plays a time line that starts at kernel sample `first`, in blocks of `chunk` samples; the rules are put away and
    taken up again before the block that starts at `pickle_at`."""
    signal, valid, beats = draw(line, n_leads, flutter_per_min=flutter_per_min)
    played = played or Played()
    names = tuple(["I", "II", "III"][:n_leads])
    quality = tuple(LeadQuality(name, 0.9, problems) for name in names)
    waiting = [replace(b, sample=b.sample + first) for b in beats]
    for start in range(0, signal.shape[1], chunk):
        end = min(start + chunk, signal.shape[1])
        if start == pickle_at:
            rules = pickle.loads(pickle.dumps(rules))
        final: Sequence[Beat] = [b for b in waiting if b.sample <= first + end - 90]
        waiting = waiting[len(final) :]
        block = StreamBlock(FS, FS, first + start, signal[:, start:end], valid[:, start:end], names, quality, usable)
        changes, word = rules.step(final, block, profile)
        played.changes += changes
        played.words.append(word)
    return played


@pytest.fixture
def play() -> Feed:
    """Plays one time line to fresh rules."""

    def run(line: str, **options: object) -> Played:
        return feed(RhythmRules(), line.replace(" ", ""), **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def go_on() -> Feed:
    """Plays a time line to rules that already know something."""
    return feed
