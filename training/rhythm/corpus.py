"""What the two networks of the rhythm rules learn from, per recording, with the group that cross-validation keeps whole.

Owns labels of windows (VF, VT, other) and of beat shapes (ventricular or not), the noise mixes and the weights.
Must not import the trainer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.beats.beat import BeatClass
from ecg.profiles import CINC2015
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.atrial import AF_FEATURES, af_features, own_intervals
from ecg.rhythm.morphology import N_BEAT_FEATURES
from ecg.rhythm.seen_beat import SeenBeat
from ecg.rhythm.shapes import P_BEFORE, new_shapes, see_beat, take_p_wave
from ecg.rhythm.wave_model import OTHER, VF, VT
from ecg.rhythm.waveform import WINDOW_S
from ecg.segments import FloatArray
from edge.sources.wfdb_replay import read_recording
from training.rhythm.capture import Captured, capture, window_rows
from training.rhythm.reference import (
    VF_WORDS,
    VT_WORDS,
    Episode,
    LabelledAlarm,
    labelled_alarms,
    reference_beats,
    rhythm_episodes,
    shockable_episodes,
)

IntArray = npt.NDArray[np.int64]
#: A window counts this many rows at most per record and class: a long record is one patient, not many.
ROWS_PER_RECORD = 300
#: Symbols of ventricular beats, and those no shape is learned from (fusion, unclassifiable, flutter waves, paced).
_VENTRICULAR, _UNSURE = ("V", "E"), ("F", "Q", "!", "/", "f")
#: A detected beat is a reference beat within this, s.
_BEAT_WINDOW_S = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Learning rows of one recording.

    Attributes:
        group: Recordings of one group are of one patient and stay on one side of a split.
        features: float32 (n, n_in).
        label: int64 (n,).
        weight: float64 (n,).
    """

    group: str
    features: FloatArray
    label: IntArray
    weight: npt.NDArray[np.float64]


def _labels(episodes: tuple[Episode, ...], ends_s: npt.NDArray[np.float64]) -> IntArray:
    """Class of each window that lies wholly in one class's episodes, -1 elsewhere."""
    cover = np.zeros((ends_s.size, 3))
    for episode in episodes:
        if episode.word == "HGEA":  # high-grade ectopic activity: neither
            continue
        kind = VF if episode.word in VF_WORDS else VT if episode.word in VT_WORDS else OTHER
        cover[:, kind] += np.clip(
            np.minimum(episode.end_s, ends_s) - np.maximum(episode.start_s, ends_s - WINDOW_S), 0, None
        )
    label = cover.argmax(axis=1)
    label[cover.max(axis=1) < WINDOW_S - 0.05] = -1
    return np.asarray(label, np.int64)


def _rows(
    group: str, captured: Captured, label_of: Callable[[npt.NDArray[np.float64]], IntArray], weight: float = 1.0
) -> Rows:
    ends_s, found, known = window_rows(captured.signal_mv, captured.valid)
    label = np.repeat(label_of(ends_s)[:, None], found.shape[1], axis=1)
    keep = known & (label >= 0)
    label, found = label[keep], found[keep]
    count = np.bincount(label, minlength=3) / max(captured.signal_mv.shape[0], 1)
    share = weight * np.minimum(1.0, ROWS_PER_RECORD / np.maximum(count, 1))[label] / captured.signal_mv.shape[0]
    return Rows(group, found, label, share)


def _patient(name: str) -> str:
    return "mitdb/201" if name == "202" else f"mitdb/{name}"


def _with_noise(clean: Captured, noise: FloatArray, rng: np.random.Generator) -> Captured:
    """The recording with recorded noise of random loudness on each lead."""
    n = min(clean.signal_mv.shape[1], noise.shape[1])
    mixed = clean.signal_mv[:, :n].copy()
    for lead in range(mixed.shape[0]):
        size = np.median(np.ptp(mixed[lead, : n // 500 * 500].reshape(-1, 500), axis=1))
        loud = np.median(np.ptp(noise[lead % 2, : n // 500 * 500].reshape(-1, 500), axis=1))
        mixed[lead] += noise[lead % 2, :n] * size / loud * rng.uniform(0.3, 1.6)
    return Captured(mixed, clean.valid[:, :n], clean.beats)


def _all_other(ends_s: npt.NDArray[np.float64]) -> IntArray:
    return np.full(ends_s.size, OTHER, np.int64)


def window_corpus(data: Path, rng: np.random.Generator) -> Iterator[Rows]:
    """Windows of every set that stands in `data`."""
    for path in _records(data / "vfdb"):
        episodes = rhythm_episodes(path)
        yield _rows(f"vfdb/{path.name}", capture(read_recording(str(path))), partial(_labels, episodes))
    for path in _records(data / "cudb"):
        episodes = shockable_episodes(data / "cudb", path.name)
        yield _rows(f"cudb/{path.name}", capture(read_recording(str(path))), partial(_labels, episodes))
    noises = {
        name: capture(read_recording(str(data / "nstdb" / name)))
        for name in ("em", "ma", "bw")
        if (data / "nstdb" / f"{name}.hea").is_file()
    }
    for name, noise in noises.items():
        yield _rows(f"nstdb/{name}", noise, _all_other)
    for path in _records(data / "mitdb"):
        episodes, clean = rhythm_episodes(path), capture(read_recording(str(path)))
        label_of = partial(_labels, episodes)
        yield _rows(_patient(path.name), clean, label_of)
        if noises and rng.random() < 0.5:
            noise = noises[str(rng.choice([n for n in noises if n != "bw"]))]
            yield _rows(_patient(path.name), _with_noise(clean, noise.signal_mv, rng), label_of)
    yield from _alarm_windows(data / "cinc2015")
    for path in _records(data / "cinc2017"):  # single-lead hand-held recordings, none with VF or VT
        yield _rows(f"cinc2017/{path.name}", capture(read_recording(str(path))), _all_other, 0.3)
    for path in _records(data / "ptb-xl"):
        yield _rows(f"ptb-xl/{path.name}", capture(read_recording(str(path))), _all_other, 1.0)


def _alarm_windows(folder: Path) -> Iterator[Rows]:
    """The last seconds before an alarm: its false ones are other, its true fibrillation is VF."""
    for alarm in labelled_alarms(folder) if folder.is_dir() else ():
        captured = capture(read_recording(str(folder / alarm.record)))
        yield _rows(f"cinc2015/{alarm.record}", captured, partial(_alarm_labels, alarm))


def _alarm_labels(alarm: LabelledAlarm, ends_s: npt.NDArray[np.float64]) -> IntArray:
    label = np.full(ends_s.size, -1, np.int64)
    if alarm.kind == "Ventricular_Flutter_Fib" and alarm.true:
        label[ends_s >= 58] = VF
    elif alarm.kind in ("Asystole", "Bradycardia") or (alarm.kind.startswith("Ventricular") and not alarm.true):
        label[ends_s >= 46] = OTHER
    return label


def beat_corpus(data: Path) -> Iterator[tuple[Rows, Rows]]:
    """Beat shapes and interval rows of mitdb.

    Yields:
        Shapes beside the patient's usual beat, features (n, n_leads * N_BEAT_FEATURES) lead after lead; and intervals,
        features (n, len(AF_FEATURES)), labelled by the reference rhythm.
    """
    for path in _records(data / "mitdb"):
        captured, truth = capture(read_recording(str(path))), reference_beats(path)
        shapes, features, labels = new_shapes(captured.signal_mv.shape[0]), [], []
        seen: list[SeenBeat] = []
        before = 0
        for at in captured.beats.tolist():
            rr_s, before = (at - before) / KERNEL_FS_HZ, at
            found, p_wave = see_beat(captured.signal_mv, at, rr_s, True, shapes), math.nan
            if P_BEFORE <= at < captured.signal_mv.shape[1] - 2:
                p_wave, _ = take_p_wave(captured.signal_mv, at, shapes)
            nearest = int(np.abs(truth.time_s - at / KERNEL_FS_HZ).argmin())
            symbol = truth.symbol[nearest] if abs(truth.time_s[nearest] - at / KERNEL_FS_HZ) <= _BEAT_WINDOW_S else "Q"
            ventricular = float(symbol in _VENTRICULAR)
            seen.append(SeenBeat(at, rr_s, BeatClass.UNKNOWN, ventricular, 1.0, 0.0, p_wave))
            if found.shape[0] and symbol not in _UNSURE:
                features.append(found)
                labels.append(int(ventricular))
        label = np.array(labels, np.int64)
        stacked = np.stack(features).reshape(len(features), -1) if features else np.zeros((0, N_BEAT_FEATURES))
        yield (
            Rows(_patient(path.name), stacked.astype(np.float32), label, _weights(label)),
            _interval_rows(path, seen),
        )


def _weights(label: IntArray) -> npt.NDArray[np.float64]:
    count = np.bincount(label, minlength=2)
    weights: npt.NDArray[np.float64] = np.minimum(1.0, ROWS_PER_RECORD / np.maximum(count, 1))[label]
    return weights


def _interval_rows(path: Path, seen: list[SeenBeat]) -> Rows:
    """Intervals of a record, windows wholly in AF against windows with neither AF nor flutter."""
    episodes = rhythm_episodes(path)
    features, labels = [], []
    for last in range(64, len(seen), 3):
        kept, rr_s, p_wave = own_intervals(seen[last - 64 : last], CINC2015.af_beats)
        if len(kept) < CINC2015.af_beats:
            continue
        start_s, end_s = kept[0].sample / KERNEL_FS_HZ, kept[-1].sample / KERNEL_FS_HZ
        cover = dict.fromkeys(("AFIB", "AFL"), 0.0)
        for episode in episodes:
            if episode.word in cover:
                cover[episode.word] += max(0.0, min(episode.end_s, end_s) - max(episode.start_s, start_s)) / (
                    end_s - start_s
                )
        if cover["AFIB"] > 0.95 or sum(cover.values()) < 0.05:
            features.append(af_features(rr_s, p_wave)[0])
            labels.append(int(cover["AFIB"] > 0.5))
    label = np.array(labels, np.int64)
    stacked = np.stack(features) if features else np.zeros((0, len(AF_FEATURES)), np.float32)
    return Rows(_patient(path.name), stacked, label, _weights(label))


def _records(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.hea")) if folder.is_dir() else []
    return [path.with_suffix("") for path in found if not path.name.endswith("_layout.hea")]
