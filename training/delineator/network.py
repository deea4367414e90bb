"""The delineation network in torch: a small 1-D U-Net on one lead and the activity of all.

Owns the architecture; ecg.delineation.network runs the same with folded weights. Must not import the corpus.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

WIDTHS = (8, 12, 16, 24, 32)
DILATIONS = (1, 2, 4)


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU; the norm folds into the convolution at export."""

    def __init__(self, n_in: int, n_out: int, width: int, stride: int = 1, dilation: int = 1) -> None:
        super().__init__()
        pad = dilation * (width // 2)
        self.conv = nn.Conv1d(n_in, n_out, width, stride, pad, dilation, bias=False)
        self.norm = nn.BatchNorm1d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in, n) to (B, n_out, n / stride)."""
        return torch.relu(self.norm(self.conv(x)))

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Weight (n_out, n_in, width) and bias (n_out,) with the norm folded in."""
        assert self.norm.running_var is not None and self.norm.running_mean is not None
        gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        weight = self.conv.weight * gain[:, None, None]
        bias = self.norm.bias - self.norm.running_mean * gain
        return weight.detach().numpy(), bias.detach().numpy()

    def load_folded(self, weight: np.ndarray, bias: np.ndarray) -> None:
        """Takes folded weights; the norm becomes a plain gain and bias and must stay in evaluation mode."""
        with torch.no_grad():
            self.conv.weight.copy_(torch.from_numpy(weight.astype(np.float32)))
            self.norm.weight.fill_(float(np.sqrt(1 + self.norm.eps)))
            self.norm.bias.copy_(torch.from_numpy(bias.astype(np.float32)))
            self.norm.running_mean.zero_()
            self.norm.running_var.fill_(1.0)


class DelineationNetwork(nn.Module):
    """Logits of none, P, QRS, T and of the three peaks, per sample at 250 Hz."""

    def __init__(self) -> None:
        super().__init__()
        w = WIDTHS
        self.stem = nn.ModuleList([ConvBlock(2, w[0], 9), ConvBlock(w[0], w[0], 7)])
        self.down = nn.ModuleList([ConvBlock(w[i], w[i + 1], 5, stride=2) for i in range(4)])
        self.level = nn.ModuleList([ConvBlock(w[i + 1], w[i + 1], 5) for i in range(4)])
        self.bottom = nn.ModuleList([ConvBlock(w[4], w[4], 5, dilation=d) for d in DILATIONS[1:]])
        self.merge = nn.ModuleList([ConvBlock(w[i + 1], w[i], 1) for i in reversed(range(4))])
        self.up = nn.ModuleList([ConvBlock(w[i], w[i], 7 if i == 0 else 5) for i in reversed(range(4))])
        self.head = nn.Conv1d(w[0], 7, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2, n) to (B, 7, n); n a multiple of 16."""
        for block in self.stem:
            x = block(x)
        skips = []
        for down, level in zip(self.down, self.level, strict=True):
            skips.append(x)
            x = level(down(x))
        for block in self.bottom:
            x = x + block(x)
        for merge, up in zip(self.merge, self.up, strict=True):
            x = up(torch.repeat_interleave(merge(x), 2, dim=2) + skips.pop())
        return self.head(x)

    def blocks(self) -> dict[str, ConvBlock]:
        """Every block by its exported name."""
        return {
            f"{name}{i}": block
            for name in ("stem", "down", "level", "bottom", "merge", "up")
            for i, block in enumerate(getattr(self, name))
        }

    def load(self, folded: dict[str, np.ndarray]) -> None:
        """Goes on from exported weights, norms frozen (call after train())."""
        for name, block in self.blocks().items():
            block.load_folded(folded[f"{name}_w"], folded[f"{name}_b"])
            block.norm.eval()
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(folded["head_w"].astype(np.float32)))
            self.head.bias.copy_(torch.from_numpy(folded["head_b"].astype(np.float32)))

    def export(self) -> dict[str, np.ndarray]:
        """Folded weights, named by their place in the forward pass."""
        out: dict[str, np.ndarray] = {}
        for name, block in self.blocks().items():
            out[f"{name}_w"], out[f"{name}_b"] = block.folded()
        out["head_w"] = self.head.weight.detach().numpy()
        out["head_b"] = self.head.bias.detach().numpy()
        return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in out.items()}
