"""Dead letters: messages and segments that could not be used, with the reason and where they stood."""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of the offending payload that are kept.
MAX_PAYLOAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What was refused. stream_id, epoch and seq are None where the envelope itself could not be read.

    Attributes:
        error: Class name of the error.
        payload: The first MAX_PAYLOAD_BYTES of the offending bytes.
        payload_size: Bytes in all.
    """

    source_topic: str
    partition: int
    offset: int
    error: str
    reason: str
    payload: bytes
    payload_size: int
    time_ns: int
    agent_id: str = ""
    stream_id: str | None = None
    epoch: int | None = None
    seq: int | None = None
