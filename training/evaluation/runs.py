"""Couplets and runs on MIT-BIH as `rxr` counts them: ventricular and supraventricular, by their length.

Owns the figures; the run over records is in training.evaluation.beat_classes. Intervals by drawing whole records.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ecg.ec57 import RunComparison
from ecg.intervals import Proportion, bootstrap_ratio
from training.evaluation.figures import Figure

#: Ventricular and supraventricular runs of one record, as `score_runs` gives them.
Runs = tuple[RunComparison, RunComparison]


def _ratios(c: RunComparison) -> dict[str, Proportion]:
    return {
        "couplet.sensitivity": c.couplet_sensitivity,
        "couplet.predictivity": c.couplet_predictivity,
        "short_run.sensitivity": c.short_run_sensitivity,
        "short_run.predictivity": c.short_run_predictivity,
        "long_run.sensitivity": c.long_run_sensitivity,
        "long_run.predictivity": c.long_run_predictivity,
    }


def run_figures(prefix: str, records: Iterable[Runs]) -> list[Figure]:
    """Gross ratios of many records with 95 % intervals over records.

    Args:
        prefix: Name before "ve.couplet.sensitivity" and the others.
        records: One pair a record.
    """
    made: list[Figure] = []
    pairs: Sequence[Runs] = list(records)
    for kind, row in (("ve", 0), ("sve", 1)):
        per_record = [_ratios(pair[row]) for pair in pairs]
        for name in per_record[0] if per_record else ():
            k, n = [r[name].k for r in per_record], [r[name].n for r in per_record]
            interval = bootstrap_ratio(k, n)
            made.append(
                Figure(f"{prefix}.{kind}.{name}", interval.value, interval.low, interval.high, sum(n), "fraction")
            )
    return made
