"""The models of the record class: five members, each a boosted forest on features and a network on the signal.

Owns where the weights are, what they must fit, and how members are heard together. Each member was fitted without one fifth
of the recordings: a recording of that fifth is judged by that member alone, any other one by the mean of all five.
Pure; must not import the rules or the monitor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ecg.beats.classifier_model import Forest, forest_logit
from ecg.errors import ModelMismatch
from ecg.model_file import read_shipped
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.record_net import RecordNet, from_arrays, log_probabilities

FloatArray = npt.NDArray[np.float32]

N_CLASSES = 4
_WHOLE = ("feature", "left", "right", "roots")
#: The least probability the forests give a class: their word against the network's is bounded.
_LEAST = 1e-3


class RecordMember(NamedTuple):
    """One fitted pair.

    Attributes:
        forests: One per class; their sums are log odds, softmax over the classes.
        net: On the signal.
    """

    forests: tuple[Forest, ...]
    net: RecordNet


class RecordModel(NamedTuple):
    """All members, the names of their features, and the recordings they were fitted on ("set/record")."""

    members: tuple[RecordMember, ...]
    features: tuple[str, ...]
    seen: frozenset[str]


def class_probabilities(
    members: Sequence[RecordMember], features: FloatArray, signal_mv: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Probabilities (4,) of N, A, O, ~: within a member the geometric mean of forest and network, over members the mean.

    Args:
        members: Who is asked.
        features: float32 (n_features,), in the model's order, MISSING where not measured.
        signal_mv: (n,), the lead they are of, conditioned, kernel rate.
    """
    total = np.zeros(N_CLASSES)
    for member in members:
        by_forest = _normal(np.exp(np.array([float(forest_logit(forest, features)) for forest in member.forests])))
        by_net = log_probabilities(member.net, signal_mv).astype(np.float64)
        total += _normal(np.exp(0.5 * (np.log(by_forest + _LEAST) + by_net)))
    return total / len(members)


def _normal(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(values / values.sum())


def forest_arrays(forest: Forest) -> dict[str, npt.NDArray[Any]]:
    """A forest as named arrays."""
    return dict(forest._asdict())


def _forest(arrays: Mapping[str, npt.NDArray[Any]], prefix: str) -> Forest:
    typed: list[Any] = [
        np.ascontiguousarray(arrays[f"{prefix}{name}"], np.int32 if name in _WHOLE else np.float32)
        for name in Forest._fields
    ]
    return Forest(*typed)


@cache
def default_model() -> RecordModel:
    """The model the product ships.

    Raises:
        ModelMismatch: The shipped file does not fit its manifest or this kernel.
    """
    manifest, arrays = read_shipped(files("ecg.rhythm"), "record_model")
    if manifest["fs_hz"] != KERNEL_FS_HZ:
        raise ModelMismatch("the record class's model was made for another sampling frequency")
    members = tuple(
        RecordMember(
            tuple(_forest(arrays, f"member{i}_class{j}_") for j in range(N_CLASSES)),
            from_arrays(arrays, f"member{i}_net_"),
        )
        for i in range(manifest["members"])
    )
    seen = frozenset(f"{name}/{record}" for name, records in manifest["seen"].items() for record in records)
    return RecordModel(members, tuple(manifest["features"]), seen)
