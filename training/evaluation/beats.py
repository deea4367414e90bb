"""Figures of the QRS detector: EC57 on the records of mitdb, one lead and two, the noise stress curve, the speed.

Owns which runs are made and what is counted; the scorer is ecg.ec57, the detector the very kernel a bed runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb

from ecg.annotations import Annotations
from ecg.beats.detector_model import default_model
from ecg.ec57 import BeatComparison, add_noise, score_beats, summarise_beats
from ecg.intervals import Proportion
from ecg.segments import Int16Array
from edge.sources.wfdb_replay import Recording, read_recording
from edge.wfdb_files import read_annotations
from training.detector.traces import detect
from training.evaluation.figures import Figure, fraction
from training.evaluation.recordings import annotated, scored_from_s
from training.evaluation.replay import records_of
from training.mitdb_splits import split_records

#: The noise stress test of EC57 as the issue of this kernel states it.
STRESS_RECORDS = ("118", "119")
STRESS_SNR_DB = (24, 18, 12, 6, 0, -6)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One record scored: its comparison and what it cost, CPU s for so many s of signal."""

    name: str
    comparison: BeatComparison
    cpu_s: float
    signal_s: float


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Figures of the records in data_dir/mitdb that have reference annotations.

    Args:
        data_dir: Folder of data sets; noise is taken from data_dir/nstdb where it stands.
        split: "DS1", "DS2" or "paced"; all records where None.
        progress: Told of each record.

    Returns:
        Gross sensitivity and positive predictivity on the first lead and on two, the worst record, the stress curve, speed.
    """
    say = progress or (lambda line: None)
    wanted = None if split is None else split_records(split)
    here = [path for path in records_of(data_dir / "mitdb") if wanted is None or path.name in wanted]
    records = annotated(here, say)
    found: list[Figure] = []
    for label, n_leads in (("one_lead", 1), ("two_leads", 2)):
        scored = []
        for record in records:
            recording = read_recording(str(record))
            if len(recording.leads) < n_leads:
                continue
            scored.append(score(record, recording, n_leads))
            say(f"beats, {label}: {record.name} {_text(scored[-1].comparison)}")
        found += gross_figures(f"qrs.{label}", scored)
    return found + stress_figures(data_dir, split, say)


def score(record: Path, recording: Recording, n_leads: int) -> Scored:
    """Runs the kernel over the first leads of a record and scores it by EC57."""
    reference = read_annotations(record, "atr")
    return _score(record.name, recording.samples[:n_leads], recording, reference)


def _score(name: str, adu: Int16Array, recording: Recording, reference: Annotations) -> Scored:
    gains = [lead.gain_adu_per_mv for lead in recording.leads[: adu.shape[0]]]
    begun = time.process_time()
    found = detect(adu, recording.fs_hz, gains, default_model())
    cpu_s = time.process_time() - begun
    test = Annotations.of(found.sample, "N", recording.fs_hz, n_samples=adu.shape[1])
    return Scored(
        name, score_beats(reference, test, start_s=scored_from_s(reference)), cpu_s, adu.shape[1] / recording.fs_hz
    )


def gross_figures(name: str, scored: Sequence[Scored]) -> list[Figure]:
    """Gross Se and +P with their intervals, the worst of any record, and the speed in times real time on one core."""
    if not scored:
        return []
    gross = summarise_beats([s.comparison for s in scored]).gross
    sensitivity, predictivity = gross.qrs_sensitivity, gross.qrs_predictivity
    worst_se = _worst(s.comparison.qrs_sensitivity for s in scored)
    worst_pp = _worst(s.comparison.qrs_predictivity for s in scored)
    # the first record may have paid for compilation
    speeds = sorted(s.signal_s / s.cpu_s for s in scored if s.cpu_s > 0)
    return [
        fraction(f"{name}.sensitivity", sensitivity.k, sensitivity.n),
        fraction(f"{name}.positive_predictivity", predictivity.k, predictivity.n),
        Figure(f"{name}.worst_record.sensitivity", *worst_se, "fraction"),
        Figure(f"{name}.worst_record.positive_predictivity", *worst_pp, "fraction"),
        Figure(f"{name}.speed", float(np.median(speeds)), speeds[0], speeds[-1], len(speeds), "x real time"),
    ]


def _worst(ratios: Iterable[Proportion]) -> tuple[float | None, None, None, int]:
    """Lowest of those records in which the ratio is defined, no interval, and how many they are."""
    known = [ratio.value for ratio in ratios if ratio.value is not None]
    return min(known, default=None), None, None, len(known)


def stress_figures(data_dir: Path, split: str | None, say: Callable[[str], None]) -> list[Figure]:
    """The noise stress curve on those of 118 and 119 that stand in data_dir, `em` noise, one lead and two."""
    records = [data_dir / "mitdb" / name for name in STRESS_RECORDS if split is None or name in split_records(split)]
    records = [record for record in records if record.with_suffix(".atr").exists()]
    if not records or not (data_dir / "nstdb" / "em.hea").exists():
        return []
    noise = wfdb.rdrecord(str(data_dir / "nstdb" / "em"), physical=False).d_signal
    figures = []
    for snr_db in STRESS_SNR_DB:
        for label, n_leads in (("one_lead", 1), ("two_leads", 2)):
            scored = [_stressed(record, noise, snr_db, n_leads) for record in records]
            gross = summarise_beats([s.comparison for s in scored]).gross
            name = f"stress.em.{snr_db}dB.{label}"
            figures += _stress_figures(name, gross)
            say(f"beats, {name}: {_text(gross)}")
    return figures


def _stressed(record: Path, noise: np.ndarray, snr_db: float, n_leads: int) -> Scored:
    """One record with noise by nst's recipe, scored."""
    recording, reference = read_recording(str(record)), read_annotations(record, "atr")
    zero = np.array([lead.baseline_adu for lead in recording.leads])
    mixed = add_noise(recording.samples.T.astype(np.int64), noise, reference, snr_db, adc_zero=zero).adu
    adu = np.clip(mixed.T[:n_leads], -32767, 32767).astype(np.int16)
    return _score(record.name, np.ascontiguousarray(adu), recording, reference)


def _stress_figures(name: str, gross: BeatComparison) -> list[Figure]:
    se, pp = gross.qrs_sensitivity, gross.qrs_predictivity
    f1 = 2 * se.k / (se.n + pp.n) if se.n + pp.n else None
    return [
        fraction(f"{name}.sensitivity", se.k, se.n),
        fraction(f"{name}.positive_predictivity", pp.k, pp.n),
        Figure(f"{name}.f1", f1, None, None, se.n, "fraction"),
    ]


def _text(comparison: BeatComparison) -> str:
    se, pp = comparison.qrs_sensitivity.value, comparison.qrs_predictivity.value
    return " ".join(f"{name} {'-' if v is None else f'{100 * v:.2f} %'}" for name, v in (("Se", se), ("+P", pp)))
