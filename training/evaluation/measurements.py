"""Measurements: errors on synthetic ECGs whose values are known, against LUDB's marks, agreement with PTB-XL's codes.

The synthetic part draws its own patients from ecg.synthesis; a fifth of the delineator's training examples came from the
same generator (other draws), so these errors say how exact measuring is, not how it generalises: PTB-XL says that.
"""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg.errors import InvalidSignal
from ecg.lead_geometry import STANDARD_LEADS, project
from ecg.measurements.measure import measure
from ecg.measurements.measurement import MeasurementTable
from ecg.measurements.window_rows import axis_difference
from ecg.synthesis import BeatSpec, QrsShape, beat_course, synthesize
from ecg.windows import Window
from edge.recordings import whole_window
from training.evaluation.figures import Figure, fraction
from training.evaluation.measurements_ludb import on_ludb

FloatArray = NDArray[np.float64]
#: Synthetic patients, noise (mV) and wander (mV) they are drawn with, sampling frequencies and lead sets.
_PATIENTS, _NOISE_MV, _WANDER_MV = 120, 0.015, 0.15
_RATES_HZ = (250.0, 360.0, 500.0, 1000.0)
_LEAD_SETS: tuple[tuple[str, ...], ...] = (STANDARD_LEADS, ("I", "II", "V1"), ("II",))
_AMPLITUDES = ("p_amplitude", "r_amplitude", "qrs_peak_to_peak", "st_j", "t_amplitude")
#: Frontal axis (from, to], degrees, of PTB-XL's heart_axis codes; LAD is the German "Linkstyp", from +30 leftwards.
_AXIS_OF_CODE = {"MID": (-30, 90), "LAD": (-180, 30), "ALAD": (-180, -30), "RAD": (90, 180), "ARAD": (90, 180)}
#: Folds of PTB-XL, by split.
_FOLDS = {None: range(1, 11), "train": range(1, 8), "tune": range(8, 9), "test": range(9, 10)}


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Figures on synthetic patients, and on data_dir/ludb and data_dir/ptb-xl where they stand.

    Args:
        data_dir: Folder of data sets.
        split: "train" (folds 1-7), "tune" (8) or "test" (9) of PTB-XL; all where None, and LUDB.
        progress: Told of each stage.

    Raises:
        InvalidSignal: There is no such split.
    """
    if split not in _FOLDS:
        raise InvalidSignal(f"ptb-xl has no split {split!r}: train, tune, test")
    figures = list(on_synthetic())
    if progress:
        progress(f"measurements: {_PATIENTS} synthetic patients measured")
    if split is None:
        figures += list(on_ludb(data_dir))
    return figures + list(on_ptb_xl(data_dir / "ptb-xl", split, progress))


def on_synthetic() -> Iterable[Figure]:
    """Error of each measurement against what was drawn."""
    rng = np.random.default_rng(2024)
    errors: dict[str, list[float]] = {}
    asked: dict[str, int] = {}
    for k in range(_PATIENTS):
        spec, rr_s = random_patient(rng)
        leads = _LEAD_SETS[k % len(_LEAD_SETS)]
        fs_hz = _RATES_HZ[k % len(_RATES_HZ)]
        signal, _ = synthesize(spec, rr_s, fs_hz, 10.0, leads, rng, noise_mv=_NOISE_MV, wander_mv=_WANDER_MV)
        table = measure(Window("synthetic", 0, 0, fs_hz, 0, leads, signal))
        for name, lead, true in truths(spec, rr_s, leads):
            found = table.get(name, lead).value
            asked[name] = asked.get(name, 0) + 1
            if found is not None:
                off = axis_difference(found, true) if name.endswith("_axis") else found - true
                errors.setdefault(name, []).append(off)
    for name, n in asked.items():
        values = np.array(errors.get(name, []))
        unit = {"h": "bpm"}.get(name[0], "deg" if name.endswith("axis") else "mV" if name in _AMPLITUDES else "ms")
        yield fraction(f"synthetic.{name}.measured", len(values), n)
        if len(values) > 1:
            mean, sd = float(values.mean()), float(values.std(ddof=1))
            half = 1.96 * sd / float(np.sqrt(len(values)))
            yield Figure(f"synthetic.{name}.mean_error", mean, mean - half, mean + half, len(values), unit)
            worst = float(np.quantile(np.abs(values), 0.95))
            yield Figure(f"synthetic.{name}.abs_error_p95", worst, worst, worst, len(values), unit)


def random_patient(rng: np.random.Generator) -> tuple[BeatSpec, float]:
    """A beat with P, any conduction, and an RR interval it fits into."""
    rr_s = float(rng.uniform(0.6, 1.2))
    shape = QrsShape(rng.choice(["normal", "normal", "rbbb", "lbbb"]))
    qrs = float(rng.uniform(75, 108) if shape is QrsShape.NORMAL else rng.uniform(122, 165))
    qt = float(400 * np.sqrt(rr_s) * rng.uniform(0.92, 1.08)) + (qrs - 90) / 2
    pr = float(min(rng.uniform(125, 260), 1000 * rr_s - qt - 40))
    st = {lead: float(rng.normal(0, 0.1)) for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")}
    spec = BeatSpec(
        p_duration_ms=float(min(rng.uniform(85, 120), pr - 20)),
        p_amplitude_mv=float(rng.uniform(0.1, 0.25)),
        p_axis_deg=float(rng.uniform(30, 75)),
        pr_ms=pr,
        qrs_shape=shape,
        qrs_duration_ms=qrs,
        qrs_amplitude_mv=float(rng.uniform(0.8, 2.0)),
        qrs_axis_deg=float(rng.uniform(-60, 110)),
        st_mv=st if rng.random() < 0.4 else {},
        qt_ms=qt,
        t_duration_ms=float(0.48 * qt),
        t_amplitude_mv=float(rng.uniform(0.2, 0.5) * (1 if shape is QrsShape.NORMAL else -1)),
        t_axis_deg=float(rng.uniform(20, 70)),
    )
    return spec, rr_s


def truths(spec: BeatSpec, rr_s: float, leads: Sequence[str]) -> Iterable[tuple[str, str | None, float]]:
    """(name, lead, value) of what was drawn."""
    yield "heart_rate", None, 60.0 / rr_s
    yield "p_duration", None, spec.p_duration_ms
    yield "pr_interval", None, spec.pr_ms
    yield "qrs_duration", None, spec.qrs_duration_ms
    yield "qt_interval", None, spec.qt_ms
    yield "qtc_bazett", None, spec.qt_ms / float(np.sqrt(rr_s))
    if {"I", "II"} <= set(leads):
        yield "qrs_axis", None, spec.qrs_axis_deg
        yield "p_axis", None, spec.p_axis_deg
    t_ms = np.arange(-spec.pr_ms, spec.qt_ms, 0.5)
    course = project(beat_course(spec, t_ms), leads).astype(np.float64)
    p = t_ms <= -spec.pr_ms + spec.p_duration_ms
    qrs = (t_ms >= 0) & (t_ms <= spec.qrs_duration_ms)
    t = t_ms >= spec.qt_ms - spec.t_duration_ms
    j = int(np.searchsorted(t_ms, spec.qrs_duration_ms))
    for row, lead in zip(course, leads, strict=True):
        yield "p_amplitude", lead, _extreme(row[p])
        yield "r_amplitude", lead, max(0.0, float(row[qrs].max()))
        yield "qrs_peak_to_peak", lead, float(np.ptp(row[qrs]))
        yield "st_j", lead, float(row[j])
        yield "t_amplitude", lead, _extreme(row[t])


def _extreme(course: FloatArray) -> float:
    return float(course[int(np.argmax(np.abs(course)))])


def on_ptb_xl(root: Path, split: str | None, progress: Callable[[str], None] | None) -> Iterable[Figure]:
    """Agreement with the readers' codes: sensitivity where a code is given, specificity in the normal records."""
    records = list(_records(root, split))
    tables = [(codes, axis, _measured(path)) for path, codes, axis in records]
    if progress and tables:
        progress(f"measurements: {len(tables)} records of PTB-XL measured")
    known = [(codes, axis, table) for codes, axis, table in tables if table is not None]

    def share(name: str, of: Callable[[set[str]], bool], holds: Callable[[MeasurementTable], bool]) -> Figure:
        chosen = [table for codes, _, table in known if of(codes)]
        return fraction(f"ptb_xl.{name}", sum(map(holds, chosen)), len(chosen))

    def value(table: MeasurementTable, name: str) -> float:
        found = table.get(name).value
        return np.nan if found is None else found

    sinus = {
        "SBRAD",
        "STACH",
        "SARRH",
        "1AVB",
        "LPR",
        "AFIB",
        "AFLT",
        "PACE",
        "CLBBB",
        "CRBBB",
        "ILBBB",
        "IRBBB",
        "IVCD",
        "WPW",
    }
    yield share("rate_below_60.of_SBRAD", lambda c: "SBRAD" in c, lambda t: value(t, "heart_rate") < 60)
    yield share("rate_above_100.of_STACH", lambda c: "STACH" in c, lambda t: value(t, "heart_rate") > 100)
    yield share("pr_above_200.of_1AVB", lambda c: "1AVB" in c, lambda t: value(t, "pr_interval") > 200)
    yield share(
        "pr_at_most_200.of_NORM", lambda c: "NORM" in c and not c & sinus, lambda t: value(t, "pr_interval") <= 200
    )
    yield share(
        "qrs_120_or_more.of_CLBBB_CRBBB",
        lambda c: bool(c & {"CLBBB", "CRBBB"}),
        lambda t: value(t, "qrs_duration") >= 120,
    )
    yield share("qrs_below_120.of_NORM", lambda c: "NORM" in c, lambda t: value(t, "qrs_duration") < 120)
    yield share("p_found.of_SR", lambda c: "SR" in c, lambda t: value(t, "p_present") >= 0.5)
    yield share("no_p_found.of_AFIB", lambda c: "AFIB" in c, lambda t: value(t, "p_present") < 0.5)
    yield share("irregular.of_AFIB", lambda c: "AFIB" in c, lambda t: value(t, "rr_irregularity") > 0.1)
    yield share("axis_below_-30.of_LAFB", lambda c: "LAFB" in c, lambda t: value(t, "qrs_axis") < -30)
    coded = [(_AXIS_OF_CODE[axis], value(table, "qrs_axis")) for _, axis, table in known if axis in _AXIS_OF_CODE]
    agree = sum(low <= found <= high for (low, high), found in coded)
    yield fraction("ptb_xl.axis_agrees_with_heart_axis", agree, len(coded))


def _records(root: Path, split: str | None) -> Iterable[tuple[Path, set[str], str]]:
    if not (root / "reports.csv").exists():
        return
    folds = _FOLDS[split]
    with (root / "reports.csv").open(newline="") as stream:
        rows = {int(row["ecg_id"]): row for row in csv.DictReader(stream)}
    for header in sorted(root.glob("records500/**/*.hea")):
        number = header.stem.split("_")[0]
        row = rows.get(int(number)) if number.isdecimal() else None
        if row and int(row["strat_fold"]) in folds:
            yield header.with_suffix(""), set(ast.literal_eval(row["scp_codes"])), row["heart_axis"]


def _measured(path: Path) -> MeasurementTable | None:
    try:
        return measure(whole_window(path))
    except InvalidSignal:
        return None
