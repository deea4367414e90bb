"""Figures of the kinds of quality problem, of the graded index and of the artefact ladder, on problems laid on mitdb.

Owns what is counted; where the problems lie is training.evaluation.laid_problems', the kernel's word
training.evaluation.quality_seconds'. Thresholds were fitted on DS1 and the first two thirds of nstdb's noise: those records
are left out unless asked for, and the noise scored is the last third.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ecg.annotations import Annotations
from ecg.conditioning import BoolArray
from ecg.errors import InvalidSignal
from ecg.intervals import bootstrap_ratio
from ecg.quality import QualityProblem
from edge.sources.wfdb_replay import Recording, read_recording
from edge.wfdb_files import read_annotations
from training.evaluation.figures import Figure
from training.evaluation.laid_problems import (
    LEAD_IN_S,
    MADE,
    NOISES,
    SNR_DB,
    Laid,
    clean,
    made_problem,
    marked_noisy,
    noise_of,
    with_noise,
)
from training.evaluation.quality_index import Ranks, noise_alone_figures, rank_figures, ranks, rhythm_figures
from training.evaluation.quality_seconds import Said, listen
from training.evaluation.recordings import annotated
from training.evaluation.replay import records_of
from training.mitdb_splits import SPLITS, split_records

#: A noise counts as a problem from this level on, dB: where WFDB's gqrs loses a sixth of its predictivity (EC57's curve, em).
PROBLEM_SNR_DB = 6
KINDS = {
    QualityProblem.LEAD_OFF: "lead_off",
    QualityProblem.MISSING: "missing",
    QualityProblem.FLAT: "flat",
    QualityProblem.RAIL: "rail",
    QualityProblem.BASELINE_WANDER: "wander",
    QualityProblem.MUSCLE_NOISE: "muscle",
    QualityProblem.ELECTRODE_MOTION: "motion",
}
#: Shortest recording that holds the lead-in and a stretch, s.
_SHORTEST_S = 120.0
#: Level 2 is asked in so many seconds at the end of each stretch.
_END_S = 5


@dataclass(slots=True)
class Tally:
    """What is counted of one record: (hits, of how many) by name."""

    counts: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))

    def add(self, name: str, hits: BoolArray) -> None:
        """Counts an array of what went so."""
        self.counts[name][0] += int(hits.sum())
        self.counts[name][1] += int(hits.size)


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Figures per kind on data_dir/mitdb, with noise of data_dir/nstdb.

    Args:
        data_dir: Folder of data sets.
        split: "DS1", "DS2" or "paced"; where None every record that no threshold was fitted on.
        progress: Told of each record.

    Returns:
        Per kind sensitivity by lead-seconds, over all ways a problem was made (noise at PROBLEM_SNR_DB and worse) and by each;
        predictivity of its calls on the clean recording and in the stretches of every kind; share of clean seconds called;
        share of seconds in which the ladder stands at level 1 or 2; rank correlations of the index. Intervals by record.
    """
    say = progress or (lambda line: None)
    here = records_of(data_dir / "mitdb")
    if split is None:
        here = [path for path in here if path.name not in SPLITS["DS1"]]
    else:
        wanted = split_records(split)
        here = [path for path in here if path.name in wanted]
    tallies: list[Tally] = []
    ranked: list[Ranks] = []
    for path in annotated(here, say):
        recording, reference = read_recording(str(path)), read_annotations(path, "atr")
        if recording.samples.shape[1] < _SHORTEST_S * recording.fs_hz or recording.fs_hz != int(recording.fs_hz):
            say(f"quality: {path.name} is too short to lay problems on, or its rate no whole number: left out")
            continue
        laid = list(lay(recording, path.name, reference, data_dir / "nstdb", "score", say))
        gain = [lead.gain_adu_per_mv for lead in recording.leads]
        said = listen([one.adu for one in laid], [one.off for one in laid], recording.fs_hz, gain)
        tallies.append(tally(reference, laid, said))
        ranked.append(ranks(recording, reference, laid, said))
        say(f"quality: {path.name}, {len(laid)} ways of disturbing it")
    found = [_figure(name, tallies) for name in dict.fromkeys(name for one in tallies for name in one.counts)]
    found += rank_figures(ranked)
    if split is None:
        found += noise_alone_figures(data_dir / "nstdb") + rhythm_figures(data_dir / "vfdb", say)
    return found


def lay(
    recording: Recording, name: str, reference: Annotations, nstdb: Path, part: str, say: Callable[[str], object]
) -> Iterator[Laid]:
    """A recording as it is, and with every problem in every way.

    Args:
        recording, name, reference: The record.
        nstdb: Folder of the noise.
        part: Of the noise, see `noise_of`.
        say: Told where a record has no beat to scale the noise by.
    """
    yield clean(recording)
    for noise_name, kind in NOISES.items():
        noise = noise_of(nstdb, noise_name, recording.fs_hz, part)
        if noise is None:
            continue
        for snr_db in SNR_DB:
            try:
                yield with_noise(recording, name, noise, reference, snr_db, kind)
            except InvalidSignal as error:
                say(f"{name}: {error}: no {noise_name} laid on")
                break
    for kind, ways in MADE.items():
        for way in ways:
            yield made_problem(recording, name, kind, way)


def tally(reference: Annotations, laid: list[Laid], said: list[Said]) -> Tally:
    """Counts what the kernel said of every variant of a record."""
    noisy = marked_noisy(reference, *laid[0].present.shape)
    noisy[:, : LEAD_IN_S // 2] = True  # the detector learns
    counted = Tally()
    for kind, word in KINDS.items():
        for one, heard in zip(laid, said, strict=True):
            _count_kind(counted, word, kind, one, heard, noisy)
    for one, heard in zip(laid, said, strict=True):
        _count_ladder(counted, one, heard, noisy)
    return counted


def _count_kind(counted: Tally, word: str, kind: QualityProblem, one: Laid, heard: Said, noisy: BoolArray) -> None:
    """One kind on one variant: sensitivity where it was laid on, predictivity of every call."""
    called = (heard.problems & int(kind)) != 0
    scored = ~one.unsure & ~noisy & ((one.also & int(kind)) == 0)
    if one.kind is not QualityProblem.NONE:  # the same clean seconds are not counted again with every variant
        scored = scored & one.present
    here = one.present & scored if one.kind is kind else np.zeros_like(scored)
    mild = one.kind in NOISES.values() and int(one.variant) > PROBLEM_SNR_DB
    if one.kind is kind:
        way = f"{one.variant}dB" if one.kind in NOISES.values() else one.variant
        if not mild:
            counted.add(f"quality.kind.{word}.sensitivity", called[here])
        counted.counts[f"quality.kind.{word}.predictivity"]  # so that the two stand together
        counted.add(f"quality.kind.{word}.sensitivity.{way}", called[here])
        if mild:  # neither a problem nor none
            scored = scored & ~here
    counted.add(f"quality.kind.{word}.predictivity", here[scored & called])
    if one.kind is QualityProblem.NONE:
        counted.add(f"quality.kind.{word}.called_when_clean", called[scored])


def _count_ladder(counted: Tally, one: Laid, heard: Said, noisy: BoolArray) -> None:
    """Levels of the ladder on clean recordings and within stretches of noise."""
    if one.kind is QualityProblem.NONE:
        where, name = ~noisy.all(axis=0), "clean"
    elif one.kind in NOISES.values():
        where, name = one.present.all(axis=0), f"{KINDS[one.kind]}.{one.variant}dB"
    else:
        return
    where = np.asarray(where)
    counted.add(f"quality.ladder.{name}.artefact", heard.artefact[where])
    if one.kind is not QualityProblem.NONE:  # level 2 looks back 30 s: the end of a stretch is asked
        where = where & ~np.append(where[_END_S:], np.zeros(_END_S, bool))
    counted.add(f"quality.ladder.{name}.suspended", heard.suspended[where])


def _figure(name: str, tallies: list[Tally]) -> Figure:
    pairs = [one.counts.get(name, [0, 0]) for one in tallies]
    n = [pair[1] for pair in pairs]
    interval = bootstrap_ratio([pair[0] for pair in pairs], n)
    return Figure(name, interval.value, interval.low, interval.high, sum(n), "fraction")
