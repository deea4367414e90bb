"""Figures of rhythm: atrial fibrillation on mitdb as epicmp counts it, and N/A/O/~ on CinC 2017.

Every recording goes through the monitor a bed has; networks are those of the fold that did not see the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ecg.annotations import Annotations
from ecg.conditions import ConditionCode
from ecg.ec57 import EpisodeComparison, EpisodeType, score_episodes
from ecg.intervals import bootstrap, bootstrap_ratio
from edge.sources.wfdb_replay import read_recording
from edge.wfdb_files import read_annotations
from training.evaluation.figures import Figure, fraction
from training.evaluation.recordings import annotated, readable, scored_from_s
from training.evaluation.replay import Replay, records_of, replay, unseen_model
from training.mitdb_splits import split_records

#: CinC 2017: a record whose mean quality index of the best lead is below this is noise.
NOISY_QUALITY = 0.35
#: ... one of which atrial fibrillation covers this share, or that it ends in, is AF.
AF_SHARE = 0.3
#: Conditions that make a record "other rhythm".
_OTHER = frozenset(
    {
        ConditionCode.BRADY, ConditionCode.TACHY, ConditionCode.SVT, ConditionCode.PAUSE, ConditionCode.BIGEMINY,
        ConditionCode.TRIGEMINY, ConditionCode.COUPLET, ConditionCode.RUN, ConditionCode.AIVR, ConditionCode.PVC_RATE,
        ConditionCode.VTA, ConditionCode.VFB, ConditionCode.ETC, ConditionCode.EBR, ConditionCode.AFLT,
    }
)  # fmt: skip
_CLASSES = ("N", "A", "O", "~")


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Figures of whatever stands in data_dir's mitdb and cinc2017.

    Args:
        data_dir: Folder of data sets.
        split: "DS1", "DS2" or "paced" for mitdb; all records where None. Every figure is cross-validated by record anyway.
        progress: Told of records, and of sets that are missing.
    """
    say = progress or (lambda line: None)
    return _atrial_fibrillation(data_dir / "mitdb", split, say) + _cinc2017(data_dir / "cinc2017", say)


def _atrial_fibrillation(folder: Path, split: str | None, say: Callable[[str], None]) -> list[Figure]:
    compared: list[EpisodeComparison] = []
    wanted = None if split is None else split_records(split)
    for path in annotated([p for p in records_of(folder) if wanted is None or p.name in wanted], say):
        truth = read_annotations(path, "atr")
        said = replay(read_recording(str(path)), unseen_model("mitdb", path.name))
        test = rhythm_annotations(said, truth.fs, truth.n_samples)
        compared.append(score_episodes(truth, test, EpisodeType.AF, start_s=scored_from_s(truth), exclude_flutter=True))
        say(f"mitdb {path.name}")
    if not compared:
        say(f"no annotated records in {folder}: left out")
        return []
    total = compared[0]
    for one in compared[1:]:
        total = total + one
    se, pp = total.episode_sensitivity, total.episode_predictivity
    duration_se = bootstrap_ratio([c.ref_overlap / c.fs for c in compared], [c.ref_duration / c.fs for c in compared])
    duration_pp = bootstrap_ratio([c.test_overlap / c.fs for c in compared], [c.test_duration / c.fs for c in compared])
    return [
        fraction("rhythm.mitdb.af.episode_se", se.k, se.n),
        fraction("rhythm.mitdb.af.episode_ppv", pp.k, pp.n),
        Figure(
            "rhythm.mitdb.af.duration_se",
            duration_se.value,
            duration_se.low,
            duration_se.high,
            len(compared),
            "fraction",
        ),
        Figure(
            "rhythm.mitdb.af.duration_ppv",
            duration_pp.value,
            duration_pp.low,
            duration_pp.high,
            len(compared),
            "fraction",
        ),
    ]


def rhythm_annotations(said: Replay, fs_hz: float, n_samples: int | None) -> Annotations:
    """AF as rhythm annotations: "(AFIB" where the condition began, "(N" where it ended."""
    marks: list[tuple[float, str]] = [(0.0, "(N")]
    for call in sorted((c for c in said.calls if c.code is ConditionCode.AFIB), key=lambda c: c.onset_s):
        start = max(call.onset_s, marks[-1][0])
        marks += [(start, "(AFIB"), (max(call.end_s, start), "(N")]
    samples = [round(at * fs_hz) for at, _ in marks]
    return Annotations.of(samples, "+", fs_hz, aux_note=[note for _, note in marks], n_samples=n_samples)


def _cinc2017(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    table = folder / "REFERENCE.csv"
    if not table.exists():
        say(f"no {table}: left out")
        return []
    pairs: list[tuple[str, str]] = []
    for line in table.read_text(encoding="utf-8").split():
        name, truth = line.split(",")[:2]
        if (folder / f"{name}.hea").exists() and readable([folder / name], say):
            said = replay(read_recording(str(folder / name)), unseen_model("cinc2017", name))
            pairs.append((truth, rhythm_class(said)))
            if len(pairs) % 200 == 0:
                say(f"cinc2017: {len(pairs)} records")
    figures = []
    for label in _CLASSES:
        interval = bootstrap(pairs, lambda sample, label=label: f1(sample, label))  # type: ignore[misc]
        name = f"rhythm.cinc2017.f1_{'noise' if label == '~' else label}"
        figures.append(Figure(name, interval.value, interval.low, interval.high, len(pairs), "fraction"))
    mean = bootstrap(pairs, _mean_f1)
    figures.append(Figure("rhythm.cinc2017.f1_mean_NAO", mean.value, mean.low, mean.high, len(pairs), "fraction"))
    return figures


def rhythm_class(said: Replay) -> str:
    """The challenge's class of a whole record: noise, AF, another rhythm, or normal."""
    if said.mean_quality < NOISY_QUALITY:
        return "~"
    af_s = sum(c.end_s - c.onset_s for c in said.calls if c.code is ConditionCode.AFIB)
    if af_s >= AF_SHARE * said.length_s:
        return "A"
    return "O" if any(c.code in _OTHER for c in said.calls) else "N"


def f1(pairs: Sequence[tuple[str, str]], label: str) -> float | None:
    """F1 of one class: 2 both / (truth + called)."""
    both = sum(truth == called == label for truth, called in pairs)
    total = sum(truth == label for truth, _ in pairs) + sum(called == label for _, called in pairs)
    return 2 * both / total if total else None


def _mean_f1(pairs: Sequence[tuple[str, str]]) -> float | None:
    values = [f1(pairs, label) for label in ("N", "A", "O")]
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
