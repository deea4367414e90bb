"""Each quality problem is seen where it is, and nowhere else; windows are judged whatever their rate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ecg.quality
from ecg.conditions import ConditionCode
from ecg.errors import InvalidSignal, ModelMismatch
from ecg.monitor import Monitor
from ecg.quality import LeadQuality, QualityProblem, noise
from ecg.quality.window import acceptable_probability, lead_measures
from ecg.segments import INVALID_SAMPLE, Int16Array
from tests.unit.kernel.conftest import cut, feed, synthetic_adu

FS = 250.0


def quality_of(adu: Int16Array) -> LeadQuality:
    _, outputs = feed(Monitor(), cut(adu, [250], FS))
    return outputs[-1].quality[0]


def disturbed(kind: str) -> Int16Array:
    rng = np.random.default_rng(4)
    adu, _ = synthetic_adu(12.0, FS)
    t = np.arange(adu.shape[1]) / FS
    mv = adu / 200.0
    if kind == "wander":
        mv = mv + 1.5 * np.sin(2 * np.pi * 0.15 * t)
    elif kind == "muscle":
        mv = mv + 0.35 * rng.standard_normal(t.size)
    elif kind == "mains":
        mv = mv + 0.4 * np.sin(2 * np.pi * 60 * t)
    elif kind == "motion":
        steps = np.cumsum(rng.choice([-1.5, 0.0, 1.5], t.size, p=[0.02, 0.96, 0.02]))
        mv = mv + steps - np.convolve(steps, np.ones(100) / 100, "same")
    elif kind == "rail":
        mv = np.clip(mv + 40 * np.sin(2 * np.pi * 0.3 * t), -5, 5)
    made = np.round(mv * 200).astype(np.int16)
    if kind == "missing":
        made[:, rng.random(t.size) < 0.2] = INVALID_SAMPLE
    elif kind == "flat":
        made[:] = rng.integers(-1, 2, made.shape)
    elif kind == "off":
        made[:] = INVALID_SAMPLE
    return made


def test_a_clean_lead_has_no_problems() -> None:
    quality = quality_of(disturbed("clean"))
    assert quality.problems == ()
    assert quality.index > 0.9


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("wander", QualityProblem.BASELINE_WANDER),
        ("muscle", QualityProblem.MUSCLE_NOISE),
        ("mains", QualityProblem.MUSCLE_NOISE),
        ("motion", QualityProblem.ELECTRODE_MOTION),
        ("rail", QualityProblem.RAIL),
        ("missing", QualityProblem.MISSING),
        ("flat", QualityProblem.FLAT),
        ("off", QualityProblem.LEAD_OFF),
    ],
)
def test_a_problem_is_named_and_lowers_the_index(kind: str, problem: QualityProblem) -> None:
    quality = quality_of(disturbed(kind))
    assert problem in quality.problems
    assert quality.index < quality_of(disturbed("clean")).index


@pytest.mark.parametrize("kind", ["wander", "muscle", "motion", "rail", "missing"])
def test_problems_do_not_depend_on_chunking(kind: str) -> None:
    adu = disturbed(kind)
    whole = feed(Monitor(), cut(adu, [adu.shape[1] // 2], FS))[1][-1].quality
    for lengths in ([250], [37, 411, 3, 160], [1000]):
        assert feed(Monitor(), cut(adu, lengths, FS))[1][-1].quality == whole


def two_leads(second: str) -> tuple[LeadQuality, LeadQuality]:
    """A clean lead of 20 s beside one that lives for 10 s and is then disturbed."""
    adu, _ = synthetic_adu(20.0, FS, 2)
    rng = np.random.default_rng(3)
    late = adu[1, 2500:]
    if second == "rail":
        late[:] = 1000
    elif second == "held":
        late[:] = late[0]
    elif second == "hum":
        late[:] = np.round(40 * np.sin(2 * np.pi * 50 * np.arange(late.size) / FS)) + rng.integers(-1, 2, late.size)
    _, outputs = feed(Monitor(), cut(adu, [250], FS))
    return outputs[-1].quality[0], outputs[-1].quality[1]


@pytest.mark.parametrize(
    ("second", "problems"),
    [
        ("rail", (QualityProblem.LEAD_OFF, QualityProblem.RAIL)),
        ("held", (QualityProblem.FLAT,)),
        ("hum", (QualityProblem.LEAD_OFF, QualityProblem.FLAT)),
    ],
)
def test_a_dead_lead_is_off_where_its_input_is_open_and_another_lives(
    second: str, problems: tuple[QualityProblem, ...]
) -> None:
    alive, dead = two_leads(second)
    assert alive.problems == ()
    assert dead.problems == problems
    assert dead.index == 0


def test_no_lead_is_off_by_its_waveform_where_none_lives() -> None:
    adu, _ = synthetic_adu(20.0, FS, 2)
    adu[:, 2500:] = 1000  # both at a rail: the patient may be without a heartbeat
    _, outputs = feed(Monitor(), cut(adu, [250], FS))
    assert [lead.problems for lead in outputs[-1].quality] == [(QualityProblem.RAIL,)] * 2


def test_a_flat_line_is_flat_within_two_seconds_of_standing_still() -> None:
    adu, _ = synthetic_adu(20.0, FS)
    adu[:, 2500:] = adu[:, 2500:2501]
    _, outputs = feed(Monitor(), cut(adu, [250], FS))
    assert QualityProblem.FLAT in outputs[12].quality[0].problems
    assert QualityProblem.RAIL not in outputs[12].quality[0].problems


def after_sinus(waves_mv: np.ndarray) -> list[Any]:
    """Outputs of a bed in sinus rhythm for 30 s, then with the given waves (n,) in the place of the ECG."""
    sinus, _ = synthetic_adu(30.0, FS)
    waves = np.round(200 * waves_mv).astype(np.int16)[None]
    return feed(Monitor(), cut(np.concatenate([sinus, waves], axis=1), [250], FS))[1]


def electrode_noise(seconds: float) -> np.ndarray:
    """Jumps that decay, drift and broad noise, mV: what electrodes pick up that are pulled about."""
    rng = np.random.default_rng(8)
    n = int(seconds * FS)
    jumps = np.convolve((rng.random(n) < 0.02) * rng.normal(0, 1.5, n), np.exp(-np.arange(100) / 15.0))[:n]
    drift = np.convolve(rng.normal(0, 1, n + 250), np.hanning(250) / 60, "valid")[:n]
    return jumps + drift + 0.15 * rng.standard_normal(n)


def test_electrode_noise_without_an_ecg_has_a_low_index_and_is_artefact() -> None:
    outputs = after_sinus(electrode_noise(20.0))
    late = [output.quality[0].index for output in outputs[36:]]
    assert np.median(late) < 0.25
    assert outputs[25].quality[0].index > 0.9
    codes = {condition.code for output in outputs for condition in output.conditions}
    assert ConditionCode.ARTEFACT in codes


def test_standstill_under_small_noise_is_not_noise() -> None:
    rng = np.random.default_rng(2)
    t = np.arange(int(20 * FS)) / FS
    line = 0.1 * np.sin(2 * np.pi * 0.2 * t) + 0.02 * rng.standard_normal(t.size)
    outputs = after_sinus(line)
    assert min(output.quality[0].index for output in outputs[31:]) >= 0.25
    codes = {condition.code for output in outputs for condition in output.conditions}
    assert ConditionCode.ASY in codes
    assert ConditionCode.ARTEFACT not in codes


def test_fibrillation_is_not_called_noise() -> None:
    t = np.arange(int(20 * FS)) / FS
    rng = np.random.default_rng(5)
    phase = 2 * np.pi * np.cumsum(5.0 + 0.6 * np.sin(2 * np.pi * 0.3 * t) + 0.5 * rng.standard_normal(t.size)) / FS
    outputs = after_sinus(0.5 * np.sin(phase) * (1 + 0.3 * np.sin(2 * np.pi * 0.5 * t)))
    noise_kinds = {QualityProblem.MUSCLE_NOISE, QualityProblem.ELECTRODE_MOTION}
    assert not any(noise_kinds & set(output.quality[0].problems) for output in outputs[35:])
    assert min(output.quality[0].index for output in outputs[31:]) >= 0.25


def test_a_gap_leaves_nothing_to_call_noise() -> None:
    adu = disturbed("muscle")
    adu[:, ::3] = INVALID_SAMPLE
    adu[:, 1::3] = INVALID_SAMPLE
    quality = quality_of(adu)
    assert QualityProblem.MISSING in quality.problems
    assert QualityProblem.MUSCLE_NOISE not in quality.problems


def test_noise_network_of_other_features_or_of_no_checksum_is_a_mismatch(tmp_path: Path, monkeypatch: Any) -> None:
    folder = Path(str(ecg.quality.__path__[0]))
    for change in ("weights", "features"):
        manifest = json.loads((folder / "noise_model.json").read_text())
        octets = (folder / "noise_model.npz").read_bytes()
        if change == "weights":
            octets = octets[:-1] + bytes([octets[-1] ^ 1])
        else:
            manifest["features"] = manifest["features"][1:]
        (tmp_path / "noise_model.npz").write_bytes(octets)
        (tmp_path / "noise_model.json").write_text(json.dumps(manifest))
        monkeypatch.setattr(noise, "files", lambda package: tmp_path)
        with pytest.raises(ModelMismatch):
            noise.default_noise_model.__wrapped__()


def twelve_leads(fs_hz: float, noise_mv: float = 0.01) -> np.ndarray:
    rng = np.random.default_rng(6)
    one = synthetic_adu(10.0, fs_hz, 1, seed=2)[0][0] / 200.0
    gains = rng.uniform(0.4, 1.2, 12) * rng.choice([-1, 1], 12)
    return (gains[:, None] * one + noise_mv * rng.standard_normal((12, one.size))).astype(np.float32)


@pytest.mark.parametrize("fs_hz", [250.0, 360.0, 500.0])
def test_a_clean_window_is_accepted_and_a_ruined_one_is_not(fs_hz: float) -> None:
    clean = twelve_leads(fs_hz)
    ruined = clean.copy()
    ruined[[2, 7, 8]] = 0
    ruined[4:7] += np.cumsum(0.3 * np.random.default_rng(1).standard_normal(ruined[4:7].shape), axis=1)
    assert acceptable_probability(clean, fs_hz) > 0.5
    assert acceptable_probability(ruined, fs_hz) < 0.2


def test_windows_of_nothing_and_of_one_lead_are_measured() -> None:
    for signal in (np.full((3, 2500), np.nan, np.float32), twelve_leads(250.0)[:1]):
        assert np.isfinite(lead_measures(signal, 250.0)).all()


def test_windows_too_short_or_too_slow_are_refused() -> None:
    with pytest.raises(InvalidSignal):
        acceptable_probability(np.zeros((12, 500), np.float32), 250.0)
    with pytest.raises(InvalidSignal):
        acceptable_probability(np.zeros((12, 600), np.float32), 60.0)
