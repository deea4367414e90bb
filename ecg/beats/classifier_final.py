"""The model of the class that is written down and shown: a boosted forest for S over short- and long-term features.

Owns its form, its file and the observation of whole streams for training. The rules keep the class of
`classifier_model`, on which their thresholds were fitted. Must not import the classifier.
"""

from __future__ import annotations

import hashlib
import io
import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from ecg.beats.classifier_features import N_FEATURES, NAMES, features_into
from ecg.beats.classifier_history import HISTORY, N_HISTORY, history_into, remember
from ecg.beats.classifier_learning import learn, opinion_into
from ecg.beats.classifier_model import Forest, forest_logit
from ecg.beats.classifier_state import N_CLASSES, PAST, PAST_LEAD
from ecg.errors import ModelMismatch
from ecg.resample import KERNEL_FS_HZ
from ecg.segments import FloatArray

FINAL_NAMES = (*NAMES, *HISTORY)
N_FINAL = N_FEATURES + N_HISTORY
_f4 = np.float32


class FinalModel(NamedTuple):
    """Attributes: early: log odds of S against N; limits: float32 (1,), of S."""

    early: Forest
    limits: FloatArray


def new_past(n_leads: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Long memory of a stream of which nothing is known: PAST (1,) and PAST_LEAD (n_leads,)."""
    return np.zeros(1, PAST), np.zeros(n_leads, PAST_LEAD)


@numba.njit(cache=True, nogil=True)
def observe_into(stream: Any, leads: Any, past: Any, past_leads: Any, k: int, wave: Any, out: Any) -> None:
    """Features (N_FINAL,) of one beat, which is then taken into both memories; nothing after its waveform is used."""
    short = out[:N_FEATURES]
    features_into(stream, leads, k, wave, short)
    history_into(stream, leads, past, past_leads, wave, out[N_FEATURES:])
    opinion = np.empty(N_CLASSES, np.float32)
    opinion_into(short, opinion)
    remember(stream, leads, past, past_leads, wave, opinion[2] < _f4(0.5))
    learn(stream, leads, wave, short)


@numba.njit(cache=True, nogil=True)
def observe_stream(stream: Any, leads: Any, past: Any, past_leads: Any, ks: Any, waves: Any, out: Any) -> None:
    """Features (n, N_FINAL) of many beats of one stream in order: what training learns from."""
    for i in range(ks.shape[0]):
        observe_into(stream[0], leads, past[0], past_leads, ks[i], waves[i], out[i])


@numba.njit(cache=True, nogil=True)
def decide_final(model: Any, features: Any, for_rules: int, score: Any) -> int:
    """Class 0-3 (N S V F) of one beat; score (1,) is filled with the log odds of S.

    Args:
        model: FinalModel; features: (N_FINAL,).
        for_rules: Class the rules take; its V stays.
        score: float32 (1,), filled.
    """
    score[0] = forest_logit(model.early, features)
    if for_rules == 2:
        return 2
    if score[0] > model.limits[0]:
        return 1
    return 3 if for_rules == 3 else 0


def final_to_arrays(model: FinalModel) -> dict[str, npt.NDArray[Any]]:
    """The model as named arrays, for an .npz file."""
    arrays: dict[str, npt.NDArray[Any]] = {"limits": model.limits}
    return arrays | {f"early.{key}": value for key, value in model.early._asdict().items()}


def final_from_arrays(arrays: Any) -> FinalModel:
    """The inverse of final_to_arrays; types are made right."""

    def forest(name: str) -> Any:
        real = ("threshold", "base")
        kinds = ((key, np.float32 if key in real else np.int32) for key in Forest._fields)
        typed: Any = (np.ascontiguousarray(arrays[f"{name}.{key}"], kind) for key, kind in kinds)
        return Forest(*typed)

    return FinalModel(forest("early"), np.ascontiguousarray(arrays["limits"], np.float32))


@cache
def final_model() -> FinalModel:
    """The model the product ships, shared between callers.

    Raises:
        ModelMismatch: The shipped file does not fit its manifest or this kernel's features.
    """
    folder = files("ecg.beats") / "model"
    manifest = json.loads((folder / "final.json").read_text(encoding="utf-8"))
    octets = (folder / "final.npz").read_bytes()
    digest = hashlib.sha256(octets).hexdigest()
    if digest != manifest["sha256"]:
        raise ModelMismatch(f"final.npz has sha256 {digest}, its manifest says {manifest['sha256']}")
    if manifest["features"] != list(FINAL_NAMES) or manifest["fs_hz"] != KERNEL_FS_HZ:
        raise ModelMismatch("the model of final classes was made for other features or another sampling frequency")
    with np.load(io.BytesIO(octets)) as arrays:
        return final_from_arrays(arrays)
