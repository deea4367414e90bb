"""Couplets and runs on MIT-BIH as `rxr` counts them: ventricular and supraventricular, by their length.

Owns the figures; the run over records is in training.evaluation.beat_classes. Intervals by drawing whole records.
"""

from __future__ import annotations

from collections.abc import Iterable

from ecg.ec57 import RunComparison
from ecg.intervals import Proportion
from training.evaluation.figures import Figure, gross_ratios

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
    pairs = list(records)
    ventricular = gross_ratios(f"{prefix}.ve", [_ratios(ve) for ve, _ in pairs])
    return ventricular + gross_ratios(f"{prefix}.sve", [_ratios(sve) for _, sve in pairs])
