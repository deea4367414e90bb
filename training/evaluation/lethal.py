"""Figures of the five lethal rules: fibrillation and tachycardia on vfdb, cudb and mitdb, false alarms on mitdb.

Every recording goes through the monitor a bed has; the networks are those of the fold that did not see the recording.
What a lethal alarm is held to on mitdb is the CinC 2015 definition, computed from the reference beats and rhythm.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ecg.conditions import LETHAL, ConditionCode
from edge.sources.wfdb_replay import read_recording
from training.evaluation.episodes import Tally, delay_figures, episode_figures, tally
from training.evaluation.figures import Figure, fraction
from training.evaluation.recordings import annotated, readable
from training.evaluation.replay import Call, Replay, records_of, replay, unseen_model
from training.rhythm.definitions import lethal_truth
from training.rhythm.reference import VF_WORDS, VT_WORDS, Episode, Span, merged, rhythm_episodes, shockable_episodes

#: The definitions' shortest episodes: VFB 4 s; VTA 5 beats above 100 bpm, 2.4 s.
_KINDS = {
    "vf": (VF_WORDS, frozenset({ConditionCode.VFB}), 4.0),
    "vt": (VT_WORDS, frozenset({ConditionCode.VTA}), 2.4),
    "vf_or_vt": (VF_WORDS | VT_WORDS, frozenset({ConditionCode.VFB, ConditionCode.VTA}), 4.0),
}
_SETS = {"vfdb": ("vf", "vt", "vf_or_vt"), "cudb": ("vf_or_vt",), "mitdb": ("vf", "vt", "vf_or_vt")}
_DAY_S = 86400.0


def evaluate(data_dir: Path, split: str | None = None, progress: Callable[[str], None] | None = None) -> list[Figure]:
    """Figures of whatever stands in data_dir's vfdb, cudb and mitdb.

    Args:
        data_dir: Folder of data sets.
        split: Not used: every figure is cross-validated by record.
        progress: Told of each record and of sets that are missing.

    Returns:
        Per set and kind: episode and duration Se and +P, time to alarm. For mitdb also, per lethal class, how many
        episodes of the definition had an alarm and how many false alarms a day.
    """
    say = progress or (lambda line: None)
    figures: list[Figure] = []
    for folder, kinds in _SETS.items():
        known = _known(data_dir / folder, say)
        if not known:
            say(f"no annotated records in {data_dir / folder}: left out")
            continue
        made = []
        for path, episodes in known:
            made.append((path, episodes, _replay(folder, path)))
            say(f"{folder} {path.name}: {sum(c.code in LETHAL for c in made[-1][2].calls)} lethal calls")
        for kind in kinds:
            words, codes, least_s = _KINDS[kind]
            tallies = [_tally(episodes, said, words, codes, least_s) for _, episodes, said in made]
            figures += episode_figures(f"lethal.{folder}.{kind}", tallies)
        if folder == "mitdb":
            figures += _false_alarms([(path, said) for path, _, said in made])
    return figures


def _known(folder: Path, say: Callable[[str], object]) -> list[tuple[Path, tuple[Episode, ...]]]:
    """Records that can be read, with their rhythm by the table of windows or by their `.atr`; without it they are left out."""
    table = folder / "windows_5s_rhythm.csv"
    if not table.exists():
        return [(path, rhythm_episodes(path)) for path in annotated(records_of(folder), say)]
    found = []
    for path in readable(records_of(folder), say):
        if episodes := shockable_episodes(folder, path.name):
            found.append((path, episodes))
        else:
            say(f"{path.name}: not in {table}, left out")
    return found


def _replay(folder: str, path: Path) -> Replay:
    return replay(read_recording(str(path)), unseen_model(folder, path.name))


def _tally(
    episodes: tuple[Episode, ...], said: Replay, words: frozenset[str], codes: frozenset[ConditionCode], least_s: float
) -> Tally:
    truth = merged(Span(e.start_s, e.end_s) for e in episodes if e.word in words)
    return tally(truth, [c for c in said.calls if c.code in codes], least_s, said.length_s)


def _false_alarms(made: list[tuple[Path, Replay]]) -> list[Figure]:
    """Per class: alarms the annotations do not support, per 24 h; episodes of the definition with an alarm."""
    figures: list[Figure] = []
    hours_24 = sum(said.length_s for _, said in made) / _DAY_S
    for code in sorted(LETHAL, key=lambda c: c.value):
        false = found = episodes = 0
        delays: list[float] = []
        for path, said in made:
            truth = lethal_truth(path)
            calls = [c for c in said.calls if c.code is code]
            false += sum(not _supported(c, truth.supports[code]) for c in calls)
            one = tally(truth.episodes[code], calls, 0.0, said.length_s)
            found, episodes = found + one.found, episodes + one.episodes
            delays += one.delays_s
        name = f"lethal.mitdb.{code.value}"
        rate = false / hours_24 if hours_24 else None
        figures.append(Figure(f"{name}.false_per_24h", rate, None, None, false, "1/24h"))
        figures.append(fraction(f"{name}.definition_se", found, episodes))
        figures += delay_figures(name, delays)
    return figures


def _supported(call: Call, truth: list[Span]) -> bool:
    """Whether an annotated episode lies under the call, 2 s either way."""
    return any(min(call.end_s, span.end_s) + 2.0 > max(call.onset_s, span.start_s) for span in truth)
