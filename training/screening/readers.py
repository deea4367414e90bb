"""Readers: recordings as 10 s windows with what is known of them, split by patient (docs/data.md).

One function per data set; each yields Example. Every window goes through ecg.encoder_input, the path of serving.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import wfdb

from ecg.encoder_input import ENCODER_WINDOW_S, prepare
from ecg.leads import STANDARD_LEADS
from ecg.segments import FloatArray
from ecg.windows import Window
from edge.recordings import whole_window
from training.mitdb_splits import SPLITS
from training.screening.labels import targets

#: de Chazal 2004: DS1 trains and tunes, DS2 tests. 201 and 202 are one subject; 102 104 107 217 are paced.
DS1 = SPLITS["DS1"]
#: DS1 records that tune thresholds; 202, the subject of 201, tests, so 201 is left out altogether.
DS1_TUNE = ("106", "119", "207", "223")
_MITDB_UNUSED = SPLITS["paced"] | {"201"}
#: A rhythm must fill this much of a window to name it.
_RHYTHM_S = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One window.

    Attributes:
        record: "mitdb/100": what splits and manifests count.
        split: train, tune or test, by patient.
        signal: float16 (n_leads, 2500), mV, as the encoder takes it.
        lead_index: int64 (n_leads,).
        target: float32 (n_labels,), NaN unknown.
        quality: 1 clean, 0 not to be read, NaN unknown.
    """

    record: str
    split: str
    signal: np.ndarray
    lead_index: np.ndarray
    target: FloatArray
    quality: float


def split_of(patient: str, share_test: float = 0.25, share_tune: float = 0.12) -> str:
    """A split from the patient's name alone, so that it is the same for ever."""
    point = int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) / 16**8
    return "test" if point < share_test else "tune" if point < share_test + share_tune else "train"


def _example(
    record: str, split: str, mv: np.ndarray, fs_hz: float, leads: Sequence[str], target: FloatArray, quality: float
) -> Example:
    """mv (n_leads, n_samples) as an Example."""
    x = prepare(mv[None].astype(np.float32), fs_hz, [list(leads)])
    return Example(record, split, x.signal[0].astype(np.float16), x.lead_index[0], target, quality)


def _spans(annotation: wfdb.Annotation, end: int) -> list[tuple[int, int, str]]:
    """(start, end, rhythm word) of every rhythm annotation."""
    marks = [
        (s, a.strip("\x00(")) for s, a in zip(annotation.sample, annotation.aux_note, strict=True) if a.startswith("(")
    ]
    return [(s, marks[i + 1][0] if i + 1 < len(marks) else end, word) for i, (s, word) in enumerate(marks)]


def _seconds(spans: list[tuple[int, int, str]], words: set[str], start: int, end: int, fs_hz: float) -> float:
    return sum(max(0, min(e, end) - max(s, start)) for s, e, w in spans if w in words) / fs_hz


def mitdb(data: Path, hop_s: float = 10.0) -> Iterator[Example]:
    """MIT-BIH Arrhythmia: AF, VT, VF (flutter), PVC; DS1 trains, DS2 tests."""
    for header in sorted((data / "mitdb").glob("*.hea")):
        path, name = header.with_suffix(""), header.stem
        if name in _MITDB_UNUSED or not path.with_suffix(".atr").exists():
            continue
        window, marks = whole_window(path), wfdb.rdann(str(path), "atr")
        spans = _spans(marks, window.end_sample)
        split = "tune" if name in DS1_TUNE else "train" if name in DS1 else "test"  # records of elsewhere test
        beats = np.array([s for s, m in zip(marks.sample, marks.symbol, strict=True) if m in "VE"])
        for start, end in _windows(window.end_sample, window.fs_hz, hop_s):
            known = _rhythms(spans, start, end, window.fs_hz) | {"PVC": float(((beats >= start) & (beats < end)).any())}
            mv = window.signal_mv[:, start:end]
            yield _example(f"mitdb/{name}", split, mv, window.fs_hz, window.lead_names, targets(**known), 1.0)


def vfdb(data: Path, hop_s: float = 5.0) -> Iterator[Example]:
    """MIT-BIH Malignant Ventricular: VF, VT, noise; split by record."""
    for header in sorted((data / "vfdb").glob("*.hea")):
        window, marks = whole_window(header.with_suffix("")), wfdb.rdann(str(header.with_suffix("")), "atr")
        spans = _spans(marks, window.end_sample)
        name = f"vfdb/{header.stem}"
        for start, end in _windows(window.end_sample, window.fs_hz, hop_s):
            noisy = _seconds(spans, {"NOISE"}, start, end, window.fs_hz)
            known = _rhythms(spans, start, end, window.fs_hz) if noisy < 1 else {}
            mv = window.signal_mv[:, start:end]
            quality = 0.0 if noisy > 5 else 1.0 if noisy == 0 else np.nan
            yield _example(name, split_of(name), mv, window.fs_hz, window.lead_names, targets(**known), quality)


def _rhythms(spans: list[tuple[int, int, str]], start: int, end: int, fs_hz: float) -> dict[str, float]:
    """AF, VT and VF as 1, 0 or (a short one) unknown."""
    groups = {"AF": {"AFIB", "AFL"}, "VT": {"VT"}, "VF": {"VF", "VFL", "VFIB"}}
    found = {label: _seconds(spans, words, start, end, fs_hz) for label, words in groups.items()}
    return {label: float(s > 0) for label, s in found.items() if s == 0 or s >= _RHYTHM_S}


def cudb(data: Path) -> Iterator[Example]:
    """CU Ventricular Tachyarrhythmia: 5 s windows, shockable (VF) or not; split by record."""
    listing = data / "cudb" / "windows_5s_rhythm.csv"
    windows: dict[str, Window] = {}
    for row in csv.DictReader(io.StringIO(listing.read_text(encoding="utf-8"))) if listing.exists() else ():
        name, key = row["record"], f"cudb/{row['record']}"
        if not (data / "cudb" / f"{name}.hea").exists():
            continue
        if name not in windows:
            windows[name] = whole_window(data / "cudb" / name)
        window = windows[name]
        end = round(float(row["end_s"]) * window.fs_hz)
        mv = window.signal_mv[:, max(0, end - round(ENCODER_WINDOW_S * window.fs_hz)) : end]
        known = {"VF": float(row["shockable"])} if end >= 10 * window.fs_hz else {}
        yield _example(key, split_of(key), mv, window.fs_hz, window.lead_names, targets(**known), np.nan)


def cinc2017(data: Path) -> Iterator[Example]:
    """AF challenge: single lead; N, O: no AF; A: AF; ~: not to be read. The first 10 s and the middle 10 s of each."""
    listing = data / "cinc2017" / "REFERENCE.csv"
    for name, label in csv.reader(io.StringIO(listing.read_text(encoding="utf-8"))) if listing.exists() else ():
        path = data / "cinc2017" / name
        if not path.with_suffix(".hea").exists():
            continue
        window = whole_window(path)
        key, n = f"cinc2017/{name}", round(ENCODER_WINDOW_S * window.fs_hz)
        known = {} if label == "~" else {"AF": float(label == "A")}
        for start in {0, max(0, (window.end_sample - n) // 2)}:
            mv = window.signal_mv[:, start : start + n]
            yield _example(key, split_of(key), mv, window.fs_hz, ["I"], targets(**known), float(label != "~"))


def cinc2011(data: Path) -> Iterator[Example]:
    """12-lead quality: acceptable or not."""
    listing = data / "cinc2011" / "acceptable.csv"
    for name, flag in csv.reader(io.StringIO(listing.read_text(encoding="utf-8"))) if listing.exists() else ():
        path = data / "cinc2011" / name
        if flag in ("0", "1") and path.with_suffix(".hea").exists():
            window = whole_window(path)
            mv = window.signal_mv[:, : round(ENCODER_WINDOW_S * window.fs_hz)]
            key = f"cinc2011/{name}"
            yield _example(key, split_of(key), mv, window.fs_hz, window.lead_names, targets(), float(flag))


def _ptbxl_rows(data: Path) -> dict[int, tuple[str, str, FloatArray, FloatArray]]:
    """ecg_id: (split, patient, target with and without what needs absolute voltage)."""
    folder = data / "ptb-xl"
    if not (folder / "reports.csv").exists():
        return {}
    classes = {
        row[""]: row["diagnostic_class"]
        for row in csv.DictReader(io.StringIO((folder / "scp_statements.csv").read_text(encoding="utf-8")))
    }
    found = {}
    for row in csv.DictReader(io.StringIO((folder / "reports.csv").read_text(encoding="utf-8"))):
        codes = ast.literal_eval(row["scp_codes"])
        supers = {classes.get(code, "") for code, likelihood in codes.items() if likelihood >= 50 or likelihood == 0}
        known = {name: float(name in supers) for name in ("NORM", "MI", "STTC", "CD", "HYP")}
        known |= {"AF": float(bool({"AFIB", "AFLT"} & set(codes))), "PVC": float("PVC" in codes), "VT": 0.0, "VF": 0.0}
        fold = int(row["strat_fold"])
        split = "train" if fold <= 7 else "tune" if fold == 8 else "test"
        no_voltage = {k: v for k, v in known.items() if k != "HYP"}
        found[int(row["ecg_id"])] = (split, row["patient_id"], targets(**known), targets(**no_voltage))
    return found


def ptbxl(data: Path) -> Iterator[Example]:
    """PTB-XL: records at 500 Hz in mV, and z-scored ones at 250 Hz; folds 1-7 train, 8 tunes, 9 tests."""
    rows = _ptbxl_rows(data)
    for header in sorted((data / "ptb-xl").rglob("*_hr.hea")):
        ecg_id = int(header.stem.split("_")[0])
        if ecg_id in rows:
            split, _, target, _ = rows[ecg_id]
            window = whole_window(header.with_suffix(""))
            mv, names = window.signal_mv, window.lead_names
            yield _example(f"ptb-xl/{ecg_id}", split, mv, window.fs_hz, names, target, np.nan)
    folder = data / "ptb-xl-z250"
    if (folder / "signals.npy").exists():
        signals = np.load(folder / "signals.npy", mmap_mode="r")  # int16 (n, 2500, 12), 64 counts a standard deviation
        for ecg_id, counts in zip(map(int, (folder / "ecg_ids.txt").read_text().split()), signals, strict=True):
            if ecg_id in rows:
                split, _, _, target = rows[ecg_id]
                # 0.2 mV a standard deviation: typical, not measured
                scaled_mv = np.asarray(counts, np.float32).T / 64 * 0.2
                yield _example(f"ptb-xl-z250/{ecg_id}", split, scaled_mv, 250.0, list(STANDARD_LEADS), target, np.nan)


def _windows(n_samples: int, fs_hz: float, hop_s: float) -> list[tuple[int, int]]:
    n, hop = round(ENCODER_WINDOW_S * fs_hz), round(hop_s * fs_hz)
    return [(start, start + n) for start in range(0, n_samples - n + 1, hop)]


READERS: dict[str, Callable[[Path], Iterator[Example]]] = {
    "mitdb": mitdb,
    "vfdb": vfdb,
    "cudb": cudb,
    "cinc2017": cinc2017,
    "cinc2011": cinc2011,
    "ptb-xl": ptbxl,
}
