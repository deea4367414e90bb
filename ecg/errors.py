"""Errors named by what the caller does next. Foreign exceptions are mapped onto these once, at the border.

VigilError
├── InvalidSignal      reject it: dead letter, count, technical alarm where a patient is concerned
├── ModelMismatch      stop at start: the artefact does not fit the service
├── Unavailable        try again after retry_after_s, inside the deadline
└── DeadlineExceeded   give up and record it
"""

from __future__ import annotations


class VigilError(Exception):
    """Root of every error Vigil raises on purpose."""


class InvalidSignal(VigilError):
    """A signal, segment, message or record that cannot be used; the text names the offending thing."""


class ModelMismatch(VigilError):
    """A model artefact that does not fit its manifest or the service that loads it."""


class Unavailable(VigilError):
    """A part that cannot answer now.

    Attributes:
        retry_after_s: Seconds to wait before the next attempt.
    """

    def __init__(self, message: str, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DeadlineExceeded(VigilError):
    """The answer would come too late to be of use."""
