"""`vigil analyze --json` says everything DESIGN asks of it, in plain JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import main
from deploy.stack.plan import DEMO_RECORD
from ecg.measurements.names import NAMES


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


@pytest.fixture(scope="module")
def reading() -> dict[str, object]:
    result = CliRunner().invoke(main, ["analyze", str(DEMO_RECORD), "--from", "30", "--json"], prog_name="vigil")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout, parse_constant=_refuse))


def test_every_part_is_there(reading: dict[str, object]) -> None:
    assert {"record", "fs_hz", "leads", "from_s", "to_s", "quality", "rhythm", "beats", "conditions"} <= set(reading)
    assert {"measurements", "findings", "interpretation", "claims"} <= set(reading)


def test_the_stretch_is_classed_as_a_whole(reading: dict[str, object]) -> None:
    whole = reading["record_class"]
    assert isinstance(whole, dict) and set(whole["probability"]) == {"N", "A", "O", "~"}
    assert whole["class"] == max(whole["probability"], key=whole["probability"].get)
    assert sum(whole["probability"].values()) == pytest.approx(1, abs=0.01)


def test_a_stretch_shorter_than_the_class_was_fitted_on_has_none() -> None:
    result = CliRunner().invoke(main, ["analyze", str(DEMO_RECORD), "--to", "5", "--json"], prog_name="vigil")
    assert json.loads(result.stdout)["record_class"] == {"class": None, "probability": {}}


def test_quality_is_given_for_every_lead(reading: dict[str, object]) -> None:
    quality = reading["quality"]
    assert isinstance(quality, list)
    assert [lead["lead"] for lead in quality] == reading["leads"]
    for lead in quality:
        assert 0 <= lead["index"] <= 1 and all(isinstance(problem, str) for problem in lead["problems"])


def test_rhythm_is_the_first_label(reading: dict[str, object]) -> None:
    rhythm, reply = reading["rhythm"], reading["interpretation"]
    assert isinstance(rhythm, dict) and isinstance(reply, dict)
    assert rhythm["label"] == reply["labels"][0]


def test_measurements_have_value_or_reason_and_findings_their_source(reading: dict[str, object]) -> None:
    rows, findings = reading["measurements"], reading["findings"]
    assert isinstance(rows, list) and isinstance(findings, list)
    assert set(NAMES) <= {row["name"] for row in rows}
    for row in rows:
        assert (row["value"] is None) == bool(row["reason"]) and isinstance(row["unit"], str)
    for finding in findings:
        assert finding["citation"] and 1 <= finding["phase"] <= 6
        assert finding["state"] in ("present", "absent", "not measurable")
        assert finding["state"] != "not measurable" or finding["reason"]
        assert finding["state"] == "present" or not (finding["suggests"] or finding["argues_against"])
    assert any(finding["argues_against"] for finding in findings)


def test_each_beat_is_measured_when_asked_for() -> None:
    words = ["analyze", str(DEMO_RECORD), "--from", "30", "--json", "--beats"]
    result = CliRunner().invoke(main, words, prog_name="vigil")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout, parse_constant=_refuse)
    assert len(told["beat_measurements"]) == len(told["beats"]) > 5
    for beat in told["beat_measurements"]:
        assert 30 <= beat["time_s"] < 40
        assert {"rr_interval", "qrs_duration", "r_amplitude"} <= {row["name"] for row in beat["measurements"]}
        assert all((row["value"] is None) == bool(row["reason"]) for row in beat["measurements"])
    alone = CliRunner().invoke(main, [*words[:4], "--beats"], prog_name="vigil")
    assert alone.exit_code == 2 and "--beats goes with --json" in alone.output


def test_the_drawing_names_the_rhythm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[str, ...]] = []
    monkeypatch.setattr("deploy.cli.draw.draw_strip", lambda *given: drawn.append(tuple(given[3])))
    target = str(tmp_path / "a.png")
    result = CliRunner().invoke(main, ["analyze", str(DEMO_RECORD), "--from", "30", "--png", target], prog_name="vigil")
    assert result.exit_code == 0 and "quality" in result.output
    assert len(drawn) == 1 and "sinus" in drawn[0][0]
