"""`vigil analyze`, `annotate` and `alarms` on records that are odd but right: the same heart gives the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner

from deploy.cli import main
from ecg.lead_geometry import STANDARD_LEADS
from ecg.synthesis import BeatSpec, synthesize
from edge.wfdb_files import read_annotations

HEART = BeatSpec()
#: R of lead II as drawn, mV, and the rate.
R_II, BPM = 1.18, 75.0


def heart(fs: float = 500.0, duration_s: float = 12.0, leads: tuple[str, ...] = ("I", "II")) -> np.ndarray:
    rng = np.random.default_rng(1)
    return synthesize(HEART, 0.8, fs, duration_s, leads, rng, noise_mv=0.01)[0].T.astype(float)


def write(folder: Path, signal_mv: np.ndarray, fs: float = 500.0, name: str = "odd", **changed: Any) -> str:
    n = signal_mv.shape[1]
    plain: dict[str, Any] = {"units": ["mV"] * n, "sig_name": ["I", "II"][:n], "fmt": ["16"] * n}
    plain |= {"adc_gain": [1000.0] * n, "baseline": [0] * n}
    wfdb.wrsamp(name, fs=fs, p_signal=signal_mv, write_dir=str(folder), **(plain | changed))
    return str(folder / name)


def analysed(record: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["analyze", record, "--json"], prog_name="vigil")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def value(reading: dict[str, Any], name: str, lead: str | None = None) -> float | None:
    found = [row["value"] for row in reading["measurements"] if row["name"] == name and row["lead"] == lead]
    assert len(found) == 1
    return None if found[0] is None else float(found[0])


ODD: dict[str, dict[str, Any]] = {
    "format 80": {"fmt": ["80"] * 2, "adc_gain": [60.0] * 2},
    "format 212": {"fmt": ["212"] * 2},
    "format 24": {"fmt": ["24"] * 2, "adc_gain": [1e5] * 2},
    "format 32": {"fmt": ["32"] * 2, "adc_gain": [1e6] * 2},
    "two gains, two baselines": {"adc_gain": [200.0, 5000.0], "baseline": [700, -3000]},
    "microvolts": {"units": ["uV"] * 2, "adc_gain": [1.0] * 2, "scale": 1e3},
    "volts": {"units": ["V"] * 2, "adc_gain": [1e6] * 2, "scale": 1e-3},
    "lower case and MLII": {"sig_name": ["i", "MLII"]},
    "50 Hz": {"fs": 50.0},
    "128.5 Hz": {"fs": 128.5},
    "4000 Hz": {"fs": 4000.0},
}


@pytest.mark.parametrize("kind", ODD)
def test_the_same_heart_gives_the_same_numbers(kind: str, tmp_path: Path) -> None:
    changed = dict(ODD[kind])
    fs, scale = changed.pop("fs", 500.0), changed.pop("scale", 1.0)
    reading = analysed(write(tmp_path, heart(fs) * scale, fs, **changed))
    assert reading["fs_hz"] == fs
    assert value(reading, "heart_rate") == pytest.approx(BPM, abs=0.3)
    assert value(reading, "r_amplitude", "II") == pytest.approx(R_II, abs=0.06)
    assert value(reading, "pr_interval") == pytest.approx(HEART.pr_ms, abs=15)
    assert value(reading, "qrs_duration") == pytest.approx(HEART.qrs_duration_ms, abs=25 if fs == 50 else 12)


def test_eight_and_fifteen_leads_are_measured_and_nameless_ones_have_no_axis(tmp_path: Path) -> None:
    eight = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
    n: dict[str, Any] = {"units": ["mV"] * 8, "fmt": ["16"] * 8, "adc_gain": [1000.0] * 8, "baseline": [0] * 8}
    reading = analysed(write(tmp_path, heart(leads=eight), name="eight", sig_name=list(eight), **n))
    assert reading["leads"] == list(eight)
    assert value(reading, "sokolow_lyon") is not None and value(reading, "r_amplitude", "aVF") is not None
    more = np.hstack([heart(leads=STANDARD_LEADS), heart(leads=("V1", "V5", "V6"))])
    names = [*STANDARD_LEADS, "Vx", "Vy", "Vz"]
    n = {"units": ["mV"] * 15, "fmt": ["16"] * 15, "adc_gain": [1000.0] * 15, "baseline": [0] * 15}
    assert len(analysed(write(tmp_path, more, name="fifteen", sig_name=names, **n))["leads"]) == 15
    unknown = analysed(write(tmp_path, heart(), name="unknown", sig_name=["Kanal 1", "left chest"]))
    assert value(unknown, "heart_rate") == pytest.approx(BPM, abs=0.3) and value(unknown, "qrs_axis") is None


def test_a_pleth_and_a_pressure_are_no_ecg(tmp_path: Path) -> None:
    ecg = heart(leads=("II",))
    t = np.arange(len(ecg)) / 500.0
    three = np.c_[ecg, np.sin(2 * np.pi * 1.25 * t), 80 + 20 * np.sin(2 * np.pi * 1.25 * t)]
    n: dict[str, Any] = {"fmt": ["16"] * 3, "adc_gain": [1000.0, 1000.0, 100.0], "baseline": [0] * 3}
    record = write(tmp_path, three, sig_name=["II", "PLETH", "ABP"], units=["mV", "NU", "mmHg"], **n)
    assert analysed(record)["leads"] == ["II"]
    n = {"fmt": ["16"], "adc_gain": [1000.0], "baseline": [0]}
    alone = write(tmp_path, three[:, 1:2], name="alone", sig_name=["PLETH"], units=["NU"], **n)
    result = CliRunner().invoke(main, ["analyze", alone], prog_name="vigil")
    assert result.exit_code == 1 and "no ECG lead among PLETH" in result.output


@pytest.mark.parametrize("samples", [1, 100, 500])
def test_hardly_any_signal_is_not_interpretable(samples: int, tmp_path: Path) -> None:
    record = write(tmp_path, heart()[:samples])
    reading = analysed(record)
    assert all(row["value"] is None and row["reason"] for row in reading["measurements"] if row["name"] == "heart_rate")
    assert reading["interpretation"]["abstained"]
    assert CliRunner().invoke(main, ["alarms", record, "--json"], prog_name="vigil").exit_code == 0


def test_a_gap_is_no_pause(tmp_path: Path) -> None:
    signal = heart(duration_s=20.0)
    signal[3000:4500] = np.nan  # 6 to 9 s
    record = write(tmp_path, signal)
    reading = analysed(record)
    assert value(reading, "heart_rate") == pytest.approx(BPM, abs=0.3)
    assert value(reading, "longest_rr_ratio") == pytest.approx(1.0, abs=0.02)
    result = CliRunner().invoke(main, ["alarms", record, "--json"], prog_name="vigil")
    classes = {json.loads(line)["class"] for line in result.stdout.splitlines()}
    assert not classes & {"ASY", "EBR", "PAUSE", "BRADY"}


def test_paths_with_spaces_absolute_relative_and_with_suffix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ward 3"
    folder.mkdir()
    record = write(folder, heart())
    monkeypatch.chdir(tmp_path)
    for given in (record, "ward 3/odd", "./ward 3/odd.hea", "ward 3/odd.dat"):
        result = CliRunner().invoke(main, ["annotate", given, "--out", str(tmp_path / "out")], prog_name="vigil")
        assert result.exit_code == 0 and " beats" in result.output, result.output
    # The causal kernel may need a beat or two to learn the patient.
    assert 12 <= read_annotations(tmp_path / "out" / "odd", "vgl").beats().sample.size <= 15
