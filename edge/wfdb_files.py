"""WFDB annotation files in and out. The one place that reads and writes them; signals are read elsewhere.

The MIT format is decoded here by a compiled loop (a record in well under a millisecond; `wfdb.rdann` needs ten), for
the scorer reads thousands of them when a detector is tuned. Must not import stream or cloud.
Source: WFDB Applications Guide, annot(5), and `annot.c` of the WFDB library for what it leaves unsaid.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ecg.annotations import Annotations, Code, symbols_of
from ecg.errors import InvalidSignal

DEFAULT_FS_HZ = 250.0  # WFDB_DEFFREQ: a header may leave the sampling frequency out
_SKIP, _NUM, _SUB, _CHN, _AUX = 59, 60, 61, 62, 63
_TIME_RESOLUTION = "## time resolution: "


def record_length(record: str | Path) -> tuple[float, int | None]:
    """Sampling frequency (Hz) and length (samples, None where the header does not say) of a WFDB record.

    Args:
        record: Path of the record without extension, "data/mitdb/100".

    Raises:
        InvalidSignal: There is no header, or it cannot be read.
    """
    path = Path(f"{record}.hea")
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise InvalidSignal(f"cannot read header {path}: {error.strerror}") from error
    fields = next((line.split() for line in lines if line.strip() and not line.startswith("#")), [])
    try:
        fs = float(fields[2].split("/")[0].split("(")[0]) if len(fields) > 2 else DEFAULT_FS_HZ
        length = int(fields[3]) if len(fields) > 3 else 0
        if not (np.isfinite(fs) and fs > 0 and length >= 0):
            raise ValueError("sampling frequency and length are positive")
    except ValueError as error:
        raise InvalidSignal(f"header {path} has no valid record line: {' '.join(fields)!r}") from error
    return fs, length or None


def read_annotations(record: str | Path, extension: str) -> Annotations:
    """Reads the annotations of one annotator.

    Args:
        record: Path of the record without extension, "data/mitdb/100". Its header gives the sampling frequency and
            the length; without one, the file's own time resolution is used (else 250 Hz) and the length is unknown.
        extension: Annotator name, "atr".

    Returns:
        The annotations, in samples of the record's sampling frequency.

    Raises:
        InvalidSignal: The file is missing, cut short or not in MIT format.
    """
    path = Path(f"{record}.{extension}")
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise InvalidSignal(f"cannot read annotations {path}: {error.strerror}") from error
    words = np.frombuffer(octets[: len(octets) & ~1], dtype="<u2").astype(np.int64)
    n, table = _decode(words)
    if n < 0:
        raise InvalidSignal(f"annotations {path} are cut short or not in MIT format")
    fs, n_samples = record_length(record) if Path(f"{record}.hea").exists() else (None, None)
    return _annotations(table[:n], octets, fs, n_samples, path)


def write_annotations(record: str | Path, extension: str, annotations: Annotations) -> Path:
    """Writes annotations as a WFDB file in MIT format that the C programs and wfdb-python read.

    Args:
        record: Path of the record without extension; the file is `record.extension`, replaced if it exists.
        extension: Annotator name.
        annotations: What to write.

    Returns:
        The file's path.

    Raises:
        InvalidSignal: An annotation has no WFDB code, or a note is longer than 255 bytes.
    """
    codes = annotations.code
    if (codes == 0).any():
        raise InvalidSignal("cannot write annotations without a WFDB code")
    written = _resolution_note(annotations.fs)
    at = chan = num = 0
    rows = zip(
        annotations.sample.tolist(),
        codes.tolist(),
        annotations.subtype.tolist(),
        annotations.chan.tolist(),
        annotations.num.tolist(),
        annotations.aux_note,
        strict=True,
    )
    for sample, code, subtype, its_chan, its_num, note in rows:
        step = sample - at
        at = sample
        if not 0 <= step < 1024:  # PDP-11 order: the high word first
            written += (
                _word(_SKIP, 0) + (step >> 16 & 0xFFFF).to_bytes(2, "little") + (step & 0xFFFF).to_bytes(2, "little")
            )
            step = 0
        written += _word(code, step)
        if subtype:
            written += _word(_SUB, subtype & 0xFF)
        if its_chan != chan:
            written, chan = written + _word(_CHN, its_chan), its_chan
        if its_num != num:
            written, num = written + _word(_NUM, its_num & 0xFF), its_num
        if note:
            written += _note(note)
    path = Path(f"{record}.{extension}")
    path.write_bytes(bytes(written + _word(0, 0)))
    return path


def _word(code: int, low: int) -> bytes:
    return (code << 10 | low).to_bytes(2, "little")


def _note(text: str) -> bytes:
    octets = text.encode("utf-8")
    if len(octets) > 255:
        raise InvalidSignal(f"annotation note of {len(octets)} bytes; the format holds 255")
    return _word(_AUX, len(octets)) + octets + b"\0" * (len(octets) & 1)


def _resolution_note(fs: float) -> bytearray:
    # The form the WFDB library writes: a note at time 0, then a step back by one and an empty annotation one later.
    return bytearray(
        _word(Code.NOTE, 0)
        + _note(f"{_TIME_RESOLUTION}{fs:.12g}")
        + _word(_SKIP, 0)
        + b"\xff\xff\xff\xff"
        + _word(0, 1)
    )


@njit(cache=True)
def _decode(words):  # type: ignore[no-untyped-def] # pragma: no cover - compiled
    """Rows of (sample, code, subtype, chan, num, note offset in bytes, note length); count -1 where cut short."""
    table = np.zeros((words.size, 7), dtype=np.int64)
    n, i, at, chan, num = 0, 0, 0, 0, 0
    while i < words.size:
        word = words[i]
        if word == 0:
            return n, table
        code, low = word >> 10, word & 0x3FF
        i += 1
        if code == 59:
            if i + 2 > words.size:
                return -1, table
            step = words[i] << 16 | words[i + 1]
            at += step - (1 << 32) if step >= 1 << 31 else step
            i += 2
        elif code == 60:
            num = low & 0xFF if low & 0xFF < 128 else (low & 0xFF) - 256
            if n:
                table[n - 1, 4] = num
        elif code == 61:
            if n:
                table[n - 1, 2] = low & 0xFF if low & 0xFF < 128 else (low & 0xFF) - 256
        elif code == 62:
            chan = low & 0xFF
            if n:
                table[n - 1, 3] = chan
        elif code == 63:
            if 2 * i + low > 2 * words.size:
                return -1, table
            if n:
                table[n - 1, 5], table[n - 1, 6] = 2 * i, low
            i += (low + 1) // 2
        else:
            at += low
            if code >= 50:
                return -1, table
            if code:  # code 0 with a step only moves the time
                table[n, 0], table[n, 1], table[n, 3], table[n, 4] = at, code, chan, num
                n += 1
    return -1, table  # every writer ends with a zero word: without it the rest is lost


def _annotations(
    table: NDArray[np.int64], octets: bytes, fs: float | None, n_samples: int | None, path: Path
) -> Annotations:
    notes = [""] * len(table)
    for i in np.flatnonzero(table[:, 6]).tolist():
        offset, length = int(table[i, 5]), int(table[i, 6])
        notes[i] = octets[offset : offset + length].decode("utf-8", errors="replace").rstrip("\0")
    own_fs, first = _prologue(table, notes, path)
    table, kept = table[first:], tuple(notes[first:])
    made = Annotations(
        np.ascontiguousarray(table[:, 0]),
        symbols_of(table[:, 1]),
        own_fs or fs or DEFAULT_FS_HZ,
        table[:, 2].astype(np.int8),
        table[:, 3].astype(np.uint8),
        table[:, 4].astype(np.int8),
        kept,
    )
    made = made.at_rate(fs) if fs else made
    return made if n_samples is None else made.with_length(n_samples)


def _prologue(table: NDArray[np.int64], notes: list[str], path: Path) -> tuple[float | None, int]:
    """The file's own sampling frequency, and how many of its first notes speak of the file, not the record."""
    fs, first, in_definitions = None, 0, False
    while first < len(notes) and table[first, 0] == 0 and table[first, 1] == Code.NOTE:
        note = notes[first]
        if note.startswith(_TIME_RESOLUTION):
            try:
                fs = float(note.removeprefix(_TIME_RESOLUTION).split()[0])
            except (ValueError, IndexError) as error:
                raise InvalidSignal(f"annotations {path} state no valid time resolution: {note!r}") from error
        elif note.startswith("## annotation type definitions"):
            in_definitions = True
        elif note.startswith("## end of definitions"):
            in_definitions = False
        elif not in_definitions:
            break
        first += 1
    return fs, first
