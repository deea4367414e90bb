"""Annotations of a record: beats, rhythm changes, signal-quality marks, in the WFDB's own words.

Owns the `Annotations` type and the WFDB annotation codes. Pure: reading and writing files is `edge/wfdb_files.py`;
must not import numba, wfdb or anything outside numpy and the standard library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ecg.errors import InvalidSignal


class Code(IntEnum):
    """WFDB annotation codes that the scorers treat by name (`ecgcodes.h`); the full table is `SYMBOL_OF_CODE`."""

    NOTQRS = 0
    NORMAL = 1
    PVC = 5
    FUSION = 6
    UNKNOWN = 13
    NOISE = 14
    STCH = 18
    NOTE = 22
    MEASURE = 23
    RHYTHM = 28
    FLWAV = 31
    VFON = 32
    VFOFF = 33


# Index = WFDB annotation code, character = its mnemonic. Codes with no standard mnemonic hold a space.
# Source: WFDB Programmer's Guide, "Annotation Codes"; the same table as wfdb-python's `ann_labels`.
SYMBOL_OF_CODE = ' NLRaVFJASEj/Q~ | sT*D"=pB^t+u?![]en@xf()r'

_N_CODES = 50  # ACMAX + 1
_CODE_OF_CHAR: NDArray[np.int8] = np.zeros(128, dtype=np.int8)
for _code, _char in enumerate(SYMBOL_OF_CODE):
    if _char != " ":
        _CODE_OF_CHAR[ord(_char)] = _code
_CHAR_OF_CODE: NDArray[np.str_] = np.array(list(SYMBOL_OF_CODE.ljust(_N_CODES)), dtype="<U1")

# Which codes mark a QRS complex (`isqrs` of `ecgmap.h`). It counts the flutter wave `!`, which no AAMI class holds.
IS_QRS: NDArray[np.bool_] = np.zeros(_N_CODES, dtype=np.bool_)
IS_QRS[[*range(1, 14), 25, 30, 31, 34, 35, 38, 41]] = True


@dataclass(frozen=True, slots=True, eq=False)
class Annotations:
    """The annotations one annotator made of one record, in time order.

    Attributes:
        sample: (n,) int64, position of each annotation in samples from the start of the record; not decreasing.
        symbol: (n,) one-character WFDB mnemonics ("N", "V", "+", "~" ...), dtype "<U1".
        fs: Sampling frequency in Hz that `sample` counts in.
        subtype: (n,) int8; for "~" the lead-quality bits (0x30 set: no lead can be read), for "=" the measurement type.
        chan: (n,) uint8, the lead the annotation belongs to.
        num: (n,) int8, the annotator's own number.
        aux_note: n strings; "(AFIB", "(VT", "(N" on rhythm changes "+", ST text on "s", values on "=".
        n_samples: Length of the record in samples, None where it is not known.
    """

    sample: NDArray[np.int64]
    symbol: NDArray[np.str_]
    fs: float
    subtype: NDArray[np.int8]
    chan: NDArray[np.uint8]
    num: NDArray[np.int8]
    aux_note: tuple[str, ...]
    n_samples: int | None = None

    def __post_init__(self) -> None:
        n = self.sample.size
        if not (np.isfinite(self.fs) and self.fs > 0):
            raise InvalidSignal(f"sampling frequency of annotations must be positive, got {self.fs}")
        sizes = (self.symbol.size, self.subtype.size, self.chan.size, self.num.size, len(self.aux_note))
        if any(size != n for size in sizes):
            raise InvalidSignal(f"annotation fields differ in length: {n} samples, others {sizes}")
        if self.symbol.dtype != np.dtype("<U1"):
            raise InvalidSignal(f"annotation symbols must be single characters, got dtype {self.symbol.dtype}")
        if n and (np.diff(self.sample) < 0).any():
            raise InvalidSignal("annotations are not in time order")
        for array in (self.sample, self.symbol, self.subtype, self.chan, self.num):
            array.setflags(write=False)

    @classmethod
    def of(
        cls,
        sample: ArrayLike,
        symbol: Sequence[str] | NDArray[np.str_] | str,
        fs: float,
        *,
        aux_note: Sequence[str] | None = None,
        subtype: ArrayLike = 0,
        chan: ArrayLike = 0,
        num: ArrayLike = 0,
        n_samples: int | None = None,
    ) -> Annotations:
        """Builds annotations from what the caller has; everything but time, symbol and fs may be left out.

        Args:
            sample: (n,) positions in samples; copied, and sorted by time (ties keep their order).
            symbol: n mnemonics, or one for all ("N" for a plain beat detector).
            fs: Sampling frequency in Hz.
            aux_note: n strings, None for none.
            subtype: (n,) or one for all.
            chan: (n,) or one for all.
            num: (n,) or one for all.
            n_samples: Length of the record in samples, if known.

        Returns:
            The annotations, in time order.

        Raises:
            InvalidSignal: Lengths differ, a symbol is unknown, fs is not positive, or a position is no whole number.
        """
        at = _positions(sample)
        n = at.size
        if isinstance(symbol, str) and len(symbol) != 1:
            raise InvalidSignal("annotation symbols must be single characters")
        label = np.full(n, symbol, dtype="<U1") if isinstance(symbol, str) else np.array(symbol, dtype=np.str_)
        if label.dtype != np.dtype("<U1"):
            if label.size and (np.char.str_len(label) > 1).any():
                raise InvalidSignal("annotation symbols must be single characters")
            label = label.astype("<U1")
        note = ("",) * n if aux_note is None else tuple(aux_note)
        fields = (_filled(subtype, n, np.int8), _filled(chan, n, np.uint8), _filled(num, n, np.int8))
        if n > 1 and (np.diff(at) < 0).any() and label.size == n == len(note):
            order = np.argsort(at, kind="stable")
            at, label = at[order], label[order]
            fields = (fields[0][order], fields[1][order], fields[2][order])
            note = tuple(note[i] for i in order)
        made = cls(at, label, float(fs), *fields, note, n_samples)
        if (made.code == 0).any():
            raise InvalidSignal(f"unknown annotation symbols: {sorted(set(label[made.code == 0].tolist()))}")
        return made

    @property
    def code(self) -> NDArray[np.int8]:
        """(n,) WFDB annotation codes; 0 where the symbol has none."""
        if not self.symbol.size:
            return np.zeros(0, dtype=np.int8)
        point = np.ascontiguousarray(self.symbol).view(np.uint32)
        return _CODE_OF_CHAR[np.where(point < 128, point, 0)]

    @property
    def is_beat(self) -> NDArray[np.bool_]:
        """(n,) True where the annotation marks a QRS complex (the flutter wave "!" included, as the WFDB does)."""
        return IS_QRS[self.code]

    def __len__(self) -> int:
        return int(self.sample.size)

    def select(self, mask: NDArray[np.bool_]) -> Annotations:
        """The annotations where `mask` (n,) is True, in the same order."""
        keep = np.flatnonzero(mask)
        fields = (self.sample[keep], self.symbol[keep], self.fs, self.subtype[keep], self.chan[keep], self.num[keep])
        return Annotations(*fields, tuple(self.aux_note[i] for i in keep), self.n_samples)

    def beats(self) -> Annotations:
        """Only the QRS complexes."""
        return self.select(self.is_beat)

    def rhythms(self) -> Annotations:
        """Only the rhythm changes ("+")."""
        return self.select(self.code == Code.RHYTHM)

    def at_rate(self, fs: float) -> Annotations:
        """The same annotations counted in samples of another rate, rounded half up as the WFDB library does."""
        if fs == self.fs:
            return self
        moved = np.floor(self.sample * (fs / self.fs) + 0.5).astype(np.int64)
        length = None if self.n_samples is None else int(self.n_samples * (fs / self.fs) + 0.5)
        return replace(self, sample=moved, fs=float(fs), n_samples=length)

    def with_length(self, n_samples: int) -> Annotations:
        """The same annotations of a record `n_samples` long."""
        return replace(self, n_samples=n_samples)


def _positions(sample: ArrayLike) -> NDArray[np.int64]:
    """(n,) int64 positions; floats are taken where they are whole."""
    given = np.array(sample)
    if given.size == 0:
        return np.zeros(0, np.int64)
    if given.dtype.kind not in "fiu" or not np.isfinite(given).all() or (given != np.floor(given)).any():
        raise InvalidSignal("annotation positions are whole numbers of samples")
    return given.astype(np.int64).reshape(-1)


def symbols_of(codes: NDArray[Any]) -> NDArray[np.str_]:
    """(n,) mnemonics of WFDB annotation codes 0-49; a space where a code has none."""
    symbols: NDArray[np.str_] = _CHAR_OF_CODE[codes]
    return symbols


def _filled(values: ArrayLike, n: int, dtype: Any) -> NDArray[Any]:
    given = np.asarray(values)
    if given.ndim == 0:
        return np.full(n, given, dtype=dtype)
    return np.array(given, dtype=dtype)
