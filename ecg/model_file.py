"""Files of the small models that the kernel ships: an .npz beside the manifest with its checksum.

Whether a manifest fits the code is for the model's own module to say. Must not import the models.
"""

from __future__ import annotations

import hashlib
import io
import json
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.errors import ModelMismatch


def read_shipped(folder: Traversable, name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """The manifest `name`.json and the arrays of `name`.npz in a folder of the package.

    Raises:
        ModelMismatch: The arrays' file does not have the checksum of its manifest.
    """
    manifest: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    octets = (folder / f"{name}.npz").read_bytes()
    digest = hashlib.sha256(octets).hexdigest()
    if digest != manifest["sha256"]:
        raise ModelMismatch(f"{name}.npz has sha256 {digest}, its manifest says {manifest['sha256']}")
    with np.load(io.BytesIO(octets)) as kept:
        return manifest, dict(kept)
