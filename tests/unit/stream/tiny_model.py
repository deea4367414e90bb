"""A tiny real model of the encoder's form, built here so that no file needs to be committed for it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from onnx import TensorProto, helper, save

from ecg.manifest import Denial, Manifest

LABELS = ("LOUD", "QUIET")


def tiny_onnx(path: Path, n_labels: int = 2) -> None:
    """A network of the encoder's form that can be checked by hand: LOUD = rms / (1 + rms) over leads that are there."""
    float_, int_ = TensorProto.FLOAT, TensorProto.INT64
    inputs = [
        helper.make_tensor_value_info("signal", float_, ["B", "L", 2500]),
        helper.make_tensor_value_info("lead_index", int_, ["B", "L"]),
        helper.make_tensor_value_info("lead_mask", float_, ["B", "L"]),
    ]
    outputs = [
        helper.make_tensor_value_info("probabilities", float_, ["B", n_labels]),
        helper.make_tensor_value_info("quality", float_, ["B"]),
        helper.make_tensor_value_info("embedding", float_, ["B", 1]),
    ]
    constants = [
        helper.make_tensor("one", float_, [1], [1.0]),
        helper.make_tensor("zero", float_, [1], [0.0]),
        helper.make_tensor("axis1", int_, [1], [1]),
        helper.make_tensor("axis2", int_, [1], [2]),
    ]
    nodes = [
        helper.make_node("Mul", ["signal", "signal"], ["squared"]),
        helper.make_node("ReduceMean", ["squared", "axis2"], ["power"], keepdims=0),  # (B, L)
        helper.make_node("Mul", ["power", "lead_mask"], ["masked"]),
        helper.make_node("Cast", ["lead_index"], ["index"], to=float_),
        helper.make_node("Mul", ["index", "zero"], ["nothing"]),  # the index is taken, and says nothing here
        helper.make_node("Add", ["masked", "nothing"], ["used"]),
        helper.make_node("ReduceSum", ["used", "axis1"], ["sum"], keepdims=1),  # (B, 1)
        helper.make_node("Sqrt", ["sum"], ["rms"]),
        helper.make_node("Add", ["rms", "one"], ["under"]),
        helper.make_node("Div", ["rms", "under"], ["loud"]),
        helper.make_node("Sub", ["one", "loud"], ["quiet"]),
        helper.make_node("Concat", ["loud", "quiet"], ["probabilities"], axis=1),
        helper.make_node("Identity", ["rms"], ["embedding"]),
        helper.make_node("Squeeze", ["quiet", "axis1"], ["quality"]),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)


def tiny_manifest(folder: Path, **changes: object) -> Manifest:
    fields: dict[str, object] = {
        "name": "tiny",
        "version": "1",
        "fs_hz": 250,
        "window_s": 10.0,
        "leads": "any",
        "max_leads": 12,
        "labels": LABELS,
        "thresholds": {"LOUD": 0.4},
        "embedding_size": 1,
        "data_sha256": "0" * 64,
        "records": ("made by hand",),
        "git_revision": "test",
        "metrics": {},
        "files": {"model.onnx": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()},
        "denials": {"ETC": Denial(("LOUD",), 0.1)},
    }
    return Manifest(**(fields | changes))  # type: ignore[arg-type]
