"""Packages trained weights with a manifest of what they saw. Run: python -m training.delineator.ship.

Must not import torch.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

_DESTINATION = Path("ecg/delineation")


def main() -> None:
    """Copies half0, half1 and all from the run folder, as float16, beside the network, and writes weights.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/delineator"))
    args = parser.parse_args()
    with np.load(args.run / "ludb.npz") as pack:
        numbers = [int(number) for number in pack["numbers"]]
        signals = hashlib.sha256(pack["leads"].tobytes()).hexdigest()
    seen = {"all": numbers, "half0": [n for n in numbers if n % 2 == 0], "half1": [n for n in numbers if n % 2]}
    entries = {}
    for name, records in seen.items():
        path = _DESTINATION / f"weights_{name}.npz"
        with np.load(args.run / f"{name}.npz") as trained:
            np.savez_compressed(path, **{key: trained[key].astype(np.float16) for key in trained.files})
        entries[name] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "records": records}
    manifest = {
        "fs_hz": 250,
        "inputs": ["lead in units of its typical span", "root mean square of the usable leads"],
        "outputs": ["none", "P", "QRS", "T", "P peak", "QRS peak", "T peak"],
        "data": {"set": "LUDB 1.0.1, ODC-By 1.0", "conditioned_signals_sha256": signals},
        "weights": entries,
    }
    (_DESTINATION / "weights.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()
