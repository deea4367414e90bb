"""What every reasoning backend offers, whatever model stands behind it.

Owns the interface and the description of a model. A backend yields what it measured and what it says; the service runs the
verifier and closes the reply, so that no backend can leave a claim unchecked. Must not import grpc.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ecg.interpretation import Escalation, InterpretEvent


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What GetModelInfo says.

    Attributes:
        provider: Where it really runs: cpu, CUDAExecutionProvider ...
        labels: The closed set of labels it may answer with; empty where the set is open.
        manifest_sha256: Of the artefact's manifest; for rules, of the protocol's version.
    """

    model_id: str
    backend: str
    description: str
    provider: str
    labels: tuple[str, ...] = ()
    manifest_sha256: str = ""


class Backend(Protocol):
    """A reasoner. Called from worker threads, several at a time: it must keep no state between calls."""

    @property
    def model(self) -> ModelDescription:
        """What it is."""
        ...

    def interpret(self, escalation: Escalation) -> Iterator[InterpretEvent]:
        """Interprets one window.

        Args:
            escalation: The window with what the edge and the stream know of it.

        Yields:
            Measured first, then Step 1 to 6 as each is ready, Summarised, Labelled. Closing the iterator cancels it.

        Raises:
            InvalidSignal: The window cannot be interpreted by anyone.
            Unavailable: The backend cannot answer now.
        """
        ...
