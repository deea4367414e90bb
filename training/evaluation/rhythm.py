"""Figures of rhythm: words of the annotations of mitdb as epicmp counts them, pauses, and N/A/O/~ on CinC 2017.

Every recording goes through the kernel a bed has; models are those of the fold that did not see the recording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ecg.ec57 import EpisodeComparison
from ecg.intervals import bootstrap
from ecg.profiles import CINC2015
from ecg.rhythm.record_class import RecordClass, judge
from edge.kernel_blocks import look_at
from edge.sources.wfdb_replay import read_recording
from edge.wfdb_files import read_annotations
from training.evaluation.figures import Figure
from training.evaluation.recordings import annotated, readable, scored_from_s
from training.evaluation.replay import records_of, replay, unseen_model
from training.evaluation.rhythm_words import (
    WORDS,
    PauseTally,
    called_spans,
    compare_word,
    pause_figures,
    tally_pauses,
    word_figures,
)
from training.mitdb_splits import split_records
from training.rhythm.record_corpus import SET, reference_classes, unseen_members
from training.rhythm.reference import reference_beats

_CLASSES = tuple(kind.value for kind in RecordClass)


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Figures of whatever stands in data_dir's mitdb and cinc2017.

    Args:
        data_dir: Folder of data sets.
        split: "DS1", "DS2" or "paced" for mitdb; all records where None. Every figure is cross-validated by record anyway.
        progress: Told of records, and of sets that are missing.
    """
    say = progress or (lambda line: None)
    return _mitdb(data_dir / "mitdb", split, say) + _cinc2017(data_dir / "cinc2017", say)


def _mitdb(folder: Path, split: str | None, say: Callable[[str], None]) -> list[Figure]:
    compared: dict[str, list[EpisodeComparison]] = {word: [] for word in WORDS}
    pauses: list[PauseTally] = []
    wanted = None if split is None else split_records(split)
    for path in annotated([p for p in records_of(folder) if wanted is None or p.name in wanted], say):
        truth = read_annotations(path, "atr")
        said = replay(read_recording(str(path)), unseen_model("mitdb", path.name))
        start_s = scored_from_s(truth)
        for word, comparisons in compared.items():
            comparisons.append(compare_word(truth, called_spans(said, word), word, start_s))
        pauses.append(tally_pauses(reference_beats(path).time_s, said, CINC2015.pause_s, start_s))
        say(f"mitdb {path.name}")
    if not pauses:
        say(f"no annotated records in {folder}: left out")
    words = [figure for word, of_word in compared.items() for figure in word_figures("rhythm.mitdb", word, of_word)]
    return words + pause_figures("rhythm.mitdb", pauses)


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
