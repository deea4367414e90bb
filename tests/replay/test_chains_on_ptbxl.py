"""Grounded reasoning chains on real records: the target of the protocol as data."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.evaluation.chains import evaluate


@pytest.mark.data
@pytest.mark.slow
def test_most_chains_are_completed_by_measurement(data_dir: Path) -> None:
    if not list(data_dir.glob("criteria/*.jsonl*")) or not (data_dir / "ptb-xl").is_dir():
        pytest.skip("needs criteria/ and ptb-xl/ in the data folder")
    by_name = {figure.name: figure for figure in evaluate(data_dir)}
    whole, alone = by_name["chains.whole"], by_name["chains.whole_own_durations"]
    assert whole.n >= 50
    assert whole.value is not None and whole.value >= 0.6
    assert alone.value is not None and alone.value >= 0.6
