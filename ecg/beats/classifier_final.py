"""The model of the class that is written down and shown: boosted forests for V and S over short- and long-term features.

Owns its form, its file, the views of a stream, and the observation of whole streams for training. A stream of several
leads is seen in several views, each with a memory of its own: all leads together, and each of the first alone. Their log
odds are averaged, each lead's by its quality. The rules keep the class of `classifier_model`, on which their thresholds
were fitted. Must not import the classifier.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from ecg.beats.classifier_features import N_FEATURES, NAMES, features_into
from ecg.beats.classifier_history import HISTORY, N_HISTORY, P_LATE, history_into, remember
from ecg.beats.classifier_learning import learn, new_context, opinion_into
from ecg.beats.classifier_model import Forest, forest_logit
from ecg.beats.classifier_recent import N_RECENT, RECENT, recent_into, remember_recent
from ecg.beats.classifier_state import N_CLASSES, PAST, PAST_LEAD
from ecg.beats.model_file import part_of, shipped_arrays
from ecg.segments import FloatArray

FINAL_NAMES = (*NAMES, *HISTORY, *RECENT)
_UP_TO_HISTORY = N_FEATURES + N_HISTORY
N_FINAL = _UP_TO_HISTORY + N_RECENT
#: Leads seen alone as well, of a stream of several: what further ones add is not worth their time.
MOST_ALONE = 3
_QUALITY = FINAL_NAMES.index("quality")
_f4 = np.float32


class FinalModel(NamedTuple):
    """All there is to judge a feature vector, beside the log odds of V that the rules take.

    Attributes:
        ventricular: Log odds of V against N and S; early: of S against N.
        mix: float32 (1,), weight of `ventricular` in the log odds of V; those of the rules have the rest.
        limits: float32 (3,), log odds from which a beat is V, S; and of V, below which it is no fusion.
    """

    ventricular: Forest
    early: Forest
    mix: FloatArray
    limits: FloatArray


def new_past(n_leads: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Long memory of a stream of which nothing is known: PAST (1,) and PAST_LEAD (n_leads,)."""
    past = np.zeros(1, PAST)
    past["shape_before"] = -1
    return past, np.zeros(n_leads, PAST_LEAD)


def new_views(n_leads: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Memory of the n views of a stream of which nothing is known; single leads use the first column.

    Returns:
        STREAM_CONTEXT (n,), LEAD_CONTEXT (n, n_leads), PAST (n,), PAST_LEAD (n, n_leads).
    """
    n = 1 + (min(n_leads, MOST_ALONE) if n_leads > 1 else 0)
    made = [new_context(n_leads) + new_past(n_leads) for _ in range(n)]
    stream, leads, past, past_leads = zip(*made, strict=True)
    return np.concatenate(stream), np.stack(leads), np.concatenate(past), np.stack(past_leads)


@numba.njit(cache=True, nogil=True)
def observe_into(stream: Any, leads: Any, past: Any, past_leads: Any, k: int, wave: Any, out: Any) -> None:
    """Features (N_FINAL,) of one beat, which is then taken into both memories; nothing after its waveform is used."""
    short = out[:N_FEATURES]
    features_into(stream, leads, k, wave, short)
    history_into(stream, leads, past, past_leads, wave, out[N_FEATURES:_UP_TO_HISTORY])
    p_shift = recent_into(stream, leads, past, past_leads, wave, out[_UP_TO_HISTORY:])
    opinion = np.empty(N_CLASSES, np.float32)
    opinion_into(short, opinion)
    narrow, p_late = opinion[2] < _f4(0.5), out[N_FEATURES + P_LATE]
    remember_recent(stream, past, past_leads, wave, narrow, p_late, out[_UP_TO_HISTORY:], p_shift)
    remember(stream, leads, past, past_leads, wave, narrow, p_late)
    learn(stream, leads, wave, short)


@numba.njit(cache=True, nogil=True)
def observe_views(stream: Any, leads: Any, past: Any, past_leads: Any, k: int, wave: Any, out: Any) -> None:
    """Features (n_views, N_FINAL) of one beat in every view; arguments as new_views makes them."""
    observe_into(stream[0], leads[0], past[0], past_leads[0], k, wave, out[0])
    for v in range(1, stream.shape[0]):
        observe_into(stream[v], leads[v, :1], past[v], past_leads[v, :1], k, wave[v - 1 : v], out[v])


@numba.njit(cache=True, nogil=True)
def observe_stream(stream: Any, leads: Any, past: Any, past_leads: Any, ks: Any, waves: Any, out: Any) -> None:
    """Features (n, N_FINAL) of many beats of one stream in order: what training learns from."""
    for i in range(ks.shape[0]):
        observe_into(stream[0], leads, past[0], past_leads, ks[i], waves[i], out[i])


@numba.njit(cache=True, nogil=True)
def decide_final(model: Any, features: Any, for_rules: Any, fusion: bool, score: Any) -> int:
    """Class 0-3 (N S V F) of one beat; score (2,) is filled with the log odds of V and S.

    Args:
        model: FinalModel; features: (n_views, N_FINAL), all leads first.
        for_rules: Log odds of V that the rules take; fusion: whether they take the beat as F.
        score: float32 (2,), filled.
    """
    of_v, of_s, total = _f4(0), _f4(0), _f4(0)
    for v in range(features.shape[0]):
        weight = _f4(1) if v == 0 else max(features[v, _QUALITY], _f4(0)) ** 2
        of_v += weight * forest_logit(model.ventricular, features[v])
        of_s += weight * forest_logit(model.early, features[v])
        total += weight
    score[0] = model.mix[0] * of_v / total + (_f4(1) - model.mix[0]) * for_rules
    score[1] = of_s / total
    if score[0] > model.limits[0]:
        return 2
    if score[1] > model.limits[1]:
        return 1
    return 3 if fusion and score[0] > model.limits[2] else 0


def final_from_arrays(arrays: Any) -> FinalModel:
    """The inverse of model_file.as_arrays; types are made right."""
    mix, limits = (np.ascontiguousarray(arrays[key], np.float32) for key in ("mix", "limits"))
    ventricular, early = (part_of(arrays, name, Forest) for name in ("ventricular", "early"))
    return FinalModel(ventricular, early, mix, limits)


@cache
def final_model() -> FinalModel:
    """The model the product ships, shared between callers.

    Raises:
        ModelMismatch: The shipped file does not fit its manifest or this kernel's features.
    """
    return final_from_arrays(shipped_arrays("final", FINAL_NAMES))
