"""Other patients made of the beats of the training patients: other rates, ectopic atrial rhythm that rules, block, AF.

Owns the changes; each keeps waveforms that were recorded and the labels they have. Must not read files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ecg.beats.classifier_state import ATRIAL_FROM, ATRIAL_LEN, FIDUCIAL, WAVE_LEN
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import FloatArray

N, S, V = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """Beats of one stream.

    Attributes:
        rr: int64 (n,), kernel samples before each beat; waves: float32 (n, n_leads, WAVE_LEN), mV; label: int8 (n,).
    """

    rr: npt.NDArray[np.int64]
    waves: FloatArray
    label: npt.NDArray[np.int8]

    def taken(self, which: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Rhythm:
        """Only those beats, each with its own RR."""
        return Rhythm(self.rr[which], self.waves[which], self.label[which])


def device(r: Rhythm, rng: np.random.Generator) -> Rhythm:
    """Other rate, gain and polarity."""
    speed = np.exp(rng.uniform(-0.25, 0.25))
    size = (1, r.waves.shape[1], 1)
    gain = rng.choice([-1.0, 1.0], size) * np.exp(rng.uniform(-0.5, 0.5, size))
    return Rhythm(np.round(r.rr * speed).astype(np.int64), (r.waves * gain).astype(np.float32), r.label)


def fewer_normal(r: Rhythm, rng: np.random.Generator, lead_in: int) -> Rhythm:
    """Stretches of normal beats far from ectopic ones are dropped whole: ectopic beats rule, from the start on."""
    ectopic = (r.label == S) | (r.label == V)
    near = np.convolve(ectopic, np.ones(7), "same") > 0
    share = rng.uniform(0.03, 0.4)
    n = r.label.size
    kept = near | np.repeat(rng.random(n // 6 + 1) < share, 6)[:n] | (np.arange(n) < lead_in)
    return r.taken(kept)


def _usual(r: Rhythm) -> tuple[float, npt.NDArray[np.int64]]:
    """Usual RR of normal beats, samples, and which beats are normal, in time and like the usual one."""
    normal = np.flatnonzero(r.label == N)
    rr = float(np.median(r.rr[normal]))
    good = normal[np.abs(r.rr[normal] / rr - 1) < 0.2]
    good = good if good.size >= 20 else normal
    mean = np.median(r.waves[good], axis=0)
    at = slice(FIDUCIAL - 20, FIDUCIAL + 30)
    apart = np.square(r.waves[good][:, :, at] - mean[:, at]).sum(axis=(1, 2)) / (np.square(mean[:, at]).sum() + 1e-9)
    return rr, good[apart <= np.quantile(apart, 0.7)]


def _other_p(waves: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Beats with another atrial wave: the usual one taken away smoothly, put back smaller, inverted, shifted or not at all."""
    first, last = FIDUCIAL + ATRIAL_FROM, FIDUCIAL + ATRIAL_FROM + ATRIAL_LEN + 4
    piece = np.median(waves, axis=0)[:, first:last]  # (n_leads, m)
    line = np.linspace(0, 1, last - first)
    wave = (piece - (piece[:, :1] * (1 - line) + piece[:, -1:] * line)) * np.sin(np.pi * line) ** 0.5
    n_leads = wave.shape[0]
    shape = rng.choice(["none", "inverted", "small", "shifted"])
    factor = {
        "none": np.zeros(n_leads),
        "inverted": -rng.uniform(0.3, 1.1, n_leads),
        "small": rng.uniform(-0.5, 0.6, n_leads),
        "shifted": rng.uniform(0.5, 1.3, n_leads) * rng.choice([1.0, -1.0], n_leads, p=[0.7, 0.3]),
    }[shape]
    shift = int(rng.integers(-12, 13)) if shape != "small" else 0
    made = waves.copy()
    made[:, :, first:last] -= wave
    lo, hi = max(first + shift, 0), min(last + shift, FIDUCIAL - 8)
    part = wave[:, lo - first - shift : hi - first - shift]
    made[:, :, lo:hi] += (factor[:, None] * part).astype(np.float32)
    return made


def ectopic_atrial(r: Rhythm, rng: np.random.Generator, n: int = 1500) -> Rhythm:
    """Sinus beats broken by early atrial beats, single and in runs, that may be most of all; own S beats where enough."""
    rr, good = _usual(r)
    own = np.flatnonzero((r.label == S) & (r.rr < 0.9 * rr))
    early = r.waves[own] if own.size >= 15 and rng.random() < 0.7 else _other_p(r.waves[good], rng)
    coupling = np.exp(rng.uniform(np.log(0.35), np.log(0.85)))
    run_coupling = coupling * rng.uniform(0.9, 1.1)
    wander, jitter = rng.uniform(0.0, 0.06), rng.uniform(0.005, 0.03)
    unsteady = rng.uniform(0.0, 0.35) if rng.random() < 0.3 else jitter  # a failing sinus node varies by as much
    pause, per_bout, longest = rng.uniform(1.0, 1.5), rng.uniform(0.03, 0.8), int(rng.integers(1, 40))
    rrs: list[float] = []
    picked: list[FloatArray] = []
    labels: list[int] = []
    after, place = False, int(rng.integers(good.size))
    while len(labels) < n:
        slow = 1 + wander * np.sin(2 * np.pi * len(labels) / 19)
        if rng.random() < per_bout:
            length = 1 if rng.random() < 0.5 else int(rng.integers(1, longest + 1))
            for i in range(length):
                c = coupling if i == 0 else run_coupling
                rrs.append(rr * slow * min(c * np.exp(rng.normal(0, 2 * jitter)), 0.88))
                picked.append(early[rng.integers(len(early))])
                labels.append(S)
            after = True
        length = 1 + int(rng.geometric(0.4)) if rng.random() < 0.7 else int(rng.integers(1, 12))
        for _ in range(length):
            place = (place + 1) % good.size
            wait = pause * np.exp(abs(rng.normal(0, unsteady))) if after else np.exp(rng.normal(0, unsteady / 2))
            rrs.append(rr * slow * wait)
            picked.append(r.waves[good[place]])
            labels.append(N)
            after = False
    return Rhythm(np.round(rrs).astype(np.int64), np.stack(picked).astype(np.float32), np.array(labels, np.int8))


def dropped(r: Rhythm, rng: np.random.Generator) -> Rhythm:
    """Beats that are not conducted: intervals twice as long, now and then or for stretches, and the rate changes slowly."""
    n = r.rr.size
    longer = rng.random(n) < rng.uniform(0.02, 0.4)
    if rng.random() < 0.5:  # stretches of 2:1
        edges = np.cumsum(rng.geometric(1 / rng.uniform(10, 200), n))
        longer |= np.searchsorted(edges, np.arange(n), side="right") % 2 == 1
    longer &= r.label == N
    wander = 1 + rng.uniform(0.05, 0.2) * np.sin(2 * np.pi * np.arange(n) / rng.uniform(6, 60))
    rr = r.rr * np.where(longer, rng.uniform(1.6, 2.0), 1.0) * wander
    return Rhythm(np.round(rr).astype(np.int64), r.waves, r.label)


def _without_p(waves: FloatArray, median: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Copies of beats less the usual P wave of `median` (n_leads, WAVE_LEN), and its size per lead (n_leads,), mV."""
    first, last = FIDUCIAL + ATRIAL_FROM, FIDUCIAL + ATRIAL_FROM + ATRIAL_LEN + 4
    piece = median[:, first:last]
    line = np.linspace(0, 1, last - first)
    p_wave = (piece - (piece[:, :1] * (1 - line) + piece[:, -1:] * line)) * np.sin(np.pi * line) ** 0.5
    made = waves.copy()
    made[:, :, first:last] -= p_wave.astype(np.float32)
    return made, np.abs(p_wave).max(axis=1)


def _stretches(n: int, usual: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which of n beats lie in stretches of one kind, that take turns with the other; mean lengths up to `usual` beats."""
    edges = np.cumsum(rng.geometric(1 / (1 + usual * rng.uniform(0.1, 1.0, n))))
    turn = np.searchsorted(edges, np.arange(n), side="right") + int(rng.integers(2))
    return np.asarray(turn % 2 == 1, np.bool_)


def fibrillating(r: Rhythm, rng: np.random.Generator, n: int = 1500) -> Rhythm:
    """Atrial fibrillation that comes and goes: no P wave, a wave of 4 to 9 Hz without fixed phase, RR without order, all N.

    It is conducted at up to 2.4 times the sinus rate.
    """
    rr, good = _usual(r)
    on = _stretches(n, 500.0, rng)
    base, spread = rr * rng.uniform(0.42, 1.1), rng.uniform(0.1, 0.28)
    waves = r.waves[good[rng.integers(good.size, size=n)]]
    bare, size = _without_p(waves[on], np.median(r.waves[good], axis=0))
    m = int(on.sum())
    hz, phase = rng.uniform(4, 9, m), rng.uniform(0, 2 * np.pi, (m, waves.shape[1]))
    t = np.arange(WAVE_LEN) / KERNEL_FS_HZ
    wave_f = (
        np.sin(2 * np.pi * hz[:, None, None] * t + phase[:, :, None]) * (size * rng.uniform(0.2, 1.0))[None, :, None]
    )
    outside_qrs = np.clip((FIDUCIAL - 10 - np.arange(WAVE_LEN)) / 8, 0, 1)
    waves[on] = bare + wave_f * outside_qrs
    rrs = rr * np.exp(rng.normal(0, 0.03, n))
    rrs[on] = np.maximum(base * np.exp(rng.normal(0, spread, m)), 0.3 * KERNEL_FS_HZ)
    return Rhythm(np.round(rrs).astype(np.int64), waves.astype(np.float32), np.zeros(n, np.int8))


def junctional(r: Rhythm, rng: np.random.Generator, n: int = 1500) -> Rhythm:
    """Regular stretches from the junction at about the sinus rate, no P wave before the QRS or an inverted one close to it."""
    rr, good = _usual(r)
    on = _stretches(n, float(rng.choice([4.0, 20.0, 100.0])), rng)
    waves = r.waves[good[rng.integers(good.size, size=n)]]
    bare, size = _without_p(waves[on], np.median(r.waves[good], axis=0))
    if rng.random() < 0.4:  # the atria are reached backwards, shortly before the QRS
        at = FIDUCIAL - rng.integers(22, 32)
        height = -size * rng.uniform(0.4, 1.1)
        bare += (height[:, None] * np.exp(-0.5 * ((np.arange(WAVE_LEN) - at) / 5.0) ** 2)).astype(np.float32)
    waves[on] = bare
    wander = 1 + rng.uniform(0.0, 0.08) * np.sin(2 * np.pi * np.arange(n) / rng.uniform(10, 60))
    rrs = rr * wander * np.exp(rng.normal(0, 0.02, n))
    rrs[on] = rr * rng.uniform(0.7, 1.25) * np.exp(rng.normal(0, rng.uniform(0.005, 0.04), int(on.sum())))
    return Rhythm(np.round(rrs).astype(np.int64), waves.astype(np.float32), on.astype(np.int8))


def block_comes_and_goes(r: Rhythm, other: Rhythm, rng: np.random.Generator) -> Rhythm:
    """Normal beats whose QRS and T are another patient's for stretches: P wave and RR stay, and so does the label."""
    n = r.rr.size
    _, good = _usual(other)
    pool = other.waves[good]
    size = np.linalg.norm(r.waves[:, :, FIDUCIAL - 20 : FIDUCIAL + 30], axis=2)
    scale = np.median(size, axis=0) / (
        np.median(np.linalg.norm(pool[:, :, FIDUCIAL - 20 : FIDUCIAL + 30], axis=2), axis=0) + 1e-6
    )
    scale = scale * np.exp(rng.uniform(-0.2, 0.6, scale.size))
    seam, fade = FIDUCIAL - int(rng.integers(16, 24)), 10
    mix = np.clip((np.arange(WAVE_LEN) - seam) / fade + 0.5, 0, 1)
    blocked = np.zeros(n, bool)
    at, on = int(rng.integers(10, 300)), True
    while at < n:
        length = int(rng.integers(1, 6)) if rng.random() < 0.5 else int(rng.integers(5, 200))
        if on:
            blocked[at : at + length] = True
        at, on = at + length, not on
    blocked &= r.label == N
    waves = r.waves.copy()
    which = np.flatnonzero(blocked)
    source = pool[rng.integers(len(pool), size=which.size)] * scale[None, :, None]
    level = waves[which][:, :, seam : seam + 1] - source[:, :, seam : seam + 1]
    waves[which] = waves[which] * (1 - mix) + (source + level) * mix
    rr = r.rr.astype(np.float64)
    draw = rng.random()
    if draw < 0.4:  # block of the faster rate
        rr[blocked] *= rng.uniform(0.85, 1.0)
    elif draw < 0.7:  # of every beat conducted, where half of them were
        rr[blocked] *= rng.uniform(0.5, 0.7)
    return Rhythm(np.round(rr).astype(np.int64), waves.astype(np.float32), r.label)


def samples_of(rr: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Kernel samples of the fiducials; the learning period begins with the first."""
    return np.cumsum(np.maximum(rr, 45)) + KERNEL_FS_HZ
