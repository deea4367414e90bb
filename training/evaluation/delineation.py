"""Delineation on LUDB: per wave detection and boundary errors, beside NeuroKit2's `dwt` and `peak` in the same run.

Every record is delineated by weights that never saw it: a record of the training corpus by the half-model of the other
half, any other by the weights in use. Scored inside each lead's annotated span only, matched within 150 ms.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg.delineation.delineate import mark
from ecg.delineation.network import trained_on, weights
from ecg.errors import InvalidSignal
from training.delineator.corpus import WaveMarks, half_of, number_of, read_marks, read_signal, record_paths
from training.evaluation.figures import Figure, fraction

FloatArray = NDArray[np.float64]
#: (n, 3) onset, peak, end per wave P, QRS, T, in ms; NaN where a method does not give the point.
LeadWaves = tuple[FloatArray, FloatArray, FloatArray]
Method = Callable[[Path, NDArray[np.float32], float], list[LeadWaves]]

TOLERANCE_MS = 150.0
POINTS = ("p_on", "p_peak", "p_off", "qrs_on", "r_peak", "qrs_off", "t_on", "t_peak", "t_off")
#: Two standard deviations of the CSE experts, ms (CSE working party, Eur Heart J 1985;6:815, as cited by Martinez 2004).
CSE_2SD_MS = {"p_on": 10.2, "p_off": 12.7, "qrs_on": 6.5, "qrs_off": 11.6, "t_off": 30.6}
_BOOTSTRAP = 300


@dataclass(slots=True)
class PointTally:
    """One point's matches, record by record: hits, misses, extras and errors in ms."""

    hits: list[int] = field(default_factory=list)
    misses: list[int] = field(default_factory=list)
    extras: list[int] = field(default_factory=list)
    errors: list[FloatArray] = field(default_factory=list)


Tally = dict[str, PointTally]


def evaluate(
    data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None, compare: bool = True
) -> list[Figure]:
    """Figures of the records in data_dir/ludb.

    Args:
        data_dir: Folder of data sets.
        split: "even" or "odd" record numbers; all where None.
        progress: Told of each ten records.
        compare: Run NeuroKit2 too.

    Returns:
        Per point: sensitivity, positive predictivity, mean error and standard deviation.
    """
    if split not in (None, "even", "odd"):
        raise InvalidSignal(f"ludb has no split {split!r}: even, odd")
    records = [r for r in record_paths(data_dir) if split is None or half_of(r) == ("even", "odd").index(split)]
    methods: dict[str, Method] = {"vigil": by_vigil, "vigil_single_lead": by_vigil_alone}
    if compare:
        methods |= {"neurokit_dwt": by_neurokit("dwt"), "neurokit_peak": by_neurokit("peak")}
    tallies: dict[str, Tally] = {name: {point: PointTally() for point in POINTS} for name in methods}
    for k, record in enumerate(records):
        signal, fs_hz = read_signal(record)
        truth = [read_marks(record, lead) for lead in range(len(signal))]
        for name, method in methods.items():
            score(tallies[name], truth, method(record, signal, fs_hz), fs_hz)
        if progress and k % 10 == 9:
            progress(f"delineation: {k + 1} of {len(records)} records")
    return [figure for name, tally in tallies.items() for figure in figures(f"ludb.{name}", tally)]


def by_vigil(record: Path, signal: NDArray[np.float32], fs_hz: float) -> list[LeadWaves]:
    """The kernel, all leads together, with weights that never saw the record."""
    return _lead_waves(mark(signal, fs_hz, model=weights(unseen_weights(record))).marks_ms)


def by_vigil_alone(record: Path, signal: NDArray[np.float32], fs_hz: float) -> list[LeadWaves]:
    """The kernel on each lead as if it were the only one."""
    model = weights(unseen_weights(record))
    return [_lead_waves(mark(lead[None], fs_hz, model=model).marks_ms)[0] for lead in signal]


def unseen_weights(record: Path) -> str:
    """Name of the packaged weights that were not trained on a record."""
    for name in ("all", "half0", "half1"):
        if number_of(record) not in trained_on(name):
            return name
    raise ValueError(f"every set of weights was trained on record {record.name}")


def _lead_waves(marks_ms: FloatArray) -> list[LeadWaves]:
    return [(lead[:, 0:3], lead[:, 3:6], lead[:, 6:9]) for lead in marks_ms]


def by_neurokit(method: str) -> Method:
    """NeuroKit2's delineator on each lead, given the R peaks it finds in lead II (its best case)."""
    import neurokit2

    keys = (
        ("ECG_P_Onsets", "ECG_P_Peaks", "ECG_P_Offsets"),
        ("ECG_R_Onsets", "ECG_R_Peaks", "ECG_R_Offsets"),
        ("ECG_T_Onsets", "ECG_T_Peaks", "ECG_T_Offsets"),
    )

    def run(record: Path, signal: NDArray[np.float32], fs_hz: float) -> list[LeadWaves]:
        fs = int(fs_hz)
        out: list[LeadWaves] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _, found = neurokit2.ecg_peaks(neurokit2.ecg_clean(signal[1], sampling_rate=fs), sampling_rate=fs)
            peaks = found["ECG_R_Peaks"]
            for lead in signal:
                try:
                    clean = neurokit2.ecg_clean(lead, sampling_rate=fs)
                    _, points = neurokit2.ecg_delineate(clean, peaks, sampling_rate=fs, method=method)
                except (ValueError, IndexError, ZeroDivisionError):
                    points = {}
                points["ECG_R_Peaks"] = peaks
                empty = np.full(len(peaks), np.nan)
                wave = [[np.asarray(points.get(k, empty), float) for k in group] for group in keys]
                p, qrs, t = (np.stack([_length(c, len(peaks)) for c in group], axis=1) / fs_hz * 1000 for group in wave)
                out.append((p, qrs, t))
        return out

    return run


def _length(column: FloatArray, n: int) -> FloatArray:
    return np.concatenate([column, np.full(n, np.nan)])[:n]


def score(tally: Tally, truth: list[WaveMarks], found: list[LeadWaves], fs_hz: float) -> None:
    """Adds one record: every point of every lead, matched one to one to the nearest within the tolerance."""
    sums = dict.fromkeys(POINTS, (0, 0, 0))
    errors: dict[str, list[FloatArray]] = {point: [] for point in POINTS}
    for marks, waves in zip(truth, found, strict=True):
        first, last = (sample / fs_hz * 1000 for sample in marks.span)
        if last < first:
            continue
        for w, (true_wave, wave) in enumerate(zip(marks.waves, waves, strict=True)):
            for c in range(3):
                point = POINTS[3 * w + c]
                true = true_wave[true_wave[:, c] >= 0, c] / fs_hz * 1000
                unmarked = true_wave[true_wave[:, c] < 0, 1] / fs_hz * 1000  # a wave whose bracket was left out
                hit, miss, extra, error = match(true, wave[np.isfinite(wave[:, c]), c], first, last, unmarked)
                sums[point] = tuple(a + b for a, b in zip(sums[point], (hit, miss, extra), strict=True))  # type: ignore[assignment]
                errors[point].append(error)
    for point, (hit, miss, extra) in sums.items():
        tally[point].hits.append(hit)
        tally[point].misses.append(miss)
        tally[point].extras.append(extra)
        tally[point].errors.append(np.concatenate(errors[point]) if errors[point] else np.zeros(0))


def match(
    true: FloatArray, found: FloatArray, first: float, last: float, unmarked: FloatArray
) -> tuple[int, int, int, FloatArray]:
    """Hits, misses, extras inside [first, last] and not about an unmarked wave, and the errors (found less true) of hits."""
    pairs = [(abs(f - t), i, j) for i, t in enumerate(true) for j, f in enumerate(found) if abs(f - t) <= TOLERANCE_MS]
    used_true: dict[int, int] = {}
    used_found: set[int] = set()
    for _, i, j in sorted(pairs):
        if i not in used_true and j not in used_found:
            used_true[i] = j
            used_found.add(j)
    extras = sum(
        j not in used_found and first <= f <= last and not (np.abs(unmarked - f) <= TOLERANCE_MS).any()
        for j, f in enumerate(found)
    )
    errors = np.array([found[j] - true[i] for i, j in used_true.items()])
    return len(used_true), len(true) - len(used_true), int(extras), errors


def figures(prefix: str, tally: Tally) -> Iterable[Figure]:
    """The figures of one method; intervals of errors by resampling records."""
    rng = np.random.default_rng(0)
    for point, counts in tally.items():
        hits = sum(counts.hits)
        if not hits:
            continue
        yield fraction(f"{prefix}.{point}.sensitivity", hits, hits + sum(counts.misses))
        yield fraction(f"{prefix}.{point}.predictivity", hits, hits + sum(counts.extras))
        moments = np.array([(len(e), e.sum(), (e**2).sum()) for e in counts.errors])
        draws = moments[rng.integers(0, len(moments), (_BOOTSTRAP, len(moments)))].sum(axis=1)
        for name, of in (("mean_error", _mean), ("sd", _sd)):
            value = of(moments.sum(axis=0))
            drawn = [of(draw) for draw in draws if draw[0] > 1]
            low, high = np.quantile(drawn, (0.025, 0.975)).tolist() if drawn else (None, None)
            yield Figure(f"{prefix}.{point}.{name}", value, low, high, hits, "ms")


def _mean(moments: FloatArray) -> float:
    return float(moments[1] / moments[0])


def _sd(moments: FloatArray) -> float:
    return float(np.sqrt(max(0.0, moments[2] / moments[0] - (moments[1] / moments[0]) ** 2)))
