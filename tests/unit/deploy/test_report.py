"""`make report`: a failing task is told, not fatal; one task can be measured anew; targets stand beside figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from training.report import RUNS, Report, main
from training.report_page import Measured, page
from training.report_targets import Target, provenance_of, target_of


def figure(name: str, value: float | None, low: float | None = None, high: float | None = None) -> dict[str, object]:
    return {"name": name, "value": value, "low": low, "high": high, "n": 10, "unit": "fraction"}


def measured(task: str, *figures: dict[str, object], split: str | None = None, failure: str = "") -> Measured:
    return Measured(task, split, "data", "abc", 1.0, figures, failure)


def test_targets_intervals_and_failures_are_printed() -> None:
    text = page(
        [
            measured("chains", figure("chains.whole", 0.75, 0.61, 0.84)),
            measured("quality", figure("cinc2011.cross_validated.accuracy", 0.88, 0.83, 0.92)),
            measured("encoder", failure="no model there"),
        ]
    )
    assert text.count("| met |") == 1
    assert "| chains.whole | 0.75 | 0.61 to 0.84 | 10 | ≥ 0.6 | in-sample" in text
    assert (
        "| cinc2011.cross_validated.accuracy | 0.88 | 0.83 to 0.92 | 10 | ≥ 0.93 | cross-validated | missed |" in text
    )
    assert "Not measured: no model there" in text


def test_what_cannot_be_measured_misses_its_target() -> None:
    assert not Target(0.5, "<").met(None)
    assert "missed" in page([measured("chains", figure("chains.whole", None))])


def test_a_method_beside_ours_sets_the_bound() -> None:
    values = {"ludb.neurokit_dwt.p_on.sd": 20.0, "ludb.neurokit_peak.p_on.sd": 18.0, "ludb.vigil.p_on.sd": 12.0}
    assert target_of("ludb.vigil.p_on.sd", None, values) == Target(18.0, "<", "NeuroKit2 peak")
    assert target_of("ludb.vigil_single_lead.p_on.sd", None, values) is None


def test_class_targets_are_of_ds2_alone() -> None:
    name = "beat_classes.leads_01.veb.sensitivity"
    assert target_of(name, "DS2", {}) == Target(0.96, "≥")
    assert target_of(name, None, {}) is None
    assert "DS1" in provenance_of(name, None)


@pytest.mark.parametrize("snr_db", [24, 18, 12, 6, 0, -6])
def test_the_noise_stress_is_held_to_gqrs(snr_db: int) -> None:
    target = target_of(f"stress.em.{snr_db}dB.one_lead.f1", None, {})
    assert target is not None and target.source == "gqrs" and 0.6 < target.bound < 1.0


def test_a_task_that_fails_is_kept_as_its_last_line(tmp_path: Path) -> None:
    report = Report(tmp_path / "nothing here", tmp_path / "cache", 60.0)
    made = report.measure("chains", None)
    assert made.failure and not made.figures
    assert report.measured("chains", None) == made


def test_only_the_named_tasks_are_measured_anew(tmp_path: Path) -> None:
    cache, out = tmp_path / "cache", tmp_path / "page.md"
    cache.mkdir()
    kept = {"task": "chains", "split": None, "data": "d", "revision": "abc", "took_s": 2.0, "failure": ""}
    (cache / "chains.json").write_text(json.dumps({**kept, "figures": [figure("chains.whole", 0.75)]}))
    options = ["--data", str(tmp_path), "--out", str(out), "--cache", str(cache), "--tasks", ""]
    assert CliRunner().invoke(main, options, catch_exceptions=False).exit_code == 0
    assert "| chains.whole | 0.75 |" in out.read_text()
    assert out.read_text().count("Not measured: not run yet") == len(RUNS) - 1
    assert CliRunner().invoke(main, [*options[:-1], "everything"]).exit_code == 2
