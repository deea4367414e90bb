"""Export: the trained network as ONNX, checked against PyTorch before it is written, and its manifest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from ecg.encoder_input import ENCODER_FS_HZ, ENCODER_SAMPLES, ENCODER_WINDOW_S
from ecg.manifest import Manifest
from training.screening.labels import LABELS
from training.screening.network import EMBEDDING, ScreeningNetwork, Served

#: Largest difference between ONNX Runtime and PyTorch that is rounding and not a fault.
_TOLERANCE = 1e-4


def export(network: ScreeningNetwork, out: Path) -> None:
    """Writes out/model.onnx, whose batch and lead axes are free.

    Raises:
        RuntimeError: ONNX Runtime and PyTorch disagree.
    """
    out.mkdir(parents=True, exist_ok=True)
    served = Served(network).eval()
    example = (torch.randn(3, 2, ENCODER_SAMPLES), torch.tensor([[1, 6]] * 3), torch.ones(3, 2))
    names = ["signal", "lead_index", "lead_mask"]
    torch.onnx.export(
        served,
        example,
        str(out / "model.onnx"),
        input_names=names,
        output_names=["probabilities", "quality", "embedding"],
        dynamic_axes={name: {0: "batch", 1: "leads"} for name in names}
        | {name: {0: "batch"} for name in ("probabilities", "quality", "embedding")},
        opset_version=17,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(out / "model.onnx"), providers=["CPUExecutionProvider"])
    for n_windows, n_leads in ((1, 1), (5, 12), (3, 2)):
        signal = torch.randn(n_windows, n_leads, ENCODER_SAMPLES)
        index = torch.randint(0, 13, (n_windows, n_leads))
        mask = torch.ones(n_windows, n_leads)
        with torch.no_grad():
            wanted = served(signal, index, mask)
        got = session.run(None, {"signal": signal.numpy(), "lead_index": index.numpy(), "lead_mask": mask.numpy()})
        worst = max(float(np.abs(g - w.numpy()).max()) for g, w in zip(got, wanted, strict=True))
        if worst > _TOLERANCE:
            raise RuntimeError(
                f"ONNX Runtime differs from PyTorch by {worst:g} at {n_windows} windows of {n_leads} leads"
            )


def write_manifest(
    out: Path,
    *,
    thresholds: Mapping[str, float],
    metrics: Mapping[str, float],
    records: Sequence[str],
    data_sha256: str,
    git_revision: str,
) -> None:
    """Writes out/manifest.json and out/records.txt (every record that was trained or tuned on)."""
    (out / "records.txt").write_text("\n".join(records) + "\n")
    sets = Counter(record.split("/")[0] for record in records)
    files = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in ("model.onnx", "records.txt")}
    manifest = Manifest(
        name="screening",
        version="1",
        fs_hz=ENCODER_FS_HZ,
        window_s=ENCODER_WINDOW_S,
        leads="any",
        max_leads=12,
        labels=LABELS,
        thresholds=thresholds,
        embedding_size=EMBEDDING,
        data_sha256=data_sha256,
        records=tuple(f"{name}: {count} records, listed in records.txt" for name, count in sorted(sets.items())),
        git_revision=git_revision,
        metrics=metrics,
        files=files,
    )
    (out / "manifest.json").write_text(manifest.to_json())
