"""Windows per second and core of the screening encoder: ONNX Runtime as it serves, beside PyTorch eager, in one run.

    python -m tests.benchmarks.bench_encoder          (needs the extra `training` for PyTorch; without it says so)

Same weights' shape, same batch, one thread each. The figure is CPU time (the machine may be shared), best of several.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ecg.encoder_input import EncoderInput, prepare
from stream.encoder import Encoder

MODEL = Path(__file__).resolve().parents[2] / "deploy" / "models" / "screening"
BATCH = 64


def best_per_s(call: Callable[[], object], n_windows: int, repeats: int = 8) -> float:
    """Windows per second of CPU time of the fastest of several calls."""
    call()
    fastest = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        call()
        fastest = min(fastest, time.process_time() - begun)
    return n_windows / fastest


def main() -> None:
    """Prints the table."""
    encoder = Encoder(MODEL)
    rng = np.random.default_rng(1)
    print(f"{encoder.manifest.model_id} on {encoder.provider}, batches of {BATCH}, one thread")
    print(f"{'leads':>5} {'input/s':>10} {'ONNX Runtime/s':>15} {'PyTorch eager/s':>16} {'ratio':>6}")
    for n_leads in (1, 2, 12):
        names = [["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"][:n_leads]] * BATCH
        raw = rng.normal(0, 0.3, (BATCH, n_leads, 2500)).astype(np.float32)
        x = prepare(raw, 250.0, names)
        feed = best_per_s(lambda raw=raw, names=names: prepare(raw, 250.0, names), BATCH)  # type: ignore[misc]
        served = best_per_s(lambda x=x: encoder.run(x), BATCH)  # type: ignore[misc]
        eager = _eager(x)
        ratio = f"{served / eager:6.2f}" if eager else "     -"
        print(f"{n_leads:5} {feed:10.0f} {served:15.0f} {f'{eager:16.0f}' if eager else 'no PyTorch here':>16} {ratio}")


def _eager(x: EncoderInput) -> float | None:
    try:
        import torch
    except ImportError:
        return None
    from training.screening.network import ScreeningNetwork, Served

    torch.set_num_threads(1)
    network = Served(ScreeningNetwork()).eval()
    inputs = [torch.from_numpy(a) for a in (x.signal, x.lead_index, x.lead_mask)]
    with torch.inference_mode():
        return best_per_s(lambda: network(*inputs), len(x.signal))


if __name__ == "__main__":
    main()
