"""Replay of WFDB records: any record, its ECG leads, with the integers, gain and baseline of the file.

Owns reading signals through the wfdb package and mapping its failures onto InvalidSignal. Annotations are
edge.wfdb_files'. Must not import the agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import wfdb

from ecg.errors import InvalidSignal
from ecg.segments import INVALID_SAMPLE, MAX_FS_HZ, MAX_LEADS, MIN_FS_HZ, Int16Array, Lead
from edge.sources.loop import Loop
from edge.sources.source import MAX_ADU, MIN_ADU, Chunk
from edge.wfdb_files import record_length

# Millivolts per unit of the header; a signal in any other unit (mmHg, NU, pm, %) is no ECG.
_MV_PER_UNIT = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
# Names of other channels in bedside records, which some headers give in mV. Source: CinC 2015 and MIMIC headers.
_NOT_ECG = (
    "PLETH",
    "ABP",
    "ART",
    "RESP",
    "CVP",
    "PAP",
    "ICP",
    "SPO2",
    "BP",
    "CO2",
    "UAP",
    "P1",
    "P2",
    "EOG",
    "EEG",
    "EMG",
)
# What a format writes where there is no sample. Source: WFDB Applications Guide, signal(5).
_INVALID_BY_FORMAT = {
    "80": -(2**7),
    "508": -(2**7),
    "212": -(2**11),
    "310": -(2**9),
    "311": -(2**9),
    "16": -(2**15),
    "61": -(2**15),
    "160": -(2**15),
    "516": -(2**15),
    "24": -(2**23),
    "524": -(2**23),
    "32": -(2**31),
}
#: Bits a sample takes in the formats that do not compress; 310 and 311 hold three in 32. Source: signal(5).
_BITS_PER_SAMPLE = {"8": 8, "16": 16, "24": 24, "32": 32, "61": 16, "80": 8, "160": 16, "212": 12, "310": 10, "311": 10}
_COMPRESSED = frozenset({"508", "516", "524"})
_DEFAULT_GAIN = 200.0  # WFDB: a gain of 0 or none means "uncalibrated, take 200"


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """The ECG of a record: samples int16 (n_leads, n_samples), read-only, in the units of its leads."""

    fs_hz: float
    leads: tuple[Lead, ...]
    samples: Int16Array


@lru_cache(maxsize=1024)
def read_recording(record: str, leads: tuple[str, ...] = ()) -> Recording:
    """Reads the ECG leads of a record; read once and shared between beds.

    Args:
        record: Path without extension, "data/mitdb/100".
        leads: Channel names to take, whatever they are; () takes every ECG channel.

    Raises:
        InvalidSignal: The header or a signal file is missing or damaged, or there is no such lead; the text names it.
    """
    header, raw = _read(record)
    names = [str(name or "ECG") for name in header.sig_name or []]
    picked = _pick(names, [str(unit or "mV") for unit in header.units or []], leads, record)
    rows, made = [], []
    for channel, name in zip(picked, _distinct([names[i] for i in picked]), strict=True):
        row, lead = _channel(header, raw[:, channel], channel, name)
        rows.append(row)
        made.append(lead)
    samples = np.stack(rows)
    samples.flags.writeable = False
    return Recording(float(header.fs), tuple(made), samples)


def find_records(folder: Path, records: Sequence[str] = ()) -> tuple[str, ...]:
    """Records below a folder, as paths without extension, sorted.

    Args:
        folder: Searched with its subfolders.
        records: Names to take, with or without their subfolder; () takes all.

    Raises:
        InvalidSignal: The folder has no records, or not the ones named.
    """
    found = [
        str(path.with_suffix("")) for path in sorted(folder.rglob("*.hea")) if not path.name.endswith("_layout.hea")
    ]
    if not found:
        raise InvalidSignal(f"no WFDB header (*.hea) below {folder}")
    if not records:
        return tuple(found)
    chosen = []
    for name in records:
        matches = [path for path in found if path == str(folder / name) or Path(path).name == name]
        if not matches:
            raise InvalidSignal(f"no record {name} below {folder}")
        chosen.append(matches[0])
    return tuple(chosen)


def _read(record: str) -> tuple[Any, npt.NDArray[np.int64]]:
    path = Path(record)
    header_path = Path(f"{record}.hea")
    if not header_path.is_file():
        raise InvalidSignal(f"record {path.name}: header {header_path} is missing")
    _check_header(path, header_path)
    try:
        header = wfdb.rdrecord(str(path.absolute()), physical=False, smooth_frames=True)
    except FileNotFoundError as error:
        raise InvalidSignal(f"record {path.name}: signal file {error.filename} is missing") from error
    except ValueError as error:  # the commonest: NumPy says that the samples do not fill the header's shape
        if "broadcast" in str(error) or "reshape" in str(error):
            raise InvalidSignal(
                f"record {path.name}: a signal file is shorter than {header_path} says ({_sizes(path)}): truncated?"
            ) from error
        raise InvalidSignal(f"record {path.name}: {header_path} or its signals cannot be read: {error}") from error
    except Exception as error:  # wfdb lets through whatever parsing raises; any of it means the record is unusable
        raise InvalidSignal(f"record {path.name}: {header_path} or its signals cannot be read: {error}") from error
    if header.d_signal is None or header.d_signal.size == 0:
        raise InvalidSignal(f"record {path.name}: it has no samples")
    if not MIN_FS_HZ <= header.fs <= MAX_FS_HZ:
        raise InvalidSignal(f"record {path.name}: fs {float(header.fs)} Hz is not in [{MIN_FS_HZ:g}, {MAX_FS_HZ:g}]")
    return header, np.asarray(header.d_signal, dtype=np.int64)


def _check_header(path: Path, header_path: Path) -> None:
    """Refuses, in plain words, a header that is none and signal files that cannot hold what it promises."""
    record_length(path)  # wfdb takes 250 Hz where it cannot read the sampling frequency: every number would be wrong
    try:
        header = wfdb.rdheader(str(path.absolute()))
    except Exception as error:  # whatever parsing raises: it is no header
        said = str(error) if isinstance(error, ValueError | wfdb.io.header.HeaderSyntaxError) else "lines are missing"
        raise InvalidSignal(f"record {path.name}: {header_path} is no WFDB header: {said}") from error
    files = getattr(header, "file_name", None)
    if not files or not header.sig_len or header.sig_len < 0:  # of several segments, or of unknown length
        return
    if not header.n_sig == len(files) == len(header.fmt):
        raise InvalidSignal(
            f"record {path.name}: {header_path} promises {header.n_sig} signals and describes {len(files)}"
        )
    unknown = sorted({str(fmt) for fmt in header.fmt} - _BITS_PER_SAMPLE.keys() - _COMPRESSED)
    if unknown:
        raise InvalidSignal(f"record {path.name}: {header_path} names signal format {', '.join(unknown)}: not known")
    for name in dict.fromkeys(files):
        _check_size(path, header_path, header, str(name))


def _check_size(path: Path, header_path: Path, header: Any, name: str) -> None:
    signal_file = path.parent / name
    channels = [i for i, other in enumerate(header.file_name) if other == name]
    fmt = str(header.fmt[channels[0]])
    if fmt in _COMPRESSED:
        return
    if not signal_file.is_file():
        raise InvalidSignal(f"record {path.name}: signal file {signal_file.absolute()} is missing")
    per_frame = sum(int(header.samps_per_frame[i] or 1) for i in channels)
    wanted = int(header.byte_offset[channels[0]] or 0) + header.sig_len * per_frame * _BITS_PER_SAMPLE[fmt] // 8
    if signal_file.stat().st_size < wanted:
        raise InvalidSignal(
            f"record {path.name}: a signal file is shorter than {header_path} says ({name}: "
            f"{signal_file.stat().st_size} bytes of {wanted}): truncated?"
        )


def _sizes(record: Path) -> str:
    """The files beside a header, with their sizes."""
    files = [p for p in sorted(record.parent.glob(f"{record.name}.*")) if p.suffix in (".dat", ".mat")]
    return ", ".join(f"{p.name}: {p.stat().st_size} bytes" for p in files) or "no signal file beside it"


def _pick(names: list[str], units: list[str], wanted: tuple[str, ...], record: str) -> list[int]:
    if wanted:
        folded = [name.lower() for name in names]
        missing = [lead for lead in wanted if lead.lower() not in folded]
        if missing:
            raise InvalidSignal(f"record {Path(record).name}: no lead {', '.join(missing)}; it has {', '.join(names)}")
        return [folded.index(lead.lower()) for lead in wanted][:MAX_LEADS]
    picked = [i for i, (name, unit) in enumerate(zip(names, units, strict=True)) if _is_ecg(name, unit)]
    if not picked:
        raise InvalidSignal(f"record {Path(record).name}: no ECG lead among {', '.join(names)}")
    return picked[:MAX_LEADS]


def _is_ecg(name: str, unit: str) -> bool:
    return unit.lower() in _MV_PER_UNIT and not name.upper().startswith(_NOT_ECG)


def _distinct(names: list[str]) -> list[str]:
    """The names with a number after every repetition: vfdb calls both its leads ECG, a segment may not."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name[:32] if seen[name] == 1 else f"{name[:29]} {seen[name]}")
    return out


def _channel(header: Any, raw: npt.NDArray[np.int64], channel: int, name: str) -> tuple[Int16Array, Lead]:
    """One channel as int16 and its lead; shifted or scaled, with its baseline and gain, only where it does not fit."""
    per_mv = _MV_PER_UNIT.get(str(header.units[channel] or "mV").lower(), 1.0)
    gain = float(header.adc_gain[channel] or _DEFAULT_GAIN) / per_mv
    baseline = int(header.baseline[channel] or 0)
    invalid = raw == _INVALID_BY_FORMAT.get(str(header.fmt[channel]), INVALID_SAMPLE)
    present = raw[~invalid]
    low, high = (int(present.min()), int(present.max())) if present.size else (0, 0)
    if low < MIN_ADU or high > MAX_ADU:  # formats 24 and 32, or 16 with a far offset
        offset = (low + high) // 2
        shift = max(0, (high - low).bit_length() - 15)
        raw, baseline, gain = (raw - offset) >> shift, (baseline - offset) >> shift, gain / (1 << shift)
    samples = np.clip(raw, MIN_ADU, MAX_ADU).astype(np.int16)
    samples[invalid] = INVALID_SAMPLE
    return samples, Lead(name, gain, baseline)


class WfdbReplay:
    """A bed that replays a record.

    Args:
        recording: What to play.
        once: End at the record's end instead of starting over.
        start_s: Where in the record to begin.
    """

    def __init__(self, recording: Recording, once: bool = False, start_s: float = 0.0) -> None:
        self._recording = recording
        self._loop = Loop(recording.samples, recording.fs_hz, round(start_s * recording.fs_hz), once)

    @property
    def ended(self) -> bool:
        """True when the record was played once to its end."""
        return self._loop.ended

    def read(self, until_s: float) -> Chunk | None:
        """Samples due by until_s; see Source."""
        n = self._loop.due(until_s)
        if n <= 0:
            return None
        return Chunk(self._recording.fs_hz, self._recording.leads, self._loop.take(n))
