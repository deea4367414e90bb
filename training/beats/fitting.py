"""Fits the beat classifier's parts to a training set and exports them in the kernel's form.

Owns every choice of what is fitted: inputs, sizes, monotonicity. torch and scikit-learn live here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import nn

from ecg.beats.classifier_features import N_FEATURES, NAMES
from ecg.beats.classifier_model import ClassifierModel, Forest, Networks
from ecg.segments import FloatArray

#: What the early forest looks at, and the direction in which each can only speak for S (0: either). Few and monotone:
#: DS1 has S beats of a handful of patients, and a free model learns those patients.
EARLY = {
    "rr_normal": -1, "rr_slow": -1, "rr_median8": -1, "rr_before": -1, "jitter32": -1, "jitter8": -1, "p_like": -1,
    "p_like.max": -1, "p_coherence": 0, "p_like_shifted": -1,
}  # fmt: skip
VENTRICULAR = {
    "rr_median8": 0, "rr_normal": 0, "rr_slow": 0, "rr_before": 0, "jitter32": 0, "like_normal": -1, "like_own": -1,
    "is_normal_shape": -1, "share": -1, "count": 0, "prematurity": 0, "normal_share": 0, "like_ventricular": 1,
    "part_normal": -1, "part_ventricular": 1, "unexplained": 0, "size": 0, "correlation": -1, "correlation.min": -1,
    "amplitude": 0, "residual": 1, "residual.max": 1, "width": 1, "width_abs": 1, "width_normal": 0, "slope": 0,
    "length": 1, "length_abs": 1, "polarity": 0, "st_like": -1, "st_shift": 0, "p_like": -1, "p_like_shifted": -1,
    "p_size": 0, "p_size_qrs": 0, "p_coherence": 0, "previous_like": 0, "quality": 0, "width.max": 1, "amplitude.max": 0,
}  # fmt: skip
#: Left out of the networks: what earlier opinions say, which locks in a wrong beginning.
_OPINIONS = "own_n own_s own_v own_f near_n near_v last_s last_v last_f last2_s last2_v last2_f recent_s recent_v"
NOT_IN_NETWORKS = frozenset(_OPINIONS.split())
HIDDEN, N_NETWORKS, EPOCHS, BATCH = (32, 16), 3, 8, 1024
LEARNING_RATE, WEIGHT_DECAY, DROPOUT = 3e-3, 0.1, 0.15
#: Share of the forests in the log odds of V and of S, and the limits of V, S, F, all chosen in cross-validation.
MIX, LIMITS = (0.5, 0.7), (0.25, 0.5, 0.5)


def fit(x: FloatArray, y: npt.NDArray[np.int64], weight: FloatArray, seed: int) -> ClassifierModel:
    """Fits the whole model.

    Args:
        x: (n, N_FEATURES); y: (n,) 0-3 for N S V F; weight: (n,).
        seed: Of the networks.
    """
    networks = _fit_networks(x, y, weight, seed)
    known = y != 3  # a fusion beat is neither right nor wrong as V (EC57)
    ventricular = _fit_forest(x[known], y[known] == 2, weight[known], VENTRICULAR, 8, 0.5)
    narrow = y < 2
    early = _fit_forest(x[narrow], y[narrow] == 1, weight[narrow], EARLY, 6, 1.0)
    return ClassifierModel(networks, ventricular, early, np.array(MIX, np.float32), np.array(LIMITS, np.float32))


def _fit_networks(x: FloatArray, y: npt.NDArray[np.int64], weight: FloatArray, seed: int) -> Networks:
    used = np.array([name not in NOT_IN_NETWORKS for name in NAMES])
    mean, scale = x.mean(axis=0), np.where(used, 1 / (x.std(axis=0) + 1e-2), 0).astype(np.float32)
    inputs = torch.from_numpy(np.clip((x - mean) * scale, -6, 6))
    target, weights = torch.from_numpy(y), torch.from_numpy(weight)
    parts = [_fit_network(inputs, target, weights, seed + e) for e in range(N_NETWORKS)]
    stacked = [np.stack([p[i].T if p[i].ndim == 2 else p[i] for p in parts]) for i in range(6)]
    return Networks(*(np.ascontiguousarray(a, np.float32) for a in (mean, scale, *stacked)))


def _fit_network(x: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, seed: int) -> list[Any]:
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(N_FEATURES, HIDDEN[0]), nn.ReLU(), nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN[0], HIDDEN[1]), nn.ReLU(), nn.Linear(HIDDEN[1], 4),
    )  # fmt: skip
    optimiser = torch.optim.AdamW(net.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * (len(x) // BATCH) + 1
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps, pct_start=0.15)
    for _ in range(EPOCHS):
        order = torch.randperm(len(x))
        for first in range(0, len(x) - BATCH + 1, BATCH):
            pick = order[first : first + BATCH]
            loss = (nn.functional.cross_entropy(net(x[pick]), y[pick], reduction="none") * weight[pick]).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return [p.detach().numpy() for p in net.parameters()]


def _fit_forest(
    x: FloatArray, y: npt.NDArray[np.bool_], weight: FloatArray, inputs: dict[str, int], leaves: int, share: float
) -> Forest:
    columns = [NAMES.index(name) for name in inputs]
    made = HistGradientBoostingClassifier(
        max_iter=80, learning_rate=0.1, max_leaf_nodes=leaves, min_samples_leaf=60, l2_regularization=10.0,
        monotonic_cst=list(inputs.values()), max_features=share, random_state=0, early_stopping=False,
    ).fit(x[:, columns], y, sample_weight=weight)  # fmt: skip
    return export(made, np.array(columns))


def export(made: HistGradientBoostingClassifier, columns: npt.NDArray[np.int64]) -> Forest:
    """Nodes of every tree in one row; scikit-learn keeps them in `_predictors`, which has no public form."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []
    roots: list[int] = []
    for (tree,) in made._predictors:
        nodes, at = tree.nodes, len(feature)
        roots.append(at)
        for node in nodes:
            leaf = bool(node["is_leaf"])
            feature.append(-1 if leaf else int(columns[node["feature_idx"]]))
            threshold.append(float(node["value"] if leaf else node["num_threshold"]))
            left.append(at + int(node["left"]))
            right.append(at + int(node["right"]))
    base = np.array([float(np.ravel(made._baseline_prediction)[0])], np.float32)
    whole = (np.array(a, np.int32) for a in (feature, left, right, roots))
    f, lo, hi, r = whole
    return Forest(f, np.array(threshold, np.float32), lo, hi, r, base)


def export_lightgbm(made: Any, columns: npt.NDArray[np.int64]) -> Forest:
    """Nodes of every tree of a lightgbm.Booster in one row; its first tree holds the prior, so the base is none.

    Thresholds are rounded down to float32: float32 features then go where they went in training.
    """
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    right: list[int] = []

    def add(node: dict[str, Any]) -> int:
        at = len(feature)
        leaf = "leaf_value" in node
        value = float(node["leaf_value"] if leaf else node["threshold"])
        rounded = np.float32(value)
        feature.append(-1 if leaf else int(columns[node["split_feature"]]))
        threshold.append(
            float(rounded if leaf or float(rounded) <= value else np.nextafter(rounded, np.float32(-np.inf)))
        )
        left.append(at)
        right.append(at)
        if not leaf:
            left[at], right[at] = add(node["left_child"]), add(node["right_child"])
        return at

    roots = np.array([add(tree["tree_structure"]) for tree in made.dump_model()["tree_info"]], np.int32)
    f, lo, hi = (np.array(a, np.int32) for a in (feature, left, right))
    return Forest(f, np.array(threshold, np.float32), lo, hi, roots, np.zeros(1, np.float32))
