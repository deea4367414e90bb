"""The encoder as it runs: one ONNX Runtime session, checked at start against its manifest.

Owns loading, checking and running; a misfit stops the worker here. Must not import faust.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from ecg.encoder_input import EncoderInput, prepare
from ecg.errors import ModelMismatch
from ecg.leads import STANDARD_LEADS
from ecg.manifest import Manifest
from ecg.segments import FloatArray

#: In the order they are tried.
PROVIDERS = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
#: Windows that go through the network together on the CPU: what passes between its layers stays in the processor's cache
#: (measured: 69 us a window of two leads for 8 to 32 at once, 91 for 192).
_AT_ONCE = 32
_INPUTS = {"signal": "tensor(float)", "lead_index": "tensor(int64)", "lead_mask": "tensor(float)"}
_OUTPUTS = ("probabilities", "quality", "embedding")


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What the encoder says of a batch.

    Attributes:
        probabilities: float32 (B, n_labels), calibrated.
        quality: float32 (B,), 0 to 1.
        embedding: float32 (B, embedding_size).
    """

    probabilities: FloatArray
    quality: FloatArray
    embedding: FloatArray


class Encoder:
    """A screening model as it runs: one session, one provider, one manifest that fits it.

    Attributes:
        manifest: The model's manifest.
        provider: The ONNX Runtime execution provider that really runs.
    """

    def __init__(self, folder: Path, providers: Sequence[str] = PROVIDERS, threads: int = 1) -> None:
        """Loads and checks `folder/model.onnx` with `folder/manifest.json`, and runs it once.

        Args:
            providers: Acceptable providers, in order of preference; one that is not installed is passed over, but a
                session that comes up on another than the first installed one is refused.
            threads: Threads of one run on the CPU.

        Raises:
            ModelMismatch: A file is missing or changed, the provider is not the one wanted, or the model does not take
                and give what its manifest says.
        """
        try:
            self.manifest = Manifest.from_json((folder / "manifest.json").read_bytes())
            contents = {name: (folder / name).read_bytes() for name in self.manifest.files if (folder / name).exists()}
        except OSError as error:
            raise ModelMismatch(f"model in {folder}: {error}") from error
        self.manifest.check_files(contents)
        installed = [name for name in providers if name in ort.get_available_providers()]
        if not installed:
            raise ModelMismatch(f"none of {list(providers)} is installed: {ort.get_available_providers()} are")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # spinning would burn the beds' budget
        try:
            self._session = ort.InferenceSession(contents["model.onnx"], options, providers=installed)
        except Exception as error:  # ORT's exceptions share no public base class
            raise ModelMismatch(f"{self.manifest.model_id}: ONNX Runtime does not load it: {error}") from error
        self._session.disable_fallback()
        self.provider = str(self._session.get_providers()[0])
        if self.provider != installed[0]:
            raise ModelMismatch(f"{self.manifest.model_id}: runs on {self.provider}, wanted {installed[0]}")
        self._check()

    def run(self, batch: EncoderInput) -> Scores:
        """Scores a batch."""
        n = len(batch.signal)
        at_once = _AT_ONCE if self.provider == "CPUExecutionProvider" else n
        if n <= at_once:
            return self._run(batch.signal, batch.lead_index, batch.lead_mask)
        cuts = (slice(i, i + at_once) for i in range(0, n, at_once))
        parts = [self._run(batch.signal[cut], batch.lead_index[cut], batch.lead_mask[cut]) for cut in cuts]
        return Scores(
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.quality for part in parts]),
            np.concatenate([part.embedding for part in parts]),
        )

    def _run(self, signal: FloatArray, lead_index: npt.NDArray[np.int64], lead_mask: FloatArray) -> Scores:
        feeds = {"signal": signal, "lead_index": lead_index, "lead_mask": lead_mask}
        probabilities, quality, embedding = self._session.run(list(_OUTPUTS), feeds)
        return Scores(probabilities, quality, embedding)

    def _check(self) -> None:
        given = {i.name: i.type for i in self._session.get_inputs()}
        if given != _INPUTS:
            raise ModelMismatch(f"{self.manifest.model_id}: inputs {given}, wanted {_INPUTS}")
        outputs = {o.name for o in self._session.get_outputs()}
        if not set(_OUTPUTS) <= outputs:
            raise ModelMismatch(f"{self.manifest.model_id}: outputs {sorted(outputs)}, wanted {list(_OUTPUTS)}")
        for n_windows, n_leads in ((1, 1), (3, min(2, self.manifest.max_leads))):
            signal = np.zeros((n_windows, n_leads, round(self.manifest.fs_hz * self.manifest.window_s)), np.float32)
            # Through the same path as a bed's windows, which compiles it before the first of them comes.
            scores = self.run(prepare(signal, self.manifest.fs_hz, [STANDARD_LEADS[:n_leads]] * n_windows))
            found = (scores.probabilities.shape, scores.quality.shape, scores.embedding.shape)
            wanted = ((n_windows, len(self.manifest.labels)), (n_windows,), (n_windows, self.manifest.embedding_size))
            if found != wanted:
                raise ModelMismatch(f"{self.manifest.model_id}: output shapes {found}, its manifest says {wanted}")
            if not all(np.isfinite(x).all() for x in (scores.probabilities, scores.quality, scores.embedding)):
                raise ModelMismatch(f"{self.manifest.model_id}: gives NaN on a flat line")
