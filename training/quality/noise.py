"""Fits the network that tells muscle noise and electrode motion: `python -m training.quality.noise --data data`.

Owns the corpus, the fit, the cross-validation by record and the file. What the network sees is what the kernel measured
(ecg.quality.noise), in the kernel's own run. Torch is imported here alone.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

import ecg.quality
from ecg.conditioning import BoolArray
from ecg.quality import QualityProblem
from ecg.quality.noise import FEATURES, N_FEATURES
from ecg.rhythm.tiny_net import TinyNet
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
from training.evaluation.quality_kinds import PROBLEM_SNR_DB
from training.evaluation.quality_seconds import listen
from training.evaluation.replay import records_of
from training.mitdb_splits import split_records
from training.rhythm.reference import UNKNOWN_WORDS, rhythm_episodes, shockable_episodes

TARGETS = (QualityProblem.MUSCLE_NOISE, QualityProblem.ELECTRODE_MOTION)
#: Kept out: what the noise stress test of the detector is scored on.
KEPT_OUT = frozenset({"118", "119"})
FOLDS, N_HIDDEN, EPOCHS, DECAY = 5, 16, 60, 1e-4
#: Share of the lead-seconds of the clean records, by the network that did not see them, that each limit lets through.
FALSE_SHARE = 0.015
_LEARNING_S, _SHORT_LEARNING_S = 30, 8
UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Seconds:
    """Lead-seconds of one kind from one record.

    Attributes:
        record: "mitdb/100": what folds are made of.
        group: "em 6", "vfdb VF" ...: what they are.
        features: float32 (n, N_FEATURES).
        target: int8 (n, 2): 1, 0 or UNKNOWN for each of TARGETS.
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
    return found + list(_short_records(data))


def _disturbed(data: Path, name: str) -> Iterator[Seconds]:
    recording, reference = read_recording(str(data / "mitdb" / name)), read_annotations(data / "mitdb" / name, "atr")
    fs = recording.fs_hz
    laid = [clean(recording)]
    sources = {name: noise_of(data / "nstdb", name, fs, "fit") for name in NOISES} | {"mains": _mains(fs, name)}
    for source, noise in sources.items():
        if noise is not None:
            kind = NOISES.get(source, QualityProblem.MUSCLE_NOISE)
            laid += [with_noise(recording, name, noise, reference, snr_db, kind) for snr_db in SNR_DB]
    laid += [made_problem(recording, name, QualityProblem.RAIL, "clipped")]
    laid += [made_problem(recording, name, QualityProblem.MISSING, way) for way in ("scattered", "bursts")]
    said = listen([one.adu for one in laid], [one.off for one in laid], fs, _gains(recording))
    noisy = marked_noisy(reference, *laid[0].present.shape)
    noisy[:, :_LEARNING_S] = True
    for one, heard in zip(laid, said, strict=True):
        here = ~one.unsure & ~noisy & heard.features.any(axis=2)
        if one.kind is not QualityProblem.NONE:
            here &= one.present
        target = np.stack([_target(one, kind)[here] for kind in TARGETS], axis=1)
        group = f"{one.kind.name} {one.variant}" if one.kind else "clean"
        yield Seconds(f"mitdb/{name}", group, heard.features[here], target)


def _target(one: Laid, kind: QualityProblem) -> npt.NDArray[np.int8]:
    """(n_leads, n_seconds): whether the kind is there; unknown where it came along or is too mild to call either way."""
    target = np.where(one.also & int(kind), UNKNOWN, 0)
    if one.kind is kind:
        snr_db = float(one.variant)
        own = 1 if snr_db <= PROBLEM_SNR_DB else UNKNOWN if snr_db <= PROBLEM_SNR_DB + 6 else 0
        target = np.full(target.shape, own)
    return target.astype(np.int8)


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
    """Every sixth record of CinC 2017 that is not marked noisy; every third of PTB-XL, played three times over."""
    table = data / "cinc2017" / "REFERENCE.csv"
    if table.exists():
        with table.open(newline="") as lines:
            listed = {row[0]: row[1] for row in csv.reader(lines)}
        paths = [path for path in records_of(data / "cinc2017") if listed.get(path.name, "~") != "~"]
        for path in paths[::6]:
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
    for word in sorted(set(words.tolist()) - UNKNOWN_WORDS - {""}):
        here: BoolArray = (words == word)[None] & heard.features.any(axis=2)
        features = heard.features[here]
        yield Seconds(record, f"{folder} {word}", features, np.zeros((len(features), 2), np.int8))


def _gains(recording: Recording) -> list[float]:
    return [lead.gain_adu_per_mv for lead in recording.leads]


def fold_of(record: str) -> int:
    """By a hash of the name; 201 and 202 are one subject, and only 201 is here."""
    return int(hashlib.sha256(record.encode()).hexdigest(), 16) % FOLDS


def fit(seconds: list[Seconds], seed: int = 0) -> TinyNet:
    """The network of the least cross-entropy, both outputs alike, each target's two sides of one weight.

    Within the side without a target mitdb's groups and the other folders' weigh the same in sum.
    """
    x = np.concatenate([one.features for one in seconds])
    target = np.concatenate([one.target for one in seconds]).astype(np.float32)
    outside = np.concatenate([np.full(len(one.features), not one.record.startswith("mitdb/")) for one in seconds])
    weight = np.zeros(target.shape, np.float32)
    for k in range(len(TARGETS)):
        sides = (target[:, k] == 1, (target[:, k] == 0) & ~outside, (target[:, k] == 0) & outside)
        for side, share in zip(sides, (0.5, 0.25, 0.25), strict=True):
            weight[side, k] = share * len(x) / max(1, int(side.sum()))
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-3
    inputs = torch.from_numpy(np.clip((x - mean) / scale, -5, 5))
    wanted, weights = torch.from_numpy(np.maximum(target, 0)), torch.from_numpy(weight)
    torch.manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Linear(N_FEATURES, N_HIDDEN), torch.nn.Tanh(), torch.nn.Linear(N_HIDDEN, 2))
    optimiser = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, EPOCHS)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x)).split(2048):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(inputs[rows]), wanted[rows], weights[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    w1, b1, w2, b2 = (p.detach().numpy().astype(np.float32) for p in net.parameters())
    return TinyNet(mean.astype(np.float32), scale.astype(np.float32), w1.T.copy(), b1, w2.T.copy(), b2)


def log_odds(net: TinyNet, features: FloatArray) -> FloatArray:
    """(n, 2), the same as ecg.rhythm.tiny_net.forward."""
    x = np.clip((features - net.mean) / net.scale, -5, 5)
    return np.asarray(np.tanh(x @ net.w1 + net.b1) @ net.w2 + net.b2, np.float32)


def cross_validated(seconds: list[Seconds]) -> list[FloatArray]:
    """Log odds of each of `seconds` by a network that did not see its record."""
    fold = [fold_of(one.record) for one in seconds]
    nets = [fit([one for one, f in zip(seconds, fold, strict=True) if f != k]) for k in range(FOLDS)]
    return [log_odds(nets[f], one.features) for one, f in zip(seconds, fold, strict=True)]


def main() -> None:
    """Cross-validates, sets the limits, fits on everything and writes the file beside ecg/quality/noise.py."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    seconds = corpus(options.data, print)
    unseen = cross_validated(seconds)
    plain = np.concatenate([odds for one, odds in zip(seconds, unseen, strict=True) if one.group == "clean"])
    limit = np.quantile(plain, 1 - FALSE_SHARE, axis=0).astype(np.float32)
    called: dict[str, list[float]] = {}
    for group in sorted({one.group for one in seconds}):
        odds = np.concatenate([o for one, o in zip(seconds, unseen, strict=True) if one.group == group])
        called[group] = [round(float(share), 4) for share in (odds > limit).mean(axis=0)]
        print(
            f"{group:28s} {len(odds):7d} lead-seconds, called muscle {called[group][0]:.3f}, motion {called[group][1]:.3f}"
        )
    kept = io.BytesIO()
    np.savez(kept, limit=limit, **fit(seconds)._asdict())
    manifest = {
        "name": "quality-noise",
        "sha256": hashlib.sha256(kept.getvalue()).hexdigest(),
        "features": FEATURES,
        "fitted_on": sorted({one.record for one in seconds}) + [f"nstdb/{name}, first two thirds" for name in NOISES],
        "cross_validated_share_called": called,
    }
    folder = Path(str(ecg.quality.__path__[0]))
    (folder / "noise_model.npz").write_bytes(kept.getvalue())
    (folder / "noise_model.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
