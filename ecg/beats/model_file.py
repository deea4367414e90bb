"""The files of the beat classifier's models: named tuples as arrays of an .npz, and a manifest that they must fit.

Must not import the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from ecg.errors import ModelMismatch
from ecg.model_file import read_shipped
from ecg.resample import KERNEL_FS_HZ

#: Fields of a forest that are indices; all else is real.
_INDICES = ("feature", "left", "right", "roots")


def as_arrays(model: Any) -> dict[str, npt.NDArray[Any]]:
    """A model as named arrays: its arrays by name, those of a named tuple in it as `part.field`."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, value in model._asdict().items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            arrays |= {f"{name}.{key}": array for key, array in value._asdict().items()}
    return arrays


def part_of(arrays: Any, name: str, kind: Any) -> Any:
    """The named tuple `name` of class `kind` out of `as_arrays`; types are made right."""
    typed = ((arrays[f"{name}.{key}"], np.int32 if key in _INDICES else np.float32) for key in kind._fields)
    return kind(*(np.ascontiguousarray(array, dtype) for array, dtype in typed))


def shipped_arrays(name: str, features: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a model that the product ships, `name`.npz beside `name`.json.

    Raises:
        ModelMismatch: The file does not fit its manifest, or the manifest these features or the kernel's rate.
    """
    manifest, arrays = read_shipped(files("ecg.beats") / "model", name)
    if manifest["features"] != list(features) or manifest["fs_hz"] != KERNEL_FS_HZ:
        raise ModelMismatch(f"{name}.npz was made for other features or another sampling frequency")
    return arrays
