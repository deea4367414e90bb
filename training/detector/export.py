"""Puts a fitted detector network into the product: weights and manifest beside the code that reads them.

`python -m training.detector.export runs/detector/detector.npz --data data`. Must not import torch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

import ecg.beats
from ecg.beats.detector_features import N_FEATURES
from ecg.beats.detector_model import DetectorModel
from ecg.resample import KERNEL_FS_HZ
from training.detector.corpus import NOISES, RECORDS


def manifest_of(weights: bytes, data: Path) -> dict[str, object]:
    """What the weights are, and every file they were fitted on with its hash."""
    seen = [data / "mitdb" / f"{name}.dat" for name in RECORDS] + [data / "nstdb" / f"{name}.dat" for name in NOISES]
    return {
        "name": "qrs-detector",
        "sha256": hashlib.sha256(weights).hexdigest(),
        "fs_hz": KERNEL_FS_HZ,
        "n_features": N_FEATURES,
        "split": "MIT-BIH DS1 (de Chazal 2004) without 118 and 119; NSTDB noise: second channel, reversed in time",
        "files": {f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in seen},
    }


def main() -> None:
    """Writes ecg/beats/detector.npz and detector.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args()
    folder = Path(str(ecg.beats.__path__[0]))
    with np.load(options.weights) as arrays:
        np.savez(folder / "detector.npz", **{name: arrays[name] for name in DetectorModel._fields})
    manifest = manifest_of((folder / "detector.npz").read_bytes(), options.data)
    (folder / "detector.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
