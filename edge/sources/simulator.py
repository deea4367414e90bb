"""The simulator: beds whose truth is known, from scripts of phases, made once and played round and round.

Owns scripts, their rendering and electrode faults. A stretch is rendered once per (script, leads, fs, seed) and shared, so
that a bed costs a slice per second. Deterministic. Must not import the agent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ecg.annotations import Annotations
from ecg.lead_geometry import INDEPENDENT_LEADS, project
from ecg.segments import Int16Array, Lead, LeadState
from ecg.synthesis import beat_course, render_beats
from ecg.synthesis_waves import baseline_wander
from edge.sources.loop import Loop
from edge.sources.rhythms import RHYTHM_WORD, Rhythm, SimulatedBeat, beats_of, between_beats
from edge.sources.source import Chunk, to_adu

GAIN_ADU_PER_MV = 400.0
_TAIL_S = 1.0  # what the last beat draws beyond the end goes to the beginning: the stretch is a ring
_NOISE_MV, _WANDER_MV = 0.012, 0.05


@dataclass(frozen=True, slots=True)
class Phase:
    """A rhythm for some seconds."""

    rhythm: Rhythm
    duration_s: float


Script = tuple[Phase, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A rendered script.

    Attributes:
        fs_hz: Sampling frequency.
        leads: All electrodes on; leads_off the same with the first one off.
        samples: int16 (n_leads, n), read-only.
        off: bool (n,), where the first lead is off.
        beat_sample: int64 (n_beats,), R peaks, in order.
        beat_symbol: One WFDB mnemonic per beat.
        phase_sample: First sample of each phase of the script.
    """

    fs_hz: float
    leads: tuple[Lead, ...]
    leads_off: tuple[Lead, ...]
    samples: Int16Array
    off: NDArray[np.bool_]
    beat_sample: NDArray[np.int64]
    beat_symbol: tuple[str, ...]
    phase_sample: tuple[int, ...]
    script: Script


@lru_cache(maxsize=512)
def render(script: Script, lead_names: tuple[str, ...], fs_hz: float, seed: int) -> Stretch:
    """The stretch of a script.

    Args:
        script: Phases, at least one.
        lead_names: Among the standard leads.
        fs_hz: Sampling frequency.
        seed: Of everything random in it.
    """
    rng = np.random.default_rng(seed)
    starts = np.cumsum([0.0, *(phase.duration_s for phase in script)])
    n = round(float(starts[-1]) * fs_hz)
    tail = round(_TAIL_S * fs_hz)
    firsts = tuple(round(float(start) * fs_hz) for start in starts[:-1])
    beats: list[SimulatedBeat] = []
    ground = np.zeros((len(INDEPENDENT_LEADS), n))
    for phase, start, first in zip(script, starts, firsts, strict=False):
        beats += beats_of(phase.rhythm, rng, float(start), phase.duration_s)
        length = min(round(phase.duration_s * fs_hz), n - first)
        wave = between_beats(phase.rhythm, rng, length, fs_hz)
        if wave is not None:
            ground[:, first : first + length] += wave
    drawn = render_beats([b.spec for b in beats], [b.onset_s for b in beats], fs_hz, n + tail)
    ring = drawn[:, :n] + ground
    ring[:, :tail] += drawn[:, n:]
    mv = project(ring, lead_names).astype(np.float64)
    mv += baseline_wander(rng, len(lead_names), n, fs_hz, _WANDER_MV) + _NOISE_MV * rng.standard_normal(mv.shape)
    off = np.zeros(n, dtype=np.bool_)
    for phase, first in zip(script, firsts, strict=True):
        here = slice(first, first + round(phase.duration_s * fs_hz))
        if phase.rhythm is Rhythm.ARTEFACT:
            mv[:, here] += _movement(rng, mv[:, here].shape, fs_hz)
        elif phase.rhythm is Rhythm.LEADOFF:
            off[here] = True
    mv[0, off] = np.nan
    samples = to_adu(mv, GAIN_ADU_PER_MV)
    samples.flags.writeable = False
    on = tuple(Lead(name, GAIN_ADU_PER_MV) for name in lead_names)
    without = (Lead(lead_names[0], GAIN_ADU_PER_MV, state=LeadState.OFF), *on[1:])
    peaks = np.array([round((b.onset_s + _r_peak_s(b)) * fs_hz) % n for b in beats], dtype=np.int64)
    order = np.argsort(peaks, kind="stable")
    symbols = tuple(beats[i].symbol for i in order)
    return Stretch(fs_hz, on, without, samples, off, peaks[order], symbols, firsts, script)


def _r_peak_s(beat: SimulatedBeat) -> float:
    """Where the frontal vector is longest, s from the QRS onset."""
    t_ms = np.arange(0.0, beat.spec.qrs_duration_ms, 1.0)
    limb = beat_course(beat.spec, t_ms)[:2]
    return float(t_ms[np.argmax(np.hypot(limb[0], (2 * limb[1] - limb[0]) / np.sqrt(3.0)))]) / 1000.0


def _movement(rng: np.random.Generator, shape: tuple[int, ...], fs_hz: float) -> NDArray[np.float64]:
    """Movement artefact, mV: muscle noise over steps and swings of the baseline of several mV, in bursts."""
    n_leads, n = shape
    t = np.arange(n)

    def course(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(t, np.linspace(0, n - 1, values.size), values)

    bursts = course(rng.uniform(0.2, 1.0, max(3, round(n / fs_hz / 2.0))))
    knots = max(3, round(n / fs_hz / 0.15))
    swings = np.stack([course(rng.standard_normal(knots)) for _ in range(n_leads)])
    noise: NDArray[np.float64] = bursts * (1.4 * swings + 0.35 * rng.standard_normal((n_leads, n)))
    return noise


class Simulator:
    """A simulated bed.

    Args:
        stretch: What it plays.
        start_s: Where in the stretch it begins, so that beds that share one do not beat together.
    """

    def __init__(self, stretch: Stretch, start_s: float = 0.0) -> None:
        self._stretch = stretch
        self._start = round(start_s * stretch.fs_hz) % stretch.samples.shape[1]
        self._loop = Loop(stretch.samples, stretch.fs_hz, self._start)
        self._ever_off = bool(stretch.off.any())

    @property
    def ended(self) -> bool:
        """Never: it plays round and round."""
        return False

    def read(self, until_s: float) -> Chunk | None:
        """Samples due by until_s; see Source. A lead is off where it was off at the chunk's end."""
        n = self._loop.due(until_s)
        if n <= 0:
            return None
        stretch = self._stretch
        samples = self._loop.take(n)
        last = (self._start + self._loop.position - 1) % stretch.samples.shape[1]
        leads = stretch.leads_off if self._ever_off and stretch.off[last] else stretch.leads
        return Chunk(stretch.fs_hz, leads, samples)

    def truth(self, n_samples: int) -> Annotations:
        """What its first n_samples really hold: beats at their R peaks, and rhythm changes ("+" with "(VT", "(N" ...)."""
        stretch, length = self._stretch, self._stretch.samples.shape[1]
        rows: list[tuple[int, str, str]] = []
        for turn in range((self._start + n_samples) // length + 1):
            at = turn * length - self._start
            for first, phase in zip(stretch.phase_sample, stretch.script, strict=True):
                end = at + first + round(phase.duration_s * stretch.fs_hz)
                if end > 0:  # the phase it starts in is told at sample 0
                    rows.append((max(0, at + first), "+", RHYTHM_WORD[phase.rhythm]))
            rows += [
                (at + int(s), symbol, "") for s, symbol in zip(stretch.beat_sample, stretch.beat_symbol, strict=True)
            ]
        rows = [row for row in rows if 0 <= row[0] < n_samples]
        rows.sort(key=lambda row: (row[0], row[1] != "+"))
        return Annotations.of(
            [row[0] for row in rows],
            [row[1] for row in rows],
            stretch.fs_hz,
            aux_note=[row[2] for row in rows],
            n_samples=n_samples,
        )
