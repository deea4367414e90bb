"""What the run network learns from: candidate runs of beats on cinc2015, mitdb and vfdb, as the rules come upon them.

Owns the labels of runs. The candidates are those of the rules in service; the networks they rest on are those of the fold
that did not see the recording. Must not import the trainer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ecg.conditions import ConditionCode
from ecg.profiles import CINC2015
from ecg.resample import KERNEL_FS_HZ
from ecg.rhythm.rules import RhythmRules
from ecg.rhythm.run_evidence import RUN_FEATURES, Candidate, candidates
from ecg.rhythm.wave_model import RhythmModel
from edge.kernel_blocks import blocks
from edge.sources.wfdb_replay import read_recording
from training.rhythm.corpus import Rows
from training.rhythm.definitions import lethal_truth
from training.rhythm.reference import UNKNOWN_WORDS, VF_WORDS, VT_WORDS, labelled_alarms, rhythm_episodes

#: Rows of one record and class count as so many at most.
_PER_RECORD = 20
#: Before a CinC 2015 alarm: the event lies within the last 10 s, a false one's noise a little earlier too.
_TRUE_FROM_S, _FALSE_FROM_S = 50.0, 44.0
#: Of a true alarm only the surest of its candidates are taken to be the tachycardia.
_SUREST = 4


def found_candidates(record: Path, model: RhythmModel) -> list[tuple[float, Candidate]]:
    """Every candidate of a recording with the second at which it was looked at."""
    rules = RhythmRules(model=model)
    found: list[tuple[float, Candidate]] = []
    for beats, block in blocks(read_recording(str(record))):
        rules.step(beats, block)
        if rules.timeline.moments:
            at_s = rules.timeline.now / KERNEL_FS_HZ
            found += [(at_s, c) for c in candidates(rules.timeline, CINC2015, rules.wave.malignant)]
    return found


def run_corpus(data: Path, model_of: Callable[[str], RhythmModel]) -> Iterator[Rows]:
    """Rows of every set that stands in `data`.

    Args:
        data: Folder of data sets.
        model_of: Networks for a group ("mitdb/201"); those that did not see it.
    """
    folder = data / "cinc2015"
    for alarm in labelled_alarms(folder) if folder.is_dir() else ():
        if alarm.kind != "Ventricular_Tachycardia":
            continue
        group = f"cinc2015/{alarm.record}"
        found = found_candidates(folder / alarm.record, model_of(group))
        late = [c for at_s, c in found if at_s > (_TRUE_FROM_S if alarm.true else _FALSE_FROM_S)]
        if alarm.true:
            late = sorted(late, key=lambda c: -float(c.features[0, 2]))[:_SUREST]
        yield _rows(group, [(c, int(alarm.true)) for c in late], 4.0)
    for path in sorted((data / "mitdb").glob("*.hea")):
        group = f"mitdb/{'201' if path.stem == '202' else path.stem}"
        truth = lethal_truth(path.with_suffix("")).episodes[ConditionCode.VTA]
        spans = [(s.start_s, s.end_s) for s in truth]
        yield _rows(
            group, [(c, int(_inside(c, spans))) for _, c in found_candidates(path.with_suffix(""), model_of(group))]
        )
    for path in sorted((data / "vfdb").glob("*.hea")):
        group, episodes = f"vfdb/{path.stem}", rhythm_episodes(path.with_suffix(""))
        vt = [(e.start_s, e.end_s) for e in episodes if e.word in VT_WORDS]
        unsaid = [(e.start_s - 2, e.end_s + 2) for e in episodes if e.word in VF_WORDS | UNKNOWN_WORDS | {"HGEA"}]
        found = found_candidates(path.with_suffix(""), model_of(group))
        yield _rows(group, [(c, int(_inside(c, vt))) for _, c in found if not _touches(c, unsaid)])


def _inside(candidate: Candidate, spans: list[tuple[float, float]]) -> bool:
    """Whether most of the run lies in one of the spans."""
    start_s, end_s = (candidate.beats[i].sample / KERNEL_FS_HZ for i in (0, -1))
    return any(min(end_s, b) - max(start_s, a) > 0.6 * (end_s - start_s) for a, b in spans)


def _touches(candidate: Candidate, spans: list[tuple[float, float]]) -> bool:
    start_s, end_s = (candidate.beats[i].sample / KERNEL_FS_HZ for i in (0, -1))
    return any(start_s < b and end_s > a for a, b in spans)


def _rows(group: str, labelled: list[tuple[Candidate, int]], weight: float = 1.0) -> Rows:
    if not labelled:
        return Rows(group, np.zeros((0, len(RUN_FEATURES)), np.float32), np.zeros(0, np.int64), np.zeros(0))
    label = np.array([y for _, y in labelled], np.int64)
    count = np.bincount(label, minlength=2)
    share = weight * np.minimum(1.0, (_PER_RECORD if weight == 1.0 else 1) / np.maximum(count, 1))[label]
    return Rows(group, np.concatenate([c.features for c, _ in labelled]), label, share)
