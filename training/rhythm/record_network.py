"""The network half of the record class: PyTorch's form of ecg.rhythm.record_net, its training, and the way back to NumPy.

Owns augmentation and training of one member. Must not import a task of the evaluation. Needs the training extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from ecg.rhythm.record_model import N_CLASSES
from ecg.rhythm.record_net import BLOCKS, NET_FS_HZ, STEM, Convolution, RecordNet

FloatArray = npt.NDArray[np.float32]
#: A crop, columns of the network's input (30 s).
_CROP = 30 * NET_FS_HZ
_EPOCHS, _BATCH, _RATE, _DECAY = 40, 32, 4e-3, 0.02
_DROP_INSIDE, _DROP_OUT, _SMOOTHING = 0.15, 0.3, 0.05


class _Block(nn.Module):
    def __init__(self, n_in: int, width: int, kernel: int, stride: int, dilation: int) -> None:
        super().__init__()
        margin = dilation * (kernel // 2)
        self.first = nn.Conv1d(n_in, width, kernel, stride, margin, dilation, bias=False)
        self.second = nn.Conv1d(width, width, kernel, 1, margin, dilation, bias=False)
        self.norm_first, self.norm_second = nn.BatchNorm1d(width), nn.BatchNorm1d(width)
        self.skip = nn.Conv1d(n_in, width, 1, stride, bias=False) if n_in != width or stride > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = functional.dropout(torch.relu(self.norm_first(self.first(x))), _DROP_INSIDE, self.training)
        beside = x if self.skip is None else self.skip(x)
        return torch.relu(self.norm_second(self.second(inner)) + beside)


class TorchRecordNet(nn.Module):
    """As ecg.rhythm.record_net runs it; a mask says where a short recording ends."""

    def __init__(self) -> None:
        super().__init__()
        width, kernel, stride, _ = STEM
        self.stem = nn.Conv1d(1, width, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)
        blocks = []
        for to, size, step, dilation in BLOCKS:
            blocks.append(_Block(width, to, size, step, dilation))
            width = to
        self.blocks = nn.ModuleList(blocks)
        self.attention, self.out = nn.Conv1d(width, 1, 1, bias=False), nn.Linear(3 * width, N_CLASSES)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """x, mask: float (B, 1, n) -> logits (B, N_CLASSES)."""
        x = torch.relu(self.norm(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        seen = functional.interpolate(mask, size=x.shape[2], mode="nearest")
        unseen = 1e3 * (1 - seen)
        mean = (x * seen).sum(2) / seen.sum(2).clamp(min=1)
        attended = (x * torch.softmax(self.attention(x) - unseen, 2)).sum(2)
        pooled = torch.cat([mean, (x - unseen).max(2).values, attended], 1)
        out: torch.Tensor = self.out(functional.dropout(pooled, _DROP_OUT, self.training))
        return out


def fit_network(inputs: Sequence[FloatArray], label: npt.NDArray[np.int64], seed: int = 0) -> RecordNet:
    """Fits one network.

    Args:
        inputs: net_input of each recording.
        label: int64 (n,), its class.
        seed: Of start, order and augmentation.
    """
    torch.manual_seed(seed)
    rng, net = np.random.default_rng(seed), TorchRecordNet()
    steps = len(inputs) // _BATCH
    optimizer = torch.optim.AdamW(net.parameters(), lr=_RATE, weight_decay=_DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_EPOCHS * steps, pct_start=0.2)
    net.train()
    for _ in range(_EPOCHS):
        order = rng.permutation(len(inputs))
        for step in range(steps):
            pick = order[step * _BATCH : (step + 1) * _BATCH]
            x, mask = _batch([_augmented(inputs[i], rng) for i in pick])
            loss = functional.cross_entropy(net(x, mask), torch.from_numpy(label[pick]), label_smoothing=_SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
    return to_numpy(net.eval())


def _augmented(x: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A crop, sometimes faster or slower by a tenth, upside down, noisier; louder or softer by a quarter."""
    if rng.random() < 0.5:
        pace = rng.uniform(0.9, 1.1)
        x = np.interp(np.arange(0, x.size - 1, pace), np.arange(x.size), x).astype(np.float32)
    first = rng.integers(0, max(1, x.size - _CROP + 1))
    x = x[first : first + _CROP] * rng.uniform(0.8, 1.25) * (-1 if rng.random() < 0.3 else 1)
    noise = rng.normal(0, rng.uniform(0, 0.05), x.size) if rng.random() < 0.3 else 0.0
    return np.asarray(x + noise, np.float32)


def _batch(rows: Sequence[FloatArray]) -> tuple[torch.Tensor, torch.Tensor]:
    x = np.zeros((len(rows), 1, _CROP), np.float32)
    mask = np.zeros_like(x)
    for i, row in enumerate(rows):
        x[i, 0, : row.size], mask[i, 0, : row.size] = row, 1
    return torch.from_numpy(x), torch.from_numpy(mask)


def to_numpy(net: TorchRecordNet) -> RecordNet:
    """The batch normalisations folded into the convolutions."""
    blocks: list[Any] = list(net.blocks)
    return RecordNet(
        _folded(net.stem, net.norm),
        tuple(_folded(block.first, block.norm_first) for block in blocks),
        tuple(_folded(block.second, block.norm_second) for block in blocks),
        tuple(
            None
            if block.skip is None
            else Convolution(_array(block.skip.weight), np.zeros(block.skip.out_channels, np.float32))
            for block in blocks
        ),
        _array(net.attention.weight)[0, :, 0],
        _array(net.out.weight),
        _array(net.out.bias),
    )


def _array(tensor: torch.Tensor) -> FloatArray:
    return np.asarray(tensor.detach().numpy(), np.float32)


def _folded(layer: nn.Conv1d, norm: nn.BatchNorm1d) -> Convolution:
    assert norm.running_mean is not None and norm.running_var is not None
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return Convolution(_array(layer.weight * scale[:, None, None]), _array(norm.bias - norm.running_mean * scale))
