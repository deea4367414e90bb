"""Figures of the graded index: how it ranks noise by its level and seconds by what the detector makes of them, and what it
says of electrode noise without an ECG and of fibrillation and asystole.

Owns what is counted; the seconds come from training.evaluation.quality_seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from ecg.annotations import IS_QRS, Annotations
from ecg.conditioning import BoolArray
from ecg.intervals import bootstrap, bootstrap_ratio
from ecg.quality.ladder import NOISY_INDEX
from ecg.segments import FloatArray, Int16Array
from edge.sources.wfdb_replay import Recording, read_recording
from training.evaluation.figures import Figure
from training.evaluation.laid_problems import NOISES, Laid, noise_of
from training.evaluation.quality_seconds import Said, listen
from training.evaluation.recordings import annotated
from training.evaluation.replay import records_of
from training.rhythm.reference import rhythm_episodes

#: A detected beat is a reference beat within this, s (EC57).
MATCH_S = 0.15
#: Electrode noise without an ECG: as much louder or softer than nstdb recorded it.
LOUDNESS = (0.3, 1.0, 2.0)
#: Seconds at the beginning of which nothing is asked.
_LEARNING_S = 30
#: Rhythms of vfdb that an index must not take for noise, and one that is.
_RHYTHMS = {"vf": ("VF", "VFIB", "VFL"), "asystole": ("ASYS",), "noise": ("NOISE",)}

Ranks = dict[str, float]


def ranks(recording: Recording, reference: Annotations, laid: Sequence[Laid], said: Sequence[Said]) -> Ranks:
    """Rank correlations (Spearman) of one record.

    Args:
        recording, reference: The record.
        laid, said: Every variant and what the kernel said of it, both leads.

    Returns:
        Of each noise: index with SNR over the lead-seconds of its stretches; index with the detector's F1 on that second,
        the first lead alone, over all seconds of all levels. A name is missing where either side never moves.
    """
    found: Ranks = {}
    for kind, word in ((NOISES[name], name) for name in NOISES):
        pairs = [(one, heard) for one, heard in zip(laid, said, strict=True) if one.kind is kind]
        if not pairs:
            continue
        level = np.concatenate([np.full(int(one.present.sum()), float(one.variant)) for one, _ in pairs])
        _add(
            found,
            f"quality.index.{word}.rank_correlation_with_snr",
            np.concatenate([h.index[o.present] for o, h in pairs]),
            level,
        )
        alone = [np.ascontiguousarray(one.adu[:1]) for one, _ in pairs]
        heard_alone = listen(
            alone, [one.off[:1] for one, _ in pairs], recording.fs_hz, [recording.leads[0].gain_adu_per_mv]
        )
        f1 = np.concatenate([f1_of_seconds(reference, heard.beats_s, heard.index.shape[1]) for heard in heard_alone])
        index = np.concatenate([heard.index[0] for heard in heard_alone])
        known = np.isfinite(f1) & (np.tile(np.arange(heard_alone[0].index.shape[1]), len(pairs)) >= _LEARNING_S)
        _add(found, f"quality.index.{word}.rank_correlation_with_f1", index[known], f1[known])
    return found


def _add(found: Ranks, name: str, one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> None:
    if one.size and np.ptp(one) > 0 and np.ptp(other) > 0:
        found[name] = float(spearmanr(one, other).statistic)


def f1_of_seconds(reference: Annotations, beats_s: npt.NDArray[np.float64], n_seconds: int) -> npt.NDArray[np.float64]:
    """The detector's F1 of each second, (n_seconds,); NaN where there is no beat of either kind."""
    true_s = reference.sample[IS_QRS[reference.code]] / reference.fs
    hit, right = _near(true_s, beats_s), _near(beats_s, true_s)
    n = n_seconds
    count = [
        np.bincount(at[at < n].astype(np.int64), minlength=n)
        for at in (true_s[hit], true_s[~hit], beats_s[~right & (beats_s >= 0)])
    ]
    total = 2 * count[0] + count[1] + count[2]
    return np.where(total > 0, 2 * count[0] / np.maximum(total, 1), np.nan)


def _near(at: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> BoolArray:
    """Which of `at` have one of the others within MATCH_S; both in time order."""
    if not others.size:
        return np.zeros(at.size, bool)
    after = np.searchsorted(others, at)
    gap = np.minimum(
        np.abs(at - others[np.minimum(after, others.size - 1)]), np.abs(at - others[np.maximum(after - 1, 0)])
    )
    return np.asarray(gap <= MATCH_S)


def rank_figures(found: Sequence[Ranks]) -> list[Figure]:
    """Mean over records of each rank correlation, with the interval over records."""
    made = []
    for name in dict.fromkeys(name for one in found for name in one):
        values = [one[name] for one in found if name in one]
        interval = bootstrap(values, lambda drawn: float(np.mean(drawn)))
        made.append(Figure(name, interval.value, interval.low, interval.high, len(values), "Spearman's rho"))
    return made


def noise_alone_figures(nstdb: Path) -> list[Figure]:
    """Share of lead-seconds below the ladder's limit where the electrodes pick up noise and no ECG (last third of nstdb)."""
    made = []
    for name in ("em", "ma"):
        noise = noise_of(nstdb, name, 360.0, "score")
        if noise is None:
            continue
        whole = noise[: len(noise) // 360 * 360].T.astype(float)
        whole -= np.median(whole, axis=1, keepdims=True)
        signals = [np.ascontiguousarray(np.clip(whole * k, -32767, 32767).astype(np.int16)) for k in LOUDNESS]
        below = np.concatenate([one[:, _LEARNING_S:].ravel() for one in _indices(signals, 360.0, [200.0] * len(whole))])
        k = int((below < NOISY_INDEX).sum())
        made.append(
            Figure(f"quality.index.{name}_without_ecg.below_limit", k / below.size, None, None, below.size, "fraction")
        )
    return made


def _indices(signals: Sequence[Int16Array], fs_hz: float, gain: Sequence[float]) -> list[FloatArray]:
    on = [np.zeros((len(one), int(one.shape[1] / fs_hz)), bool) for one in signals]
    return [heard.index for heard in listen(signals, on, fs_hz, gain)]


def rhythm_figures(vfdb: Path, say: Callable[[str], object]) -> list[Figure]:
    """Share of lead-seconds of vfdb below the ladder's limit, by annotated rhythm; seconds wholly inside an episode."""
    counts: dict[str, list[tuple[int, int]]] = {name: [] for name in _RHYTHMS}
    for path in annotated(records_of(vfdb), say):
        recording = read_recording(str(path))
        n_seconds = int(recording.samples.shape[1] / recording.fs_hz)
        whole = np.ascontiguousarray(recording.samples[:, : int(n_seconds * recording.fs_hz)])
        gain = [lead.gain_adu_per_mv for lead in recording.leads]
        index = _indices([whole], recording.fs_hz, gain)[0]
        for name, words in _RHYTHMS.items():
            inside = np.zeros(n_seconds, bool)
            for episode in rhythm_episodes(path):
                if episode.word in words:  # the index judges four seconds
                    inside[int(np.ceil(episode.start_s)) + 3 : int(episode.end_s)] = True
            picked = index[:, inside]
            counts[name].append((int((picked < NOISY_INDEX).sum()), picked.size))
    made = []
    for name, pairs in counts.items():
        interval = bootstrap_ratio([k for k, _ in pairs], [n for _, n in pairs]) if pairs else None
        if interval is not None and interval.value is not None:
            total = sum(n for _, n in pairs)
            made.append(
                Figure(
                    f"quality.index.vfdb_{name}.below_limit",
                    interval.value,
                    interval.low,
                    interval.high,
                    total,
                    "fraction",
                )
            )
    return made
