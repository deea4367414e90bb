"""Decision paths: how the answers to criteria decide each of 17 diagnoses, as data.

Owns the trees. A key is the answers so far ("Y" or "N" per criterion), a value the next criterion or the decision. Must
not import the evaluator.
Source: ECG-Reasoning-Benchmark (Jwoo5/ecg-reasoning-benchmark, MIT), its published paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

from ecg.protocol.rules import Decision, DecisionPath

_YES, _NO = Decision.YES, Decision.NO
_SOURCE = "ECG-Reasoning-Benchmark (Jwoo5/ecg-reasoning-benchmark), decision paths"

Nodes = tuple[tuple[str, str | Decision], ...]


def _either(first: str, second: str) -> Nodes:
    """Yes where the first or, failing it, the second is present."""
    return (("", first), ("Y", _YES), ("N", second), ("NY", _YES), ("NN", _NO))


def _all(*criteria: str) -> Nodes:
    """Yes where every one is present, no at the first that is not."""
    nodes: list[tuple[str, str | Decision]] = []
    for i, criterion in enumerate(criteria):
        nodes += [("Y" * i, criterion), ("Y" * i + "N", _NO)]
    return (*nodes, ("Y" * len(criteria), _YES))


def _fascicular(axis: str, lateral: str, inferior: str) -> Nodes:
    """A bundle-branch block hides the fascicles; otherwise axis and both patterns are wanted."""
    tail = _all(axis, lateral, inferior)
    return (("", "lbbb_any"), ("Y", _NO), *((f"N{prefix}", node) for prefix, node in tail))


def _lvh() -> Nodes:
    """All three voltages are looked at: two of them decide, none rejects, and one alone needs strain beside it."""
    nodes: list[tuple[str, str | Decision]] = [("", "r_avl")]
    nodes += [(a, "sokolow") for a in "YN"]
    nodes += [(a + b, "cornell_product") for a, b in product("YN", repeat=2)]
    for answers in map("".join, product("YN", repeat=3)):
        met = answers.count("Y")
        if met == 1:
            nodes += [(answers, "lv_strain"), (answers + "Y", _YES), (answers + "N", _NO)]
        else:
            nodes.append((answers, _YES if met >= 2 else _NO))
    return tuple(nodes)


_CLBBB: Nodes = (
    ("", "wide_qrs"),
    ("N", _NO),
    ("Y", "dominant_s_v1_v2"),
    ("YN", _NO),
    ("YY", "monophasic_lateral"),
    ("YYN", _NO),
    ("YYY", "notched_lateral"),
    ("YYYY", _YES),
    ("YYYN", "late_r_peak_v5_v6"),
    ("YYYNY", _YES),
    ("YYYNN", _NO),
)
_CRBBB: Nodes = (
    ("", "wide_qrs"),
    ("N", _NO),
    ("Y", "rsr_v1_v2"),
    ("YY", "slurred_s_lateral"),
    ("YYY", _YES),
    ("YYN", _NO),
    ("YN", "broad_r_or_qr_v1"),
    ("YNN", _NO),
    ("YNY", "slurred_s_lateral"),
    ("YNYY", _YES),
    ("YNYN", _NO),
)
_RVH: Nodes = (
    ("", "rbbb_any"),
    ("N", "right_axis_100"),
    ("NN", _NO),
    ("NY", "dominant_r_v1"),
    ("NYY", _YES),
    ("NYN", _NO),
    ("Y", "axis_above_60"),
    ("YY", _YES),
    ("YN", "r_v1_above_1_5"),
    ("YNY", _YES),
    ("YNN", _NO),
)
_THIRD_DEGREE: Nodes = (
    ("", "slow_rate"),
    ("N", _NO),
    ("Y", "regular_rr"),
    ("YN", _NO),
    ("YY", "atrial_fibrillation"),
    ("YYY", _YES),
    ("YYN", "av_dissociation"),
    ("YYNY", _YES),
    ("YYNN", _NO),
)

_NODES: Mapping[str, tuple[str, Nodes]] = {
    "anterior_ischemia": ("anterior ischaemia", _either("anterior_st_depression", "anterior_t_inversion")),
    "inferior_ischemia": ("inferior ischaemia", _either("inferior_st_depression", "inferior_t_inversion")),
    "lateral_ischemia": ("lateral ischaemia", _either("lateral_st_depression", "lateral_t_inversion")),
    "anterior_myocardial_infarction": (
        "anterior myocardial infarction",
        _either("anterior_st_elevation", "anterior_pathological_q"),
    ),
    "inferior_myocardial_infarction": (
        "inferior myocardial infarction",
        _either("inferior_st_elevation", "inferior_pathological_q"),
    ),
    "lateral_myocardial_infarction": (
        "lateral myocardial infarction",
        _either("lateral_st_elevation", "lateral_pathological_q"),
    ),
    "complete_left_bundle_branch_block": ("complete left bundle branch block", _CLBBB),
    "complete_right_bundle_branch_block": ("complete right bundle branch block", _CRBBB),
    "first_degree_av_block": ("first degree AV block", _all("av_one_to_one", "long_pr")),
    "second_degree_av_block": ("second degree AV block", _all("dropped_beats", "blocked_p")),
    "third_degree_av_block": ("third degree AV block", _THIRD_DEGREE),
    "left_anterior_fascicular_block": (
        "left anterior fascicular block",
        _fascicular("left_axis", "qr_high_lateral", "rs_inferior"),
    ),
    "left_posterior_fascicular_block": (
        "left posterior fascicular block",
        _fascicular("right_axis_90", "rs_high_lateral", "qr_inferior"),
    ),
    "left_ventricular_hypertrophy": ("left ventricular hypertrophy", _lvh()),
    "right_ventricular_hypertrophy": ("right ventricular hypertrophy", _RVH),
    "premature_atrial_complex": ("premature atrial complexes", _all("premature_beats", "premature_narrow")),
    "premature_ventricular_complex": ("premature ventricular complexes", _all("premature_beats", "premature_wide")),
}

PATHS: Mapping[str, DecisionPath] = {
    name: DecisionPath(name, label, nodes, _SOURCE) for name, (label, nodes) in _NODES.items()
}
