"""Couplets and runs as figures: counts of all records together, unknown where there is none of a kind."""

from __future__ import annotations

import numpy as np
import pytest

from ecg.annotations import Annotations
from ecg.ec57 import score_runs
from training.evaluation.runs import run_figures


def beats(symbols: str) -> Annotations:
    return Annotations.of(np.arange(1, len(symbols) + 1) * 250, list(symbols), 250.0)


def test_couplets_and_runs_of_two_records_are_counted_together() -> None:
    """
    reference   N N N V V N N N N V V V N N     two of two beats and three
    test        N N N V V N N N N V N V N N     the couplet found, the run missed
    reference   N N V V N N                     found
    """
    one = score_runs(beats("NNNVVNNNNVVVNN"), beats("NNNVVNNNNVNVNN"), start_s=0)
    other = score_runs(beats("NNVVNN"), beats("NNVVNN"), start_s=0)
    figures = {f.name: f for f in run_figures("runs", [one, other])}
    assert (figures["runs.ve.couplet.sensitivity"].value, figures["runs.ve.couplet.sensitivity"].n) == (1.0, 2)
    assert figures["runs.ve.couplet.predictivity"].value == pytest.approx(1.0)
    assert (figures["runs.ve.short_run.sensitivity"].value, figures["runs.ve.short_run.sensitivity"].n) == (0.0, 1)
    assert figures["runs.sve.couplet.sensitivity"].value is None
    assert len(figures) == 12


def test_no_record_makes_no_figure() -> None:
    assert run_figures("runs", []) == []
