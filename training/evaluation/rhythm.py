"""Figures of rhythm: atrial fibrillation on mitdb as epicmp counts it, and N/A/O/~ on CinC 2017.

Every recording goes through the kernel a bed has; models are those of the fold that did not see the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ecg.annotations import Annotations
from ecg.conditions import ConditionCode
from ecg.ec57 import EpisodeComparison, EpisodeType, score_episodes
from ecg.intervals import bootstrap, bootstrap_ratio
from ecg.rhythm.record_class import RecordClass, judge
from edge.kernel_blocks import look_at
from edge.sources.wfdb_replay import read_recording
from edge.wfdb_files import read_annotations
from training.evaluation.figures import Figure, fraction
from training.evaluation.recordings import annotated, readable, scored_from_s
from training.evaluation.replay import Replay, records_of, replay, unseen_model
from training.mitdb_splits import split_records
from training.rhythm.record_corpus import SET, reference_classes, unseen_members

_CLASSES = tuple(kind.value for kind in RecordClass)


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
    for name, truth in reference_classes(folder):
        if readable([folder / name], say):
            look = look_at(read_recording(str(folder / name)), unseen_model(SET, name))
            called = judge(look, unseen_members(SET, name))[0] if look.signal else RecordClass.NOISE
            pairs.append((truth, called.value))
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


def f1(pairs: Sequence[tuple[str, str]], label: str) -> float | None:
    """F1 of one class: 2 both / (truth + called)."""
    both = sum(truth == called == label for truth, called in pairs)
    total = sum(truth == label for truth, _ in pairs) + sum(called == label for _, called in pairs)
    return 2 * both / total if total else None


def _mean_f1(pairs: Sequence[tuple[str, str]]) -> float | None:
    values = [f1(pairs, label) for label in ("N", "A", "O")]
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None
