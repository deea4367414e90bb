"""What the networks of noise learn from: lead-seconds as the kernel measured them, in the kernel's own run, with their truth.

Owns which recordings and which stretches; must not import torch.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ecg.conditioning import BoolArray
from ecg.quality import QualityProblem
from ecg.segments import FloatArray, Int16Array
from edge.sources.wfdb_replay import Recording, read_recording
from edge.wfdb_files import read_annotations
from training.evaluation.laid_problems import (
    NOISES,
    SNR_DB,
    Laid,
    clean,
    made_problem,
    marked_noisy,
    noise_of,
    with_noise,
)
from training.evaluation.quality_index import LOUDNESS
from training.evaluation.quality_kinds import PROBLEM_SNR_DB
from training.evaluation.quality_seconds import listen
from training.evaluation.replay import records_of
from training.mitdb_splits import split_records
from training.rhythm.reference import UNKNOWN_WORDS, rhythm_episodes, shockable_episodes

#: The first two targets; the third is whether the lead carries noise alone.
NAMED = (QualityProblem.MUSCLE_NOISE, QualityProblem.ELECTRODE_MOTION)
N_TARGETS = 3
#: Noise of this level on an ECG counts as noise alone, dB; up to the other it is not said.
ALONE_SNR_DB, PERHAPS_SNR_DB = -6, 0
#: Kept out: what the noise stress test of the detector is scored on.
KEPT_OUT = frozenset({"118", "119"})
#: Nothing is taken of the first seconds of a stream.
_LEARNING_S, _SHORT_LEARNING_S = 30, 8
#: Levels of electrode noise in the place of the ECG, dB.
_INSTEAD_DB = (6, 0, -6)
UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """Lead-seconds of one kind from one record.

    Attributes:
        record: "mitdb/100": what folds are made of.
        group: "em 6", "vfdb VF" ...: what they are.
        features: float32 (n, N_FEATURES).
        target: int8 (n, N_TARGETS): 1, 0 or UNKNOWN for muscle noise, electrode motion, noise alone.
    """

    record: str
    group: str
    features: FloatArray
    target: npt.NDArray[np.int8]


def corpus(data: Path, say: Callable[[str], object]) -> list[Seconds]:
    """mitdb DS1 with noise laid on, and what must not be called noise: rhythms of vfdb and cudb, CinC 2017, PTB-XL."""
    found: list[Seconds] = []
    for name in sorted(split_records("DS1") - KEPT_OUT):
        found += list(_disturbed(data, name))
        say(f"mitdb {name}")
    for folder in ("vfdb", "cudb"):
        for path in records_of(data / folder):
            found += list(_rhythms(data / folder, path))
    return found + list(_noise_alone(data)) + list(_short_records(data))


def _disturbed(data: Path, name: str) -> Iterator[Seconds]:
    recording, reference = read_recording(str(data / "mitdb" / name)), read_annotations(data / "mitdb" / name, "atr")
    fs = recording.fs_hz
    laid = [clean(recording)]
    sources = {name: noise_of(data / "nstdb", name, fs, "fit") for name in NOISES} | {"mains": _mains(fs, name)}
    for source, noise in sources.items():
        if noise is not None:
            kind = NOISES.get(source, QualityProblem.MUSCLE_NOISE)
            laid += [with_noise(recording, name, noise, reference, snr_db, kind) for snr_db in SNR_DB]
    n_on_ecg = len(laid)
    for source in ("em", "ma"):
        noise = sources[source]
        if noise is not None:
            laid += [
                with_noise(recording, name, noise, reference, db, NOISES[source], instead=True) for db in _INSTEAD_DB
            ]
    n_instead = len(laid)
    laid += [made_problem(recording, name, QualityProblem.RAIL, "clipped")]
    laid += [made_problem(recording, name, QualityProblem.MISSING, way) for way in ("scattered", "bursts")]
    said = listen([one.adu for one in laid], [one.off for one in laid], fs, _gains(recording))
    noisy = marked_noisy(reference, *laid[0].present.shape)
    noisy[:, :_LEARNING_S] = True
    for i, (one, heard) in enumerate(zip(laid, said, strict=True)):
        instead = n_on_ecg <= i < n_instead
        here = ~one.unsure & ~noisy & heard.features.any(axis=2)
        if one.kind is not QualityProblem.NONE:
            here &= one.present
        named = np.stack([_target(one, kind)[here] for kind in NAMED], axis=1)
        if instead:  # a network that learns the names on these, too, calls standstill motion
            named[:] = UNKNOWN
        target = np.column_stack([named, _alone(one, instead)[here]])
        group = f"{one.kind.name} {one.variant}{' without ECG' if instead else ''}" if one.kind else "clean"
        yield Seconds(f"mitdb/{name}", group, heard.features[here], target)


def _target(one: Laid, kind: QualityProblem) -> npt.NDArray[np.int8]:
    """(n_leads, n_seconds): whether the kind is there; unknown where it came along or is too mild to call either way."""
    target = np.where(one.also & int(kind), UNKNOWN, 0)
    if one.kind is kind:
        snr_db = float(one.variant)
        own = 1 if snr_db <= PROBLEM_SNR_DB else UNKNOWN if snr_db <= PROBLEM_SNR_DB + 6 else 0
        target = np.full(target.shape, own)
    return target.astype(np.int8)


def _alone(one: Laid, instead: bool) -> npt.NDArray[np.int8]:
    """(n_leads, n_seconds): whether there is nothing but noise; drift hides no beat."""
    alone = 1 if instead else 0
    if one.kind in NAMED and not instead:
        snr_db = float(one.variant)
        alone = 1 if snr_db <= ALONE_SNR_DB else UNKNOWN if snr_db <= PERHAPS_SNR_DB else 0
    return np.full(one.present.shape, alone, np.int8)


def _noise_alone(data: Path) -> Iterator[Seconds]:
    """Electrode noise that never was an ECG, softer and louder."""
    for name in ("em", "ma"):
        noise = noise_of(data / "nstdb", name, 360.0, "fit")
        if noise is None:
            continue
        for loudness in LOUDNESS:
            adu = np.clip(loudness * (noise - np.median(noise, axis=0)), -32767, 32767).astype(np.int16).T
            adu = np.ascontiguousarray(adu[:, : adu.shape[1] // 360 * 360])
            heard = listen([adu], [np.zeros((len(adu), adu.shape[1] // 360), bool)], 360.0, [200.0] * len(adu))[0]
            heard.features[:, :_LEARNING_S] = 0
            features = heard.features[heard.features.any(axis=2)]
            target = np.tile(np.array([UNKNOWN, UNKNOWN, 1], np.int8), (len(features), 1))
            yield Seconds(f"nstdb/{name}", f"{name} x{loudness:g} alone", features, target)


def _mains(fs_hz: float, name: str) -> Int16Array:
    """A minute of mains hum on two leads, 50 or 60 Hz by the record."""
    t = np.arange(round(60 * fs_hz)) / fs_hz
    mains = 2 * np.pi * (60.0 if int(name) % 2 else 50.0) * t
    hum = np.stack([np.sin(mains + phase) + 0.2 * np.sin(3 * mains) for phase in (0.0, 1.0)], axis=1)
    return (1000 * hum).astype(np.int16)


def _rhythms(folder: Path, path: Path) -> Iterator[Seconds]:
    """Every rhythm of a record, none of it noise; what is marked so is left out."""
    recording = read_recording(str(path))
    n_seconds = int(recording.samples.shape[1] / recording.fs_hz)
    episodes = rhythm_episodes(path) if folder.name == "vfdb" else shockable_episodes(folder, path.name)
    words = np.full(n_seconds, "", dtype="<U8")
    for episode in episodes:  # a second is judged with the three before
        words[int(np.ceil(episode.start_s)) + 3 : int(episode.end_s)] = episode.word
    words[:_LEARNING_S] = ""
    yield from _as_they_are(recording, f"{folder.name}/{path.name}", folder.name, words)


def _short_records(data: Path) -> Iterator[Seconds]:
    """Every sixth record of CinC 2017; every third of PTB-XL, played three times over."""
    table = data / "cinc2017" / "REFERENCE.csv"
    if table.exists():
        with table.open(newline="") as lines:
            listed = {row[0]: row[1] for row in csv.reader(lines)}
        for path in [path for path in records_of(data / "cinc2017") if path.name in listed][::6]:
            recording = read_recording(str(path))
            words = np.full(int(recording.samples.shape[1] / recording.fs_hz), listed[path.name], dtype="<U8")
            words[:_SHORT_LEARNING_S] = ""
            yield from _as_they_are(recording, f"cinc2017/{path.name}", "cinc2017", words)
    for path in records_of(data / "ptb-xl")[::3]:
        once = read_recording(str(path))
        thrice = np.concatenate([once.samples, once.samples[:, ::-1], once.samples], axis=1)
        length_s = int(once.samples.shape[1] / once.fs_hz)
        words = np.full(3 * length_s, "", dtype="<U8")
        words[2 * length_s + 4 :] = "any"  # the joint and the mirrored copy are no ECG
        yield from _as_they_are(
            Recording(once.fs_hz, once.leads, np.ascontiguousarray(thrice)), f"ptb-xl/{path.name}", "ptb-xl", words
        )


def _as_they_are(recording: Recording, record: str, folder: str, words: npt.NDArray[np.str_]) -> Iterator[Seconds]:
    n_seconds = len(words)
    if n_seconds < 2:
        return
    adu = np.ascontiguousarray(recording.samples[:, : int(n_seconds * recording.fs_hz)])
    heard = listen([adu], [np.zeros((len(adu), n_seconds), bool)], recording.fs_hz, _gains(recording))[0]
    for word in sorted(set(words.tolist()) - {""}):
        here: BoolArray = (words == word)[None] & heard.features.any(axis=2)
        features = heard.features[here]
        said = UNKNOWN if word in UNKNOWN_WORDS or word == "~" else 0
        yield Seconds(record, f"{folder} {word}", features, np.full((len(features), N_TARGETS), said, np.int8))


def _gains(recording: Recording) -> list[float]:
    return [lead.gain_adu_per_mv for lead in recording.leads]
