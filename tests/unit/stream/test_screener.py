"""The screener: what is loaded is checked, what runs is known, batches cross beds, and failures stay flagged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecg.conditions import ConditionCode
from ecg.errors import ModelMismatch
from ecg.screening import ScreeningStatus
from ecg.windows import Window
from stream import metrics
from stream.encoder import Encoder
from stream.screener import Screener, screen
from tests.unit.stream.tiny_model import tiny_manifest, tiny_onnx

Sine = Callable[..., np.ndarray]


def window(signal_mv: np.ndarray, fs_hz: float = 250.0, stream_id: str = "bed-1", names: str = "II V1 V5") -> Window:
    leads = tuple(names.split()[: signal_mv.shape[0]])
    return Window(stream_id, 0, 500, fs_hz, 1_700_000_000_000_000_000, leads, signal_mv)


def test_scores_flags_and_advice_of_a_known_network(model_folder: Path, sine_mv: Sine) -> None:
    encoder = Encoder(model_folder)
    loud, quiet = screen(encoder, [window(sine_mv([2.0])), window(sine_mv([0.05]))])
    rms = 2 / np.sqrt(2)
    assert loud.screening.status is ScreeningStatus.SCREENED
    assert loud.screening.scores[0].score == pytest.approx(rms / (1 + rms), abs=0.01)
    assert loud.screening.flags == ("LOUD",) and loud.advice is None
    assert quiet.screening.flags == () and not quiet.screening.flagged
    assert quiet.advice is not None and quiet.advice.denied == {ConditionCode.ETC}
    assert "LOUD (0.03)" in quiet.advice.reason
    assert quiet.advice.end_time_ns - quiet.advice.start_time_ns == 10_000_000_000
    assert loud.embedding == pytest.approx((rms,), abs=0.02)
    assert loud.screening.model_id == encoder.manifest.model_id and loud.screening.provider == encoder.provider


def test_windows_of_any_rate_and_lead_count_go_together_and_come_back_in_order(
    model_folder: Path, sine_mv: Sine
) -> None:
    amplitudes = [0.5, 1.0, 1.5, 2.0, 2.5]
    rates = [250.0, 360.0, 500.0, 128.0, 250.0]
    leads = [1, 2, 3, 2, 1]
    windows = [
        window(sine_mv([a] * n, fs), fs, f"bed-{i}")
        for i, (a, fs, n) in enumerate(zip(amplitudes, rates, leads, strict=True))
    ]
    screened = screen(Encoder(model_folder), windows)
    assert [s.screening.stream_id for s in screened] == [f"bed-{i}" for i in range(5)]
    for one, amplitude, n in zip(screened, amplitudes, leads, strict=True):
        assert one.embedding[0] == pytest.approx(amplitude * np.sqrt(n / 2), rel=0.05)


def test_a_batch_of_many_windows_is_said_what_each_is_said_alone(model_folder: Path, sine_mv: Sine) -> None:
    encoder = Encoder(model_folder)
    windows = [window(sine_mv([0.1 + 0.03 * i]), stream_id=f"bed-{i}") for i in range(75)]
    together = screen(encoder, windows)
    assert [s.screening.stream_id for s in together] == [w.stream_id for w in windows]
    for i in (0, 31, 32, 33, 63, 64, 74):
        (alone,) = screen(encoder, [windows[i]])
        assert together[i].embedding == pytest.approx(alone.embedding, rel=1e-5)
        assert together[i].screening.scores[0].score == pytest.approx(alone.screening.scores[0].score, rel=1e-5)


def test_the_provider_that_runs_is_asserted_and_exported(model_folder: Path) -> None:
    encoder = Encoder(model_folder, ["CPUExecutionProvider"])
    assert encoder.provider == "CPUExecutionProvider"
    screener = Screener(encoder)
    exported = metrics.REGISTRY.get_sample_value(
        "vigil_stream_encoder", {"model_id": encoder.manifest.model_id, "provider": "CPUExecutionProvider"}
    )
    screener.close()
    assert exported == 1
    with pytest.raises(ModelMismatch, match="none of"):
        Encoder(model_folder, ["TensorrtExecutionProvider"])


def test_a_changed_file_stops_the_start(model_folder: Path) -> None:
    with (model_folder / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelMismatch, match="SHA-256"):
        Encoder(model_folder)


def test_a_model_that_does_not_fit_its_manifest_stops_the_start(tmp_path: Path) -> None:
    tiny_onnx(tmp_path / "model.onnx")
    manifest = tiny_manifest(tmp_path, labels=("LOUD", "QUIET", "THIRD"))
    (tmp_path / "manifest.json").write_text(manifest.to_json())
    with pytest.raises(ModelMismatch, match="output shapes"):
        Encoder(tmp_path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fs_hz": 500}, "fs 500 Hz"),
        ({"window_s": 5}, "window 5 s"),
        ({"thresholds": {"NOISE": 0.5}}, "NOISE"),
        ({"denials": {"VFB": {"labels": ["LOUD"], "below": 0.1}}}, "VFB"),
        ({"labels": ["LOUD", "LOUD"]}, "not unique"),
        ({"files": {}}, "model.onnx"),
        ({"leads": ["II", "X"]}, "X"),
        ({"shoe_size": 44}, "shoe_size"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused_by_name(model_folder: Path, change: dict, text: str) -> None:
    fields = json.loads((model_folder / "manifest.json").read_text())
    (model_folder / "manifest.json").write_text(json.dumps(fields | change))
    with pytest.raises(ModelMismatch, match=text):
        Encoder(model_folder)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch, match=r"manifest\.json"):
        Encoder(tmp_path)


async def test_without_a_model_every_window_is_unscreened_flagged_and_says_so(sine_mv: Sine) -> None:
    (one,) = await Screener(None).screen([window(sine_mv([1.0]))])
    assert one.screening.status is ScreeningStatus.UNSCREENED and one.screening.flagged
    assert "no screening model" in one.screening.detail


async def test_beds_are_batched_together_in_a_thread(model_folder: Path, sine_mv: Sine) -> None:
    screener = Screener(Encoder(model_folder), batch_age_s=0.2)
    before = metrics.REGISTRY.get_sample_value("vigil_stream_screen_batch_windows_count") or 0
    windows = [window(sine_mv([1.0, 0.5]), stream_id=f"bed-{i}") for i in range(20)]
    answers = await asyncio.gather(*[screener.screen([w]) for w in windows])
    screener.close()
    assert [a[0].screening.stream_id for a in answers] == [w.stream_id for w in windows]
    assert metrics.REGISTRY.get_sample_value("vigil_stream_screen_batch_windows_count") == before + 1


async def test_a_lead_that_is_off_is_masked_and_a_window_without_any_is_unscreened(
    model_folder: Path, sine_mv: Sine
) -> None:
    one_off = sine_mv([1.0, 1.0])
    one_off[1] = np.nan
    all_off = np.full_like(one_off, np.nan)
    masked, none = screen(Encoder(model_folder), [window(one_off), window(all_off)])
    assert masked.embedding[0] == pytest.approx(1 / np.sqrt(2), rel=0.05)
    assert none.screening.status is ScreeningStatus.UNSCREENED and "no lead" in none.screening.detail


async def test_an_encoder_that_fails_leaves_its_windows_flagged_and_goes_on(
    model_folder: Path, sine_mv: Sine, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder(model_folder)
    run, calls = encoder.run, []

    def fails_once(batch: object) -> object:
        calls.append(batch)
        if len(calls) == 1:
            raise RuntimeError("device lost")
        return run(batch)  # type: ignore[arg-type]

    monkeypatch.setattr(encoder, "run", fails_once)
    screener = Screener(encoder)
    (failed,) = await screener.screen([window(sine_mv([1.0]))])
    (fine,) = await screener.screen([window(sine_mv([1.0]))])
    screener.close()
    assert failed.screening.status is ScreeningStatus.UNSCREENED and "device lost" in failed.screening.detail
    assert fine.screening.status is ScreeningStatus.SCREENED


async def test_more_windows_than_may_wait_are_unscreened_at_once(model_folder: Path, sine_mv: Sine) -> None:
    screener = Screener(Encoder(model_folder), max_waiting=2)
    windows = [window(sine_mv([1.0]))] * 3
    screened = await screener.screen(windows)
    screener.close()
    assert all("overloaded" in s.screening.detail for s in screened)
