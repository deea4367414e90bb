"""Beat classes on MIT-BIH: VEB, SVEB, N and F by EC57, every beat found and named by the causal kernel.

Owns the run over records and the figures. Gross over records, intervals by drawing whole records; the first five minutes
are the learning period and not scored. Records of paced patients are told by their paced beats and summed apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ecg.annotations import Annotations
from ecg.ec57 import BeatComparison, score_beats, score_runs
from ecg.ec57.beats import BEATS
from ecg.ec57.pairing import F, N
from ecg.intervals import Proportion
from edge.annotator import annotations_of
from edge.sources.wfdb_replay import Recording, read_recording
from edge.wfdb_files import read_annotations
from training.evaluation.figures import Figure, gross_ratios
from training.evaluation.recordings import annotated, scored_from_s
from training.evaluation.replay import records_of
from training.evaluation.runs import Runs, run_figures
from training.mitdb_splits import split_records


@dataclass(frozen=True, slots=True, eq=False)
class RecordClasses:
    """One record's comparison for one choice of leads ("01", "0", ...); again with escape beats among the normal ones."""

    record: str
    leads: str
    is_paced: bool
    comparison: BeatComparison
    escapes_normal: BeatComparison
    runs: Runs


def annotate(recording: Recording, name: str, rows: list[int]) -> Annotations:
    """Beats with classes that the monitor finds in some leads of a recording, exactly as `vigil annotate` writes them."""
    leads = tuple(recording.leads[row] for row in rows)
    part = Recording(recording.fs_hz, leads, np.ascontiguousarray(recording.samples[rows]))
    return annotations_of(part, name).beats()


def compare(data_dir: Path, split: str | None, progress: Callable[[str], object] | None = None) -> list[RecordClasses]:
    """Every record in data_dir/mitdb of the split (None: all), with all leads and with each alone."""
    wanted = None if split is None else split_records(split)
    say = progress or (lambda line: None)
    made = []
    for path in annotated(records_of(data_dir / "mitdb"), say):
        recording = read_recording(str(path))
        reference = read_annotations(path, "atr")
        is_paced = bool(np.isin(reference.symbol, ["/", "f"]).any())
        if wanted is not None and path.name not in wanted and not is_paced:
            continue
        n_leads = len(recording.leads)
        choices = [list(range(n_leads))] + ([[row] for row in range(n_leads)] if n_leads > 1 else [])
        for rows in choices:
            test = annotate(recording, path.name, rows)
            start_s = scored_from_s(reference)
            by_ec57 = score_beats(reference, test, start_s=start_s)
            escapes_normal = score_beats(with_escapes_normal(reference), test, start_s=start_s)
            runs = score_runs(reference, test, start_s=start_s)
            choice = "".join(map(str, rows))
            made.append(RecordClasses(path.name, choice, is_paced, by_ec57, escapes_normal, runs))
        say(path.name)
    return made


def with_escapes_normal(reference: Annotations) -> Annotations:
    """The reference with atrial and nodal escape beats ("e", "j") as N.

    EC57 as bxb has it counts them as SVEB; de Chazal P, O'Dwyer M, Reilly RB, IEEE Trans Biomed Eng 2004;51:1196-1206, and
    the published figures of DS1 and DS2 after them, as N.
    """
    symbol = np.where(np.isin(reference.symbol, ["e", "j"]), "N", reference.symbol)
    return replace(reference, symbol=symbol)


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
    return gross_ratios(prefix, [_class_ratios(c) for c in comparisons])


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], object] | None = None) -> list[Figure]:
    """Figures of whatever records stand in data_dir/mitdb.

    Args:
        data_dir: Holds mitdb.
        split: "DS1", "DS2" or "paced"; None for all.
        progress: Told each record's name when it is done.

    Returns:
        For all leads together, the first alone and the second alone, with couplets and runs, and VEB and SVEB once more with
        escape beats among the normal ones; then the paced records, where VEB is what can be told.
    """
    made = compare(data_dir, split, progress)
    figures: list[Figure] = []
    for paced, prefix in ((False, "beat_classes"), (True, "beat_classes.paced_records")):
        group = [r for r in made if r.is_paced is paced]
        for leads in sorted({r.leads for r in group}, key=lambda leads: (-len(leads), leads)):
            name = f"{prefix}.leads_{leads}"
            figures += figures_of(name, (r.comparison for r in group if r.leads == leads))
            if not paced:
                normal = figures_of(f"{name}.escapes_normal", (r.escapes_normal for r in group if r.leads == leads))
                figures += [figure for figure in normal if "veb." in figure.name]
                figures += run_figures(f"runs.leads_{leads}", (r.runs for r in group if r.leads == leads))
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
