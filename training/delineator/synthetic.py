"""Synthetic training examples for the delineator, of what LUDB has little of; drawn by ecg.synthesis.

Must not import torch.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from ecg.delineation.conditioning import condition
from ecg.lead_geometry import STANDARD_LEADS, project
from ecg.synthesis import BeatSpec, QrsShape, SyntheticTruth, beat_course, synthesize
from ecg.synthesis_waves import atrial_fibrillation, atrial_flutter, ventricular_fibrillation

FloatArray = NDArray[np.float32]
FS_HZ = 250.0
#: An eye puts the foot of a soft wave this part of its length inside its mathematical end.
_FOOT = 0.05


def random_spec(rng: np.random.Generator, rr_s: float) -> BeatSpec:
    """One patient's beat at a rate."""
    shape = list(QrsShape)[int(rng.choice(4, p=[0.4, 0.25, 0.25, 0.1]))]
    qrs = rng.uniform(75, 110) if shape is QrsShape.NORMAL else rng.uniform(115, 180)
    qt = float(np.clip(400 * np.sqrt(rr_s) * rng.uniform(0.88, 1.12), qrs + 120, 1000 * rr_s * 0.75 + qrs / 2))
    t_duration = min(rng.uniform(0.4, 0.62) * qt, qt - qrs - 10)
    room = max(1000 * rr_s - qt - 10, 60.0)  # a P may touch the T before it, not climb onto it
    pr = min(rng.uniform(110, 380), room)
    p_duration = min(rng.uniform(70, 140), pr - 10)
    discordant = -1.0 if shape is not QrsShape.NORMAL and rng.random() < 0.8 else rng.choice([1.0, 1.0, 1.0, -1.0])
    return BeatSpec(
        p_present=shape is not QrsShape.VENTRICULAR and p_duration > 40,
        p_duration_ms=p_duration,
        p_amplitude_mv=rng.uniform(0.06, 0.25),
        p_axis_deg=rng.normal(55, 25),
        pr_ms=pr,
        qrs_shape=shape,
        qrs_duration_ms=qrs,
        qrs_amplitude_mv=rng.uniform(0.6, 2.2),
        qrs_axis_deg=rng.uniform(-90, 120),
        delta_ms=rng.uniform(25, 50) if shape is QrsShape.NORMAL and rng.random() < 0.08 else 0.0,
        st_mv={lead: float(rng.normal(0, 0.12)) for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")}
        if rng.random() < 0.3
        else {},
        qt_ms=qt,
        t_duration_ms=t_duration,
        t_amplitude_mv=discordant * rng.uniform(0.08, 0.7),
        t_axis_deg=rng.normal(45, 30),
    )


def tachycardia(rng: np.random.Generator) -> tuple[BeatSpec, float]:
    """A beat without P so fast that its T ends where the next QRS begins: ventricular (broad) or supraventricular."""
    rr_s = float(rng.uniform(0.26, 0.5))
    broad = rng.random() < 0.7
    shape = QrsShape.VENTRICULAR if broad else QrsShape.NORMAL
    if broad and rng.random() < 0.3:
        shape = QrsShape.LBBB
    qrs = float(rng.uniform(110, min(190.0, 450 * rr_s)) if broad else rng.uniform(70, 100))
    qt = float(1000 * rr_s * rng.uniform(0.8, 1.0))
    spec = BeatSpec(
        p_present=False,
        qrs_shape=shape,
        qrs_duration_ms=qrs,
        qrs_amplitude_mv=rng.uniform(0.6, 2.5),
        qrs_axis_deg=rng.uniform(-180, 180),
        qt_ms=qt,
        t_duration_ms=(qt - qrs) * rng.uniform(0.7, 0.98),
        t_amplitude_mv=(-1.0 if broad else 1.0) * rng.uniform(0.1, 0.8),
        t_axis_deg=rng.uniform(-30, 90),
    )
    return spec, rr_s


def beatless_crop(rng: np.random.Generator, n: int, leads: list[str]) -> FloatArray:
    """Fibrillation or noise of its band: large deflections that are no beats."""
    if rng.random() < 0.7:
        waves = ventricular_fibrillation(rng, n, FS_HZ, rng.uniform(0.1, 1.0), rng.uniform(2.5, 7.0))
        return project(waves, leads)
    low = rng.uniform(1.0, 5.0)
    sos = butter(2, (low, low + rng.uniform(2.0, 12.0)), "bandpass", fs=FS_HZ, output="sos")
    wide: FloatArray = sosfilt(sos, rng.standard_normal((len(leads), n + 250)), axis=1)[:, 250:].astype(np.float32)
    return wide


def synthetic_crop(rng: np.random.Generator, n: int, n_leads: int) -> tuple[FloatArray, FloatArray]:
    """Conditioned leads (n_leads, n) at 250 Hz, the first being the one to delineate, and its targets (6, n)."""
    leads = [str(lead) for lead in rng.permutation(STANDARD_LEADS)[:n_leads]]
    kind = rng.random()
    if kind < 0.12:
        return condition(beatless_crop(rng, n, leads) + 1e-6, FS_HZ).leads, np.zeros((6, n), np.float32)
    if kind < 0.30:
        spec, rr_s = tachycardia(rng)
        steady = list(rr_s * (1 + rng.normal(0, 0.02, 12)))
        signal, truth = synthesize(spec, steady, FS_HZ, n / FS_HZ, leads, first_qrs_on_s=rng.uniform(0.05, 0.4))
        ready = condition(signal + 1e-6, FS_HZ)
        return ready.leads, _targets(truth, leads[0], n, float(ready.scale_mv[0]))
    rr_s = rng.uniform(0.45, 1.4)
    spec = random_spec(rng, rr_s)
    fibrillating = rng.random() < 0.25
    beats = [replace(spec, p_present=False) if fibrillating else spec]
    if rng.random() < 0.2:
        beats = beats * int(rng.integers(2, 4)) + [
            BeatSpec(
                False,
                qrs_shape=QrsShape.VENTRICULAR,
                qrs_duration_ms=rng.uniform(120, 170),
                qt_ms=440,
                t_amplitude_mv=-0.4,
            )
        ]
    irregular = rng.uniform(0.65, 1.35, 12) if fibrillating else 1 + rng.normal(0, 0.03, 12)
    signal, truth = synthesize(
        beats, list(rr_s * irregular), FS_HZ, n / FS_HZ, leads, first_qrs_on_s=rng.uniform(0.1, 0.9)
    )
    if fibrillating:
        flutter = rng.random() < 0.25
        waves = (
            atrial_flutter(n, FS_HZ, rng.uniform(0.08, 0.25), rng.uniform(240, 320))
            if flutter
            else (atrial_fibrillation(rng, n, FS_HZ, rng.uniform(0.02, 0.15), rng.uniform(5, 8)))
        )
        signal = signal + project(waves, leads)
    ready = condition(signal + 1e-6, FS_HZ)
    return ready.leads, _targets(truth, leads[0], n, float(ready.scale_mv[0]))


def _targets(truth: SyntheticTruth, lead: str, n: int, scale_mv: float) -> FloatArray:
    """Masks and peaks of one lead: a wave too small to see in it is not marked."""
    out, at = np.zeros((6, n), np.float32), np.arange(n)
    columns = ((truth.p_on, truth.p_off), (truth.qrs_on, truth.qrs_off), (truth.t_on, truth.t_off))
    for row, (ons, offs) in enumerate(columns):
        foot = 0.0 if row == 1 else _FOOT
        for k, (on, off) in enumerate(zip(ons, offs, strict=True)):
            if not np.isfinite(on):
                continue
            span_ms = (np.array([on, off]) - truth.qrs_on[k]) * 1000 / FS_HZ
            t_ms = np.arange(span_ms[0], span_ms[1], 2.0)
            course = project(beat_course(truth.specs[k], t_ms), [lead])[0]
            course = course - np.linspace(course[0], course[-1], len(course))
            if np.abs(course).max() < (0.01 if row != 1 else 0.03) * max(scale_mv, 0.3):
                continue
            peak = on + t_ms[int(np.argmax(np.abs(course)))] * FS_HZ / 1000 - span_ms[0] * FS_HZ / 1000
            first, last = on + foot * (off - on), off - foot * (off - on)
            out[row] = np.maximum(out[row], np.clip(np.minimum(at - first, last - at) + 0.5, 0, 1))
            out[row + 3] = np.maximum(out[row + 3], np.exp(-0.5 * ((at - peak) / 2.0) ** 2))
    return out
