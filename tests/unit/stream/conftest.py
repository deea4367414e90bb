"""Fixtures of the stream's tests: a tiny real model made here, and signals that no recording is needed for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.unit.stream.tiny_model import tiny_manifest, tiny_onnx


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A folder with the tiny model and its manifest."""
    tiny_onnx(tmp_path / "model.onnx")
    (tmp_path / "manifest.json").write_text(tiny_manifest(tmp_path).to_json())
    return tmp_path


@pytest.fixture
def sine_mv() -> Callable[..., np.ndarray]:
    """Makes float32 (n_leads, n) sines of 10 Hz, one amplitude per lead."""

    def make(amplitudes_mv: Sequence[float], fs_hz: float = 250.0, seconds: float = 10.0) -> np.ndarray:
        t = np.arange(round(seconds * fs_hz)) / fs_hz
        wave = np.sin(2 * np.pi * 10 * t)
        return (np.asarray(amplitudes_mv)[:, None] * wave).astype(np.float32)

    return make
