"""`vigil evaluate` on another hospital's folder: other names, rates, units and lengths, and records that are broken."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import wfdb
from click.testing import CliRunner

from deploy.cli.evaluate import evaluate
from ecg.errors import InvalidSignal
from ecg.quality.window import window_features
from ecg.synthesis import BeatSpec, synthesize
from edge.recordings import whole_window
from training.evaluation.beats import _worst
from training.evaluation.quality import read
from training.evaluation.recordings import annotated
from training.mitdb_splits import split_records

SECONDS = 40


def _record(folder: Path, name: str, fs_hz: float, *, unit: str = "mV", beats: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    made, _ = synthesize(BeatSpec(), 0.8, fs_hz, SECONDS, ("I", "II"))
    mv = np.asarray(made, np.float64).T
    scale = 1000.0 if unit == "uV" else 1.0
    wfdb.wrsamp(
        name, fs=fs_hz, units=[unit] * 2, sig_name=["I", "II"], p_signal=mv * scale, fmt=["16", "16"],
        adc_gain=[1000.0 / scale] * 2, baseline=[0, 0], write_dir=str(folder),
    )  # fmt: skip
    if beats:
        at = np.round(np.arange(0.345, SECONDS - 0.5, 0.8) * fs_hz).astype(int)  # the QRS begins at 0.3 s
        wfdb.wrann(
            name, "atr", np.r_[1, at], ["+"] + ["N"] * at.size, aux_note=["(N"] + [""] * at.size,
            fs=fs_hz, write_dir=str(folder),
        )  # fmt: skip
    return folder / name


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """Renamed short records at three rates, one in microvolts, one without annotations, one with a broken header."""
    folder = tmp_path / "mitdb"
    _record(folder, "ward-a", 250)
    _record(folder, "ward-b", 360, unit="uV")
    _record(folder, "ward-c", 500)
    _record(folder, "unread", 360, beats=False)
    (folder / "broken.hea").write_text("broken two 360\n")
    (folder / "broken.atr").write_bytes(b"\0\0")
    return tmp_path


@pytest.mark.parametrize("task", ["beats", "rhythm", "lethal"])
def test_task_measures_what_can_be_read_and_names_what_cannot(hospital: Path, task: str) -> None:
    out = hospital / "figures.json"
    ran = CliRunner().invoke(evaluate, [task, "--data", str(hospital), "--json", str(out)])
    assert ran.exit_code == 0, ran.output
    assert "broken" in ran.output
    assert "unread" in ran.output
    report = json.loads(out.read_text(), parse_constant=pytest.fail)  # NaN is no JSON
    assert report["records"] == {"mitdb": 5}
    assert "detector.npz" in report["model"]
    figures = {f["name"]: f for f in report["figures"]}
    if task == "beats":
        assert (
            figures["qrs.one_lead.sensitivity"]["n"] > 120
        )  # three records of about 48 beats, scored from their start
        assert figures["qrs.one_lead.sensitivity"]["value"] > 0.95
        assert figures["beat_classes.leads_01.veb.sensitivity"]["value"] is None  # no ventricular beat: not defined
    if task == "rhythm":
        assert figures["rhythm.mitdb.af.episode_se"]["value"] is None
    if task == "lethal":
        assert figures["lethal.mitdb.ASY.false_per_24h"]["value"] == 0


def test_folder_with_nothing_that_can_be_measured_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "mitdb").mkdir()
    ran = CliRunner().invoke(evaluate, ["beats", "--data", str(tmp_path)])
    assert ran.exit_code != 0
    assert "no record there that beats could be measured on" in f"{ran.output}{ran.exception}"


def test_microvolts_and_millivolts_give_the_same_window(tmp_path: Path) -> None:
    mv = whole_window(_record(tmp_path, "mv", 360))
    uv = whole_window(_record(tmp_path, "uv", 360, unit="uV"))
    np.testing.assert_allclose(uv.signal_mv, mv.signal_mv, atol=0.0011)


def test_unknown_split_is_named_with_those_there_are() -> None:
    assert split_records("ds1") == split_records("DS1")
    with pytest.raises(InvalidSignal, match=r"no split 'DS3'.*DS1, DS2, paced"):
        split_records("DS3")


def test_worst_record_of_none_is_not_defined() -> None:
    assert _worst([]) == (None, None, None, 0)


def test_left_out_records_are_told_each_once(hospital: Path) -> None:
    told: list[str] = []
    kept = annotated(sorted(p.with_suffix("") for p in (hospital / "mitdb").glob("*.hea")), told.append)
    assert [p.name for p in kept] == ["ward-a", "ward-b", "ward-c"]
    assert len(told) == 2


@pytest.mark.parametrize("shape", [(2500,), (0, 2500), (1, 2, 2500)])
def test_quality_of_what_is_no_window_is_an_invalid_signal(shape: tuple[int, ...]) -> None:
    with pytest.raises(InvalidSignal, match="n_leads, n_samples"):
        window_features(np.zeros(shape, np.float32), 250.0)


def test_quality_task_judges_the_first_ten_seconds_of_a_long_recording(tmp_path: Path) -> None:
    _record(tmp_path / "cinc2011", "long", 500)
    (tmp_path / "cinc2011" / "cut.hea").write_text("cut 1 500\ncut.dat 16\n")
    (tmp_path / "cinc2011" / "acceptable.csv").write_text("record,acceptable\nlong,1\ncut,0\n")
    told: list[str] = []
    names, features, _ = read(tmp_path / "cinc2011", told.append)
    assert names == ["long"]
    assert np.isfinite(features).all()
    assert len(told) == 1
