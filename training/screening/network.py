"""The network: one small residual encoder for every lead, pooled over the leads that are there.

Input as ecg.encoder_input makes it: signal (B, L, 2500), lead_index (B, L), lead_mask (B, L); any L from 1 to 12. The
lead encoder sees one lead at a time, so two telemetry leads cost two twelfths of twelve.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ecg.leads import UNKNOWN_LEAD
from training.screening.labels import LABELS

EMBEDDING = 96
#: Multiples of 16, and two-dimensional convolutions of height 1: the form ONNX Runtime has blocked CPU kernels for
#: (2.5 times as fast as the same network of Conv1d; docs/experiments.md).
_WIDTHS = (16, 32, 64, 128, 192)


class Separable(nn.Module):
    """Depthwise then pointwise convolution with a residual path; halves the length."""

    def __init__(self, n_in: int, n_out: int, kernel: int = 9) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(n_in, n_in, (1, kernel), (1, 2), (0, kernel // 2), groups=n_in, bias=False)
        self.pointwise = nn.Conv2d(n_in, n_out, 1, bias=False)
        self.norm = nn.BatchNorm2d(n_out)
        # A strided 1 x 1 path: average pooling of odd lengths differs between PyTorch and ONNX Runtime.
        self.skip = nn.Conv2d(n_in, n_out, 1, (1, 2), bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, n_in, 1, T) to (N, n_out, 1, ceil(T / 2))."""
        return torch.relu(self.norm(self.pointwise(self.depthwise(x))) + self.skip(x))


class ScreeningNetwork(nn.Module):
    """Scores, quality and embedding of windows."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, _WIDTHS[0], (1, 15), (1, 5), (0, 7), bias=False), nn.BatchNorm2d(_WIDTHS[0]), nn.ReLU()
        )
        self.blocks = nn.Sequential(*(Separable(n_in, n_out) for n_in, n_out in pairwise(_WIDTHS)))
        self.lead = nn.Embedding(UNKNOWN_LEAD + 1, 16)
        self.per_lead = nn.Sequential(nn.Linear(2 * _WIDTHS[-1] + 16, EMBEDDING), nn.ReLU())
        self.joint = nn.Sequential(nn.Linear(2 * EMBEDDING, EMBEDDING), nn.ReLU(), nn.Dropout(0.2))
        self.head = nn.Linear(EMBEDDING, len(LABELS))
        self.quality_head = nn.Linear(EMBEDDING, 1)
        # Calibration (Platt, per label), set after training on the tuning split.
        self.register_buffer("scale", torch.ones(len(LABELS)))
        self.register_buffer("shift", torch.zeros(len(LABELS)))

    def forward(self, signal: Tensor, lead_index: Tensor, lead_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (B, n_labels), quality logit (B,), embedding (B, EMBEDDING)."""
        n_windows, n_leads, n_samples = signal.shape
        x = self.blocks(self.stem(signal.reshape(n_windows * n_leads, 1, 1, n_samples))).flatten(2)  # (B L, C, T)
        pooled = torch.cat([x.mean(2), x.amax(2)], 1).reshape(n_windows, n_leads, -1)  # (B, L, 2 C)
        each = self.per_lead(torch.cat([pooled, self.lead(lead_index)], 2))  # (B, L, E), >= 0
        mask = lead_mask.unsqueeze(2)  # (B, L, 1)
        mean = (each * mask).sum(1) / mask.sum(1).clamp(min=1.0)
        embedding = self.joint(torch.cat([mean, (each * mask).amax(1)], 1))  # (B, E)
        return self.head(embedding), self.quality_head(embedding).squeeze(1), embedding


class Served(nn.Module):
    """The network as it is exported: calibrated probabilities, quality 0 to 1, embedding."""

    def __init__(self, network: ScreeningNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, signal: Tensor, lead_index: Tensor, lead_mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Probabilities (B, n_labels), quality (B,), embedding (B, EMBEDDING)."""
        logits, quality, embedding = self.network(signal, lead_index, lead_mask)
        return torch.sigmoid(logits * self.network.scale + self.network.shift), torch.sigmoid(quality), embedding
