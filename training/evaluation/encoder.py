"""The screening encoder on recordings it has not seen: AUROC per label, by ONNX Runtime as it serves.

Test split only (training/screening/readers.py: by patient), whatever data sets stand in the folder. Must not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from ecg.encoder_input import EncoderInput
from ecg.intervals import bootstrap
from stream.encoder import Encoder
from training.evaluation.figures import Figure
from training.screening.labels import LABELS
from training.screening.readers import READERS, Example

MODEL = Path(__file__).resolve().parents[2] / "deploy" / "models" / "screening"
_BATCH = 64


def evaluate(
    data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None, model: Path = MODEL
) -> list[Figure]:
    """AUROC per label and of the quality score.

    Args:
        data_dir: Folder of data sets; those that are missing are said and left out.
        split: "test" (default), "tune", "train" or "all".
        progress: Takes one line per data set.

    Raises:
        ModelMismatch: The model does not fit its manifest.
    """
    say = progress or (lambda line: None)
    encoder = Encoder(model)
    wanted = split or "test"
    examples: list[Example] = []
    for name, reader in READERS.items():
        if not (data_dir / name).is_dir():
            say(f"{name}: not in {data_dir}, left out")
            continue
        its = [e for e in reader(data_dir) if wanted in (e.split, "all")]
        say(f"{name}: {len(its)} windows of {len({e.record for e in its})} records")
        examples += its
    scores, quality = run(encoder, examples)
    figures = []
    for column, label in enumerate(LABELS):
        truth = np.array([e.target[column] for e in examples])
        figures += _figure(f"AUROC {label}", scores[:, column], truth, examples)
    figures += _figure("AUROC quality", quality, np.array([e.quality for e in examples]), examples)
    return figures


def run(encoder: Encoder, examples: Sequence[Example]) -> tuple[np.ndarray, np.ndarray]:
    """(probabilities (n, n_labels), quality (n,)) of examples, in their order."""
    scores, quality = np.zeros((len(examples), len(LABELS))), np.zeros(len(examples))
    order = sorted(range(len(examples)), key=lambda i: len(examples[i].lead_index))
    start = 0
    while start < len(order):
        n_leads = len(examples[order[start]].lead_index)
        rows = [i for i in order[start : start + _BATCH] if len(examples[i].lead_index) == n_leads]
        signal = np.stack([examples[i].signal for i in rows]).astype(np.float32)  # (B, n_leads, 2500)
        index = np.stack([examples[i].lead_index for i in rows])
        found = encoder.run(EncoderInput(signal, index, np.ones(index.shape, np.float32)))
        scores[rows], quality[rows] = found.probabilities, found.quality
        start += len(rows)
    return scores, quality


def _figure(name: str, score: np.ndarray, truth: np.ndarray, examples: Sequence[Example]) -> list[Figure]:
    known = np.flatnonzero(~np.isnan(truth))
    if len(set(truth[known])) < 2:
        return []
    groups: dict[str, list[int]] = {}
    for i in known:
        groups.setdefault(examples[int(i)].record, []).append(int(i))

    def auroc(records: Sequence[Sequence[int]]) -> float | None:
        rows = np.concatenate([np.asarray(record) for record in records])
        return float(roc_auc_score(truth[rows], score[rows])) if len(set(truth[rows])) == 2 else None

    interval = bootstrap(list(groups.values()), auroc, n_resamples=400)
    return [Figure(name, interval.value, interval.low, interval.high, int(known.size), "")]
