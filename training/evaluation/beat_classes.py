"""Beat classes on MIT-BIH: VEB, SVEB, N and F by EC57, every beat found and named by the causal kernel.

Owns the run over records and the figures. Gross over records, intervals by drawing whole records; the first five minutes
are the learning period and not scored. Records of paced patients are told by their paced beats and summed apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb

from ecg.annotations import Annotations
from ecg.beats.beat import Beat
from ecg.ec57 import BeatComparison, score_beats
from ecg.ec57.beats import BEATS
from ecg.ec57.pairing import F, N
from ecg.intervals import Proportion, bootstrap_ratio
from ecg.monitor import Monitor
from ecg.segments import Lead, Segment
from edge.wfdb_files import read_annotations
from training.evaluation.figures import Figure
from training.mitdb_splits import SPLITS as MITDB_SPLITS

#: de Chazal 2004. 201 (DS1) and 202 (DS2) are one patient; paced records are in neither.
SPLITS = {"ds1": MITDB_SPLITS["DS1"], "ds2": MITDB_SPLITS["DS2"]}
_SEGMENT_S = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class RecordClasses:
    """One record's comparison for one choice of leads ("01", "0", ...)."""

    record: str
    leads: str
    is_paced: bool
    comparison: BeatComparison


def annotate(path: Path, rows: list[int]) -> Annotations:
    """Beats with classes that the monitor finds in some leads of a record, segment by segment as a bed would send them."""
    record = wfdb.rdrecord(str(path), physical=False)
    fs_hz = float(record.fs)
    adu = np.ascontiguousarray(record.d_signal.T[rows].astype(np.int16))
    leads = tuple(Lead(record.sig_name[row], float(record.adc_gain[row])) for row in rows)
    monitor, step = Monitor(), int(_SEGMENT_S * fs_hz)
    found: list[Beat] = []
    for seq, first in enumerate(range(0, adu.shape[1], step)):
        segment = Segment(path.name, 0, seq, first, fs_hz, 0, leads, np.ascontiguousarray(adu[:, first : first + step]))
        for output in monitor.step([segment]).outputs:
            found += output.beats
    symbols = [beat.label.value for beat in found]
    return Annotations.of(sample=np.array([beat.sample for beat in found], np.int64), symbol=symbols, fs=fs_hz)


def compare(data_dir: Path, split: str | None, progress: Callable[[str], object] | None = None) -> list[RecordClasses]:
    """Every record in data_dir/mitdb of the split (None: all), with all leads and with each alone."""
    wanted = None if split is None else SPLITS[split.lower()]
    made = []
    for header in sorted((data_dir / "mitdb").glob("*.hea")):
        path = header.with_suffix("")
        if not path.with_suffix(".atr").exists():
            continue
        reference = read_annotations(path, "atr")
        is_paced = bool(np.isin(reference.symbol, ["/", "f"]).any())
        if wanted is not None and path.name not in wanted and not is_paced:
            continue
        n_leads = wfdb.rdheader(str(path)).n_sig
        choices = [list(range(n_leads))] + ([[row] for row in range(n_leads)] if n_leads > 1 else [])
        for rows in choices:
            comparison = score_beats(reference, annotate(path, rows))
            made.append(RecordClasses(path.name, "".join(map(str, rows)), is_paced, comparison))
        if progress is not None:
            progress(path.name)
    return made


def _class_ratios(c: BeatComparison) -> dict[str, Proportion]:
    """The ratios that are reported; N and F by the plain matrix, as EC57 has no statistic for them."""
    made = {
        "veb.sensitivity": c.veb_sensitivity,
        "veb.predictivity": c.veb_predictivity,
        "sveb.sensitivity": c.sveb_sensitivity,
        "sveb.predictivity": c.sveb_predictivity,
    }
    for name, kind in (("normal", N), ("fusion", F)):
        hit = c.total(kind, kind)
        made[f"{name}.sensitivity"] = Proportion(hit, c.total(kind, slice(None)))
        made[f"{name}.predictivity"] = Proportion(hit, c.total(slice(None), kind))
    made["qrs.sensitivity"], made["qrs.predictivity"] = c.qrs_sensitivity, c.qrs_predictivity
    return made


def figures_of(prefix: str, comparisons: Iterable[BeatComparison]) -> list[Figure]:
    """Gross ratios of many records with 95 % intervals over records."""
    per_record = [_class_ratios(c) for c in comparisons]
    made = []
    for name in per_record[0] if per_record else ():
        k, n = [r[name].k for r in per_record], [r[name].n for r in per_record]
        interval = bootstrap_ratio(k, n)
        made.append(Figure(f"{prefix}.{name}", interval.value, interval.low, interval.high, sum(n), "fraction"))
    return made


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], object] | None = None) -> list[Figure]:
    """Figures of whatever records stand in data_dir/mitdb.

    Args:
        data_dir: Holds mitdb.
        split: "ds1", "ds2" or None for all.
        progress: Told each record's name when it is done.

    Returns:
        For all leads together, the first alone and the second alone; then the paced records, where VEB is what can be told.
    """
    made = compare(data_dir, split, progress)
    figures: list[Figure] = []
    for paced, prefix in ((False, "beat_classes"), (True, "beat_classes.paced_records")):
        group = [r for r in made if r.is_paced is paced]
        for leads in sorted({r.leads for r in group}, key=lambda leads: (-len(leads), leads)):
            name = f"{prefix}.leads_{leads}"
            figures += figures_of(name, (r.comparison for r in group if r.leads == leads))
    return figures


def table_of(records: Iterable[RecordClasses], leads: str) -> str:
    """One line a record: reference counts and how N, S, V, F were called, for reading by people."""
    lines = ["record   N>S   N>V    S  S>S  S>N  S>V    V  V>V  V>N  V>S    F  F>V  F>S  miss extra"]
    for r in records:
        if r.leads != leads:
            continue
        c = r.comparison.counts
        cells = (c[0, 1], c[0, 2], c[1].sum(), c[1, 1], c[1, 0], c[1, 2], c[2].sum(), c[2, 2], c[2, 0], c[2, 1],
                 c[3].sum(), c[3, 2], c[3, 1], c[BEATS, 5:].sum(), c[5:, BEATS].sum())  # fmt: skip
        lines.append(f"{r.record:>6s}" + " ".join(f"{int(cell):5d}" for cell in cells))
    return "\n".join(lines)
