"""Parsing shared by the converters: bytes to message, numbers to enums, every fault to InvalidSignal."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from ecg.errors import InvalidSignal

M = TypeVar("M", bound=Message)
T = TypeVar("T")

#: Above this nothing of ours can be: refused before it is parsed (topics take 256 KiB; a cluster may allow more).
MAX_PARSE_BYTES = 4 * 1024 * 1024


def parse(kind: type[M], payload: bytes) -> M:
    """The message in payload.

    Raises:
        InvalidSignal: Empty, over MAX_PARSE_BYTES, or not a message of this kind.
    """
    name = kind.DESCRIPTOR.name
    if not payload:
        raise InvalidSignal(f"{name}: the message is empty (0 bytes)")
    if len(payload) > MAX_PARSE_BYTES:
        raise InvalidSignal(f"{name}: {len(payload)} bytes, at most {MAX_PARSE_BYTES} are read")
    message = kind()
    try:
        message.ParseFromString(payload)
    except DecodeError as error:
        raise InvalidSignal(f"{name}: {len(payload)} bytes do not parse: {error}") from error
    return message


def member(table: dict[T, int], number: int, what: str) -> T:
    """The enum member that travels as number.

    Raises:
        InvalidSignal: Where this version does not know the number.
    """
    for candidate, value in table.items():
        if value == number:
            return candidate
    raise InvalidSignal(f"{what} {number} is not known")
